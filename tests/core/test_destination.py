"""A destination is carried as it was written, and nothing else is redirected to."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import iri
from chalicelib.core.destination import LONGEST, is_safe_destination

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
tails = st.text(PRINTABLE.replace("\\", ""), max_size=60)


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://example.com",
        "HTTPS://EXAMPLE.com:443/A",
        "http://localhost:8600/",
        "http://192.0.2.1/",
        "http://[::1]",
        "http://[2001:db8::1]:8080?a",
        "http://under_score.example.com/",
        "http://example.com./",
        "http://example.com:/",
        "http://example.com?a@b:c//d",
        "http://example.com#@evil.example",
        "http://example.com/a b%zz|^`{}<>\"'../..//?#?#",
        "http://example.com/".ljust(LONGEST, "x"),
    ],
)
def test_a_web_address_is_safe_and_stays_as_it_is(url: str) -> None:
    assert is_safe_destination(url)
    assert iri.to_ascii(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http",
        "http://",
        "//example.com/",
        "/path",
        "javascript:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "data:text/html,x",
        "ftp://example.com/",
        "http:/example.com",
        "http:example.com",
        "http:///example.com",
        "http://:80",
        "http://?a",
        "http://.",
        "http://..",
        "http://-a.example/",
        "http://a@b/",
        "http://a:b@c/",
        "http://@c/",
        "http://a:80:80/",
        "http://a:b/",
        "http://a:123456/",
        "http://[::1",
        "http://[::1]a/",
        "http://[g::]/",
        "http://[]/",
        "http://a b/",
        "http://a%2eb/",
        "http://a\\b/",
        "http://a/\\b",
        "http://a/\t",
        "http://a/\r\nSet-Cookie: a=b",
        "http://a/\n",
        "http://a\n",
        "http://a/\0",
        "http://a/\x7f",
        "http://a/ä",
        "http://ä/",
        " http://a/",
        "http://a /",
        "http://example.com/".ljust(LONGEST + 1, "x"),
    ],
)
def test_what_is_no_plain_web_address_is_not_safe(url: str) -> None:
    assert not is_safe_destination(url)


@pytest.mark.parametrize("character", [chr(code) for code in range(0x100) if chr(code) not in PRINTABLE] + ["\\"])
def test_no_character_that_is_not_printable_ascii_is_safe_anywhere(character: str) -> None:
    for url in (f"{character}http://a/", f"ht{character}tp://a/", f"http://a{character}b/", f"http://a/{character}"):
        assert not is_safe_destination(url)


@given(tails)
def test_ascii_stays_byte_for_byte(tail: str) -> None:
    assert iri.to_ascii(f"https://example.com/{tail}") == f"https://example.com/{tail}"


@given(st.text() | st.text().map("http://{}".format) | st.text().map("https://example.com/{}".format))
def test_whatever_becomes_a_destination_is_safe_and_stays_when_made_again(address: str) -> None:
    url = iri.to_ascii(address)
    if url is not None:
        assert is_safe_destination(url)
        assert iri.to_ascii(url) == url


@given(st.text(st.characters(min_codepoint=0xA1, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_outside_the_host_characters_become_percent_encoded_utf8(text: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in text.encode())
    assert iri.to_ascii(f"http://a/{text}?{text}#{text}") == f"http://a/{encoded}?{encoded}#{encoded}"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://MÜNCHEN.de:8080/", "http://xn--mnchen-3ya.de:8080/"),
        ("http://www.straße.example", "http://www.xn--strae-oqa.example"),
        ("http://bücher.example./", "http://xn--bcher-kva.example./"),
        ("http://例え。テスト/", "http://xn--r8jz45g.xn--zckzah/"),
        ("http://ｅｘａｍｐｌｅ.com/", "http://example.com/"),
        ("http://Under_Score.example/ä", "http://Under_Score.example/%C3%A4"),
        ("http://правда.example/", "http://xn--80aafi6cg.example/"),
    ],
)
def test_a_host_becomes_idna_2008_only_if_it_is_not_ascii(address: str, url: str) -> None:
    assert iri.to_ascii(address) == url


@pytest.mark.parametrize(
    "address",
    [
        "http://☃.example/",
        "http://exam℀ple.com/",
        "http://ä@example.com/",
        "http://ä:80@example.com/",
        "http://ä:80:80/",
        "http://ä_b.example/",
        "http://ä..example/",
        "http://ä b.example/",
        "http://ä／b.example/",
        f"http://{'ä' * 64}.example/",
        f"http://{'ä.' * 200}example/",
        "http://ä.example\\b/",
        "http://a/\x85",
        "http://a/ä\t",
        "http://a/\udfff",
        f"http://a/{'ä' * (LONGEST // 6)}",
        "ftp://ä/",
        "ä",
    ],
)
def test_an_address_that_cannot_become_ascii_is_no_destination(address: str) -> None:
    assert iri.to_ascii(address) is None


def test_the_check_of_the_redirect_needs_the_standard_library_only() -> None:
    # -S: without the folder of installed packages
    command = [sys.executable, "-S", "-c", "import chalicelib.core.destination"]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
