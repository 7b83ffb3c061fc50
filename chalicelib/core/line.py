"""One line of text, as headers and names are: any script and any emoji, but nothing that breaks or turns a line."""

import unicodedata

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, halves of surrogate pairs, line and paragraph separators
_TURNING = frozenset("\u202d\u202e")  # overrides of direction, by which `exe.fdp` is read as a PDF


def is_line(text: str) -> bool:
    """Whether the text can stand in one line as it is."""
    return not any(
        unicodedata.category(character) in _BREAKING or character in _TURNING
        for character in text
        if not character.isprintable()
    )
