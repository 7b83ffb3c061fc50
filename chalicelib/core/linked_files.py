"""Attachments that go out as links: which ones, and how they are listed in the mail."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from html import escape
from typing import NamedTuple

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.message import Attachment, Content

LARGEST_ATTACHMENTS = 10_000_000
"""Bytes; all files that a mail carries together. What is too much for that goes out as a link where it can."""

_UNITS = ((1_000, "KB"), (1_000_000, "MB"))


class Listed(NamedTuple):
    """A file in the list: what it is called, its size in bytes, and where it is."""

    filename: str
    size: int
    url: str


def linked(content: Content, threshold: int, asked: Collection[int] = ()) -> Content:
    """The content with each file marked that goes out as a link: one over `threshold` bytes, one whose place among the
    attachments was asked for, and uploads that are too much for the mail to carry. Files that are shown inside the HTML
    stay there. Raises BadInput where that is too much."""
    files = [
        replace(file, is_linked=not file.content_id and (file.size > threshold or place in asked))
        for place, file in enumerate(content.attachments)
    ]
    room = LARGEST_ATTACHMENTS - sum(file.size for file in files if not file.is_linked and not _may_be_linked(file))
    if room < 0:
        text = f"what is shown or carried in the mail holds at most {LARGEST_ATTACHMENTS:,} bytes together"
        raise BadInput([wrong("/attachments", text)])
    for place, file in enumerate(files):
        if _may_be_linked(file) and not file.is_linked:
            files[place] = replace(file, is_linked=file.size > room)
            room -= 0 if file.size > room else file.size
    return replace(content, attachments=tuple(files))


def _may_be_linked(file: Attachment) -> bool:
    """An upload that need not be carried. Other files come in the request, which is limited anyway."""
    return file.upload_id is not None and not file.content_id


def files_of(content: Content) -> tuple[Attachment, ...]:
    """The files that go out as links; the index is the file's position."""
    return tuple(file for file in content.attachments if file.is_linked)


def in_html(files: Sequence[Listed]) -> str:
    """The list for the end of an HTML body; nothing for no files."""
    rows = (f'<li><a href="{escape(one.url)}">{escape(one.filename)}</a> ({_size(one.size)})</li>' for one in files)
    return f"\n<ul>{''.join(rows)}</ul>\n" if files else ""


def in_text(files: Sequence[Listed]) -> str:
    """The list for the end of a plain text; nothing for no files."""
    rows = (f"{' '.join(one.filename.split())} ({_size(one.size)})\n{one.url}\n" for one in files)
    return "".join(f"\n\n{row}" if not number else f"\n{row}" for number, row in enumerate(rows))


def _size(count: int) -> str:
    """As file managers show it: 999 bytes, 2.4 MB; decimal units."""
    if count < 1_000:
        return f"{count} bytes"
    unit = next((unit for unit in _UNITS if count < 999.5 * unit[0]), _UNITS[-1])
    size = count / unit[0]
    return f"{size:.1f} {unit[1]}" if size < 9.95 else f"{size:.0f} {unit[1]}"
