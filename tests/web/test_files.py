"""Attachments in words."""

import pytest

from chalicelib.core.message import Attachment
from chalicelib.web.files import File, files_of, size


def test_a_file_is_told_by_name_type_and_size():
    inline = Attachment("logo.png", b"x" * 2_000, "image/png", "logo")
    assert files_of([Attachment("a.txt", b"hi", "text/plain"), inline]) == [
        File("a.txt", "text/plain", "2 bytes", is_inline=False),
        File("logo.png", "image/png", "2 KB", is_inline=True),
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (3_440_000, "3.4 MB"),
    ],
)
def test_sizes_are_rounded_to_what_a_person_reads(number, words):
    assert size(number) == words
