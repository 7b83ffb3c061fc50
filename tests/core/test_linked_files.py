"""Attachments that go out as links: which, and how the mail lists them."""

import pytest

from chalicelib.core.linked_files import Listed, files_of, in_html, in_text, linked
from chalicelib.core.message import Attachment, Content
from chalicelib.core.stored_file import disposition

SMALL = Attachment("small.txt", b"x" * 10, "text/plain")
LARGE = Attachment("large.pdf", b"x" * 11, "application/pdf")
SHOWN = Attachment("logo.png", b"x" * 99, "image/png", "logo@example.com")
CONTENT = Content("<p>", None, {}, (SMALL, SHOWN, LARGE))


@pytest.mark.parametrize(
    ("threshold", "asked", "names"),
    [
        (11, (), []),
        (10, (), ["large.pdf"]),
        (0, (), ["small.txt", "large.pdf"]),
        (11, {0}, ["small.txt"]),
        (10, {0, 2}, ["small.txt", "large.pdf"]),
        (0, {1}, ["small.txt", "large.pdf"]),
    ],
)
def test_large_files_and_those_asked_for_go_out_as_links_and_inline_ones_never(threshold, asked, names):
    made = linked(CONTENT, threshold, asked)
    assert [file.filename for file in files_of(made)] == names
    assert [file.content for file in made.attachments] == [file.content for file in CONTENT.attachments]
    assert linked(made, threshold, asked) == made


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 KB"),
        (9_949, "9.9 KB"),
        (9_950, "10 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (2_449_000, "2.4 MB"),
        (10_000_000, "10 MB"),
    ],
)
def test_a_size_is_shown_as_people_read_it(size, shown):
    assert f"({shown})" in in_text([Listed("x", size, "https://t.example/a/x")])


def test_the_list_escapes_what_a_filename_may_hold():
    hostile = Listed('"><script>alert(1)</script>&amp;.pdf', 12, "https://t.example/a/x")
    assert in_html([hostile]) == (
        '\n<ul><li><a href="https://t.example/a/x">'
        "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;.pdf</a> (12 bytes)</li></ul>\n"
    )


def test_a_filename_makes_no_line_of_its_own_in_the_text():
    shown = in_text([Listed("a\r\nSee https://elsewhere.example/\r\n", 12, "https://t.example/a/x")])
    assert shown == "\n\na See https://elsewhere.example/ (12 bytes)\nhttps://t.example/a/x\n"


def test_no_files_are_no_list():
    assert in_html([]) == in_text([]) == ""


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("offer.pdf", "offer.pdf"),
        ("Größe 100%.pdf", "Gr%C3%B6%C3%9Fe%20100%25.pdf"),
        ('a"; filename=b.exe', "a%22%3B%20filename%3Db.exe"),
        ("a\r\nSet-Cookie: b=c", "a%0D%0ASet-Cookie%3A%20b%3Dc"),
        ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"),
        ("\ud83d.pdf", "%3F.pdf"),
        ("👨\u200d👩.png", "%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9.png"),
    ],
)
def test_a_download_has_its_name_in_one_header_whatever_it_is(filename, shown):
    assert disposition(filename) == f"attachment; filename*=UTF-8''{shown}"
