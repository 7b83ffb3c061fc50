"""A file that went out as a link: where it is kept, and how whoever follows the link gets it.

The redirect imports this on every cold start, so it takes from the standard library only.
"""

from typing import NamedTuple
from urllib.parse import quote


class StoredFile(NamedTuple):
    """`key` is that of the object in the blob bucket; of one that is erased nothing else is known any more."""

    key: str
    filename: str
    content_type: str
    is_erased: bool = False


def file_id(message_id: str, position: int) -> str:
    """Under what the file stands in the table of links; never what a destination stands under."""
    return f"{message_id}#file#{position}"


def disposition(filename: str) -> str:
    """The header by which a browser saves the file under its name, whatever is in that (RFC 6266, RFC 8187)."""
    return f"attachment; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
