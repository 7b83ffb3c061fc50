"""Static files: kept for ever under their content's name, and nothing else to be had."""

import re

import pytest

from chalicelib.web import assets
from chalicelib.web.answer import Asked, NotHere

NOTHING = Asked({}, {})


@pytest.mark.parametrize("name", assets.FILES)
def test_each_file_is_there_under_the_name_that_holds_its_hash(name):
    hashed = assets.hashed(name)
    assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.(css|js|svg)", hashed)
    served = assets.serve(hashed, NOTHING)
    assert served.status == 200
    assert served.body
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert served.headers["Content-Type"] == {
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    }[name.rpartition(".")[2]]  # fmt: skip


def test_an_old_hash_gets_the_new_file_but_not_for_ever():
    served = assets.serve("app.000000000000.css", NOTHING)
    assert (served.status, served.headers["Cache-Control"]) == (200, "no-cache")
    assert served.body == assets.load("app.css").text
    assert assets.serve("app.css", NOTHING).headers["Cache-Control"] == "no-cache"


def test_what_the_browser_has_is_not_sent_again():
    tag = assets.serve("app.css", NOTHING).headers["ETag"]
    assert assets.serve("app.css", Asked({"if-none-match": tag}, {})).status == 304


@pytest.mark.parametrize("name", ["", "app", "../settings.py", "..%2fview.py", "render.py", "app.css.map", "."])
def test_other_files_are_not_served(name):
    with pytest.raises(NotHere):
        assets.serve(name, NOTHING)


def test_no_file_holds_what_the_policy_forbids():
    for name in assets.FILES:
        text = assets.load(name).text
        if name.endswith(".css"):
            assert "@import" not in text and "url(http" not in text
        if name == "app.js":
            assert "eval" not in text and "innerHTML" not in text
