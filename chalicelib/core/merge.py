"""Fields in a text, `{{ name }}` or `{{ contact.name }}`, and what comes in their places.

No language: nothing is computed, called or repeated, so that a text of somebody else can do nothing but stand there.
`{{unsubscribe_url}}` is no field; it is filled when the mail goes out (core/unsubscribe_url.py).
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise
from typing import Any

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.problem import MailsightError

UNSUBSCRIBE_URL = "unsubscribe_url"

_FIELD = re.compile(r"\{\{[ \t]*([\w-]{1,100}(?:\.[\w-]{1,100}){0,9})[ \t]*\}\}")


class TooLong(MailsightError):
    """The text would become longer than it may; the values are to be shorter."""


def names(text: str) -> set[str]:
    """The fields of a text."""
    return set(_FIELD.findall(text)) - {UNSUBSCRIBE_URL}


def misuse(text: str) -> str | None:
    """What is wrong with the braces of a text, None if every `{{` begins a field."""
    rest = _FIELD.split(text)[::2]
    if any(before.endswith("{") or after.startswith("}") for before, after in pairwise(rest)):
        return "a field has two braces on each side, not three: every value is escaped as its place needs"
    for piece in rest:
        at = piece.find("{{")
        if at >= 0:
            return f"holds {piece[at : at + 40]!r}, which is no field like {{{{ name }}}} or {{{{ contact.name }}}}"
    return None


def value(data: Mapping[str, Any], name: str) -> str:
    """What stands in the data under this name, with dots between the names of objects in objects. Raises BadInput with
    the pointer of what is missing, or is neither a text nor a number."""
    found: Any = data
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    pointer = f"/data/{name.replace('.', '/')}"
    if found is None:
        raise BadInput([wrong(pointer, f"the template has the field {{{{ {name} }}}}, and there is no value for it")])
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise BadInput([wrong(pointer, f"goes into the field {{{{ {name} }}}}, so it must be a text or a number")])
    text = str(found)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadInput([wrong(pointer, "must be valid Unicode: it holds half of a surrogate pair")])
    return text


def in_html(text: str) -> str:
    """A value as it stands in HTML, between tags or in a quoted attribute; it begins no field, either."""
    return escape(text).replace("{", "&#123;")


def fill(text: str, values: Mapping[str, str], most: int) -> str:
    """The text with these values in the places of its fields. Raises TooLong before it becomes longer than `most`
    characters."""
    pieces, size = [], 0
    for piece in _pieces(text, values):
        size += len(piece)
        if size > most:
            raise TooLong(f"with these values it has more than {most:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def _pieces(text: str, values: Mapping[str, str]) -> Iterator[str]:
    end = 0
    for field in _FIELD.finditer(text):
        yield text[end : field.start()]
        yield field[0] if field[1] == UNSUBSCRIBE_URL else values[field[1]]
        end = field.end()
    yield text[end:]
