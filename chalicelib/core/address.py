"""Mail addresses as people write them: `anna@example.com` or `Anna Berg <anna@example.com>`."""

from email_validator import EmailNotValidError, validate_email

from chalicelib.core import named_address
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
    name, address = named_address.split(text.strip())
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
