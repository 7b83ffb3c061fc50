"""Where the author of a mail wants the address of the page for unsubscribing."""

import re

_PLACEHOLDER = re.compile(r"\{\{[ \t]*unsubscribe_url[ \t]*\}\}")


def is_wanted(text: str) -> bool:
    """Whether the text has a place for it."""
    return _PLACEHOLDER.search(text) is not None


def fill(text: str, url: str) -> str:
    """The text with the address in all these places."""
    return _PLACEHOLDER.sub(lambda _: url, text)


def count(text: str) -> int:
    """How many places for it the text has."""
    return len(_PLACEHOLDER.findall(text))
