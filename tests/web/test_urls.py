"""URLs under any prefix, and the paths that a sign-in may lead back to."""

import pytest

from chalicelib.web.urls import Site, is_local, local, site_of


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("http://127.0.0.1:8600", Site("http://127.0.0.1:8600", "")),
        ("https://app.example.com/", Site("https://app.example.com", "")),
        (
            "https://x.execute-api.amazonaws.com/api",
            Site("https://x.execute-api.amazonaws.com", "/api"),
        ),
    ],
)
def test_the_prefix_is_the_path_of_the_dashboards_address(address, site):
    assert site_of(address) == site


def test_every_path_has_the_prefix_and_its_query_encoded():
    site = Site("https://x", "/api")
    assert site.path("/mails") == "/api/mails"
    assert site.path("/signin", next="/mails?after=a&b", gone=None) == "/api/signin?next=%2Fmails%3Fafter%3Da%26b"
    assert local("/mails/ä b") == "/mails/%C3%A4%20b"
    assert site.is_secure and not Site("http://x", "").is_secure


@pytest.mark.parametrize("path", ["/", "/mails", "/mails?after=x", "/mails/0123"])
def test_own_paths_are_local(path):
    assert is_local(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "mails",
        "https://evil.x",
        "//evil.x",
        "/\\evil.x",
        "\\\\evil",
        "/a\r\nSet-Cookie: x",
        "/\tx",
        "data:,x",
        "/ä",
    ],
)
def test_what_could_lead_elsewhere_is_not(path):
    assert not is_local(path)
