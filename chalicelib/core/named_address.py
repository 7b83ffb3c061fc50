"""An address with its display name, cut in two without asking whether it is one: cheap, for texts that were checked."""


def bare(text: str) -> str:
    """Only the address of a text that `address.show` made."""
    return split(text)[1]


def split(text: str) -> tuple[str, str]:
    """Display name and address, unchecked; the name may be quoted. What has no closing bracket is all address."""
    if not text.endswith(">") or "<" not in text:
        return "", text
    name, _, address = text[:-1].rpartition("<")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = _unescaped(name[1:-1]).strip()
    return name, address


def _unescaped(quoted: str) -> str:
    characters = iter(quoted)
    return "".join(next(characters, "") if character == "\\" else character for character in characters)
