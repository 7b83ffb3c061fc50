"""Where a mail comes from, and what can be known of it for that reason. Every source stands here and nowhere else.

Sources: those of Zoho CRM's e-mails. What a source can know is as its FAQ has it: only what we sent ourselves can be
seen delivered, opened and clicked; a mailbox tells what it sent, received and got back; what was copied to us was sent.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.core.bad_input import BadInput, wrong

DEFAULT = "individual"


class Kind(NamedTuple):
    """What sources of one kind have in common. `statuses` are those that a mail of it may have; what `is_bulk` goes to
    many, or by itself, and so has a way out in each mail."""

    statuses: frozenset[str]
    is_sent_from_system: bool = False
    has_bounce_reason: bool = False
    is_shown: bool = True
    is_bulk: bool = False


SYSTEM = Kind(
    frozenset({"sent", "delivered", "bounced", "opened", "clicked"}), is_sent_from_system=True, has_bounce_reason=True
)
BULK = SYSTEM._replace(is_bulk=True)
MAILBOX = Kind(frozenset({"sent", "bounced", "received"}))  # also what was written here and went out through its server
COPIED = Kind(frozenset({"sent"}))
HIDDEN = Kind(frozenset({"sent"}), is_shown=False)  # kept, shown to nobody

SOURCES: Mapping[str, Kind] = {
    "individual": SYSTEM,
    "access_email": SYSTEM,
    "api": SYSTEM,
    "autoresponder": BULK,
    "autoresponder_follow_up": BULK,
    "bcc_dropbox": COPIED,
    "blueprint": SYSTEM,
    "cadence": BULK,
    "calendar_booking": SYSTEM,
    "consent_email": SYSTEM,
    "event_invitation": BULK,
    "export_email": SYSTEM,
    "external": COPIED,
    "imap": MAILBOX,
    "integration": SYSTEM,
    "integration_task": SYSTEM,
    "kiosk": SYSTEM,
    "mail_merge": BULK,
    "mass_email": BULK,
    "mass_email_follow_up": BULK,
    "mass_email_scheduler": BULK,
    "meeting_notification": SYSTEM,
    "multiple": BULK,
    "other": SYSTEM,
    "plugin": HIDDEN,
    "plugin_outlook": HIDDEN,
    "pop3": MAILBOX,
    "rectify_email": SYSTEM,
    "webform": SYSTEM,
    "widget": SYSTEM,
    "workflow_alert": SYSTEM,
}

SENDABLE = tuple(name for name, kind in SOURCES.items() if kind.is_sent_from_system)
"""What a mail that is handed over for sending may name; the other kinds bring mails in and send none here."""


RECEIVABLE = tuple(name for name, kind in SOURCES.items() if "received" in kind.statuses)
"""What a mail that came in may name: a mailbox, for nothing else tells of such mails."""


BY_ITSELF = frozenset(
    {"blueprint", "calendar_booking", "export_email", "meeting_notification", "webform", "workflow_alert"}
)
"""What a program sends that nobody asked to, beside what goes to many."""


def is_by_hand(source: str) -> bool:
    """Whether somebody wrote the mail, as far as its source tells: only that answers another one."""
    return not kind_of(source).is_bulk and source not in BY_ITSELF


class UnknownSource(BadInput):
    """There is no such source."""


class StatusNotAllowed(BadInput):
    """The source cannot have this status: nothing would ever tell it."""


def kind_of(source: str) -> Kind:
    """What is known of a source. Raises UnknownSource."""
    try:
        return SOURCES[source]
    except KeyError:
        raise UnknownSource([wrong("/source", "is not one of the known sources; see docs/API.md")]) from None


def is_status_allowed(source: str, status: str) -> bool:
    """Whether a mail from there can ever have this status. Raises UnknownSource."""
    return status in kind_of(source).statuses


def check_status(source: str, status: str, pointer: str = "/status") -> None:
    """Raises StatusNotAllowed, which names the statuses that can be, or UnknownSource."""
    kind = kind_of(source)
    if status not in kind.statuses:
        allowed = ", ".join(sorted(kind.statuses))
        raise StatusNotAllowed([wrong(pointer, f"a mail of the source {source} can only have: {allowed}")])
