"""Mail addresses as people write them: `anna@example.com` or `Anna Berg <anna@example.com>`."""

from email_validator import EmailNotValidError, validate_email

from chalicelib.core.line import is_line
from chalicelib.core.problem import MailsightError

LONGEST_NAME = 100


class BadAddress(MailsightError):
    """The text is no address that SES can send to or from."""


def parse(text: str) -> tuple[str, str]:
    """The display name (or "") and the ASCII address. A host with umlauts is turned into its IDNA form.

    Raises BadAddress, also for a local part that is not ASCII: SES takes none.
    """
    if not is_line(text):
        raise BadAddress("an address has no line breaks or control characters")
    name, address = split(text.strip())
    if len(name) > LONGEST_NAME:
        raise BadAddress(f"a display name has at most {LONGEST_NAME} characters")
    try:
        checked = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from None
    if checked.ascii_email is None:
        raise BadAddress("the part before the @ must be ASCII: SES sends to no other")
    return name, checked.ascii_email


def show(text: str) -> str:
    """The address in its canonical text, with its display name readable. Raises BadAddress."""
    name, address = parse(text)
    if not name:
        return address
    if any(character in name for character in '()<>[]:;@\\,."'):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{name} <{address}>"


def bare(text: str) -> str:
    """Only the address of a text that `show` made."""
    return parse(text)[1]


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
