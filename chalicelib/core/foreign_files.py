"""Files of mails that other programs made, as a submission takes them: names and ids that it refuses are mended."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib.core.line import is_line

LONGEST_NAME = 120

_TYPE = re.compile(r"[a-z0-9]+/[A-Za-z0-9.+-]{1,100}")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._@-]{1,100}")


class File(NamedTuple):
    """A file as it came; `content` is base64, `content_id` without brackets and "" if there is none."""

    filename: str
    content: str
    content_type: str = ""
    content_id: str = ""


def placed(files: Sequence[File], html: str | None) -> tuple[str | None, list[dict[str, Any]]]:
    """The HTML and the submission's attachments. A file stands in the HTML if that asks for its content id, which is
    replaced in both where it has characters that ours have not; every other file is attached."""
    attachments = []
    for number, file in enumerate(files):
        shown: dict[str, Any] = {
            "filename": _filename(file.filename, number),
            "content": file.content,
            "content_type": _content_type(file.content_type),
        }
        if html and file.content_id and f"cid:{file.content_id}" in html:
            content_id = file.content_id if _CONTENT_ID.fullmatch(file.content_id) else f"file-{number}"
            html = html.replace(f"cid:{file.content_id}", f"cid:{content_id}")
            shown["content_id"] = content_id
        attachments.append(shown)
    return html, attachments


def _filename(name: str, number: int) -> str:
    """Without slashes and what breaks a line; cut in front of its ending."""
    cleaned = "".join(letter if is_line(letter) and letter not in "/\\" else "_" for letter in name).strip()
    if len(cleaned) > LONGEST_NAME:
        stem, dot, ending = cleaned.rpartition(".")
        kept = dot + ending if stem and len(ending) <= 10 else ""
        cleaned = cleaned[: LONGEST_NAME - len(kept)] + kept
    return cleaned or f"file-{number}"


def _content_type(text: str) -> str:
    """The type without its parameters; mails in mails and what is no type go as plain octets."""
    bare = text.partition(";")[0].strip().lower()
    is_taken = _TYPE.fullmatch(bare) and not bare.startswith(("message/", "multipart/"))
    return bare if is_taken else "application/octet-stream"
