"""The files that are attached to a mail, in words."""

from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.core.message import Attachment


class File(NamedTuple):
    """`size` is in words; `is_inline` marks what the mail's HTML shows in its place."""

    name: str
    media_type: str
    size: str
    is_inline: bool


def files_of(attachments: Sequence[Attachment]) -> list[File]:
    """Each attachment, in the order of the mail."""
    return [
        File(file.filename, file.content_type, size(file.size), file.content_id is not None) for file in attachments
    ]


def size(number: int) -> str:
    """So many bytes: `812 bytes`, `14 KB`, `3.4 MB`."""
    if number < 1000:
        return f"{number} byte{'' if number == 1 else 's'}"
    return f"{number / 1e3:.0f} KB" if number < 999_500 else f"{number / 1e6:.1f} MB"
