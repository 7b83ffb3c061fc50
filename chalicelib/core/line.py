"""One line of text, as headers and names are: any script and any emoji, but nothing that breaks or turns a line."""

import unicodedata

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, halves of surrogate pairs, line and paragraph separators
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and a symbol that fonts draw as nothing
_UNSEEN = _BREAKING | {"Cf", "Mn", "Me", "Mc", "Zs"}
_TURNING = frozenset("\u202d\u202e")  # overrides of direction, by which `exe.fdp` is read as a PDF


def is_line(text: str) -> bool:
    """Whether the text can stand in one line as it is."""
    return not any(
        unicodedata.category(character) in _BREAKING or character in _TURNING
        for character in text
        if not character.isprintable()
    )


def is_seen(text: str) -> bool:
    """Whether any of its characters can be seen: no spaces, no marks that need another one, nothing of no width."""
    return any(unicodedata.category(character) not in _UNSEEN and character not in _BLANK for character in text)
