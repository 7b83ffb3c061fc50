"""The ids by which mail programs name mails: `<…@…>` in Message-ID, In-Reply-To, References (RFC 5322 section 3.6.4).

They are kept without their angle brackets. What stands in these headers is anybody's: what is no id is passed over.
"""

import re

LONGEST = 990
"""With its brackets and the header's name it still fits into a line (RFC 5322 section 2.1.1)."""

MOST_IN_A_HEADER = 100  # the last ones, which are the nearest

_BRACKETED = re.compile(r"<([^<>\s]{1,990})>")
_BARE = re.compile(r"[^<>\s@]{1,500}@[^<>\s@]{1,480}")
_OF_SES = re.compile(r"([A-Za-z0-9-]{1,200})@[a-z0-9-]{1,40}\.amazonses\.com(?:\.cn)?", re.IGNORECASE)


def ids_in(header: str) -> tuple[str, ...]:
    """The ids in the value of such a header, in their order; at most a hundred, of more the last."""
    found = _BRACKETED.findall(header)
    if not found and _BARE.fullmatch(header.strip()):
        found = [header.strip()]
    return tuple([one for one in found if one.isprintable()][-MOST_IN_A_HEADER:])


def ses_id_of(rfc_message_id: str) -> str | None:
    """SES's id of a mail that went out through SES, whose Message-ID it makes of that: `<id@email.amazonses.com>`, or
    with the name of its region; None for any other.

    https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
    """
    found = _OF_SES.fullmatch(rfc_message_id)
    return found[1] if found else None
