"""The words of the interface for what the core names: statuses, sources, reasons, and how a mail is tracked."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core import instant
from chalicelib.core.status import Status
from chalicelib.core.tracking import SENTENCES
from chalicelib.web.moment import day, moment

STATUSES: Mapping[str, str] = {
    Status.SENT: "Sent",
    Status.DELIVERED: "Delivered",
    Status.OPENED: "Opened",
    Status.CLICKED: "Clicked",
    Status.BOUNCED: "Bounced",
    Status.RECEIVED: "Received",
}

REASONS: Mapping[str, str] = {
    "plan_off": "not in the account's plan",
    "account_off": "switched off for the account",
    "no_consent": "no consent",
    "plain_text": "plain text",
    "multiple_recipients": "several recipients",
    "mail_off": "switched off for this mail",
    "mode_off": "account and consent leave nothing to record",
    "sent_elsewhere": "sent through SES directly",
    "received": "came in",
}
"""Why a mail is not tracked, in words that follow `not tracked:`."""

ONLY_THE_DAY = "last_open_date"
ADDED_UP = "aggregate"
_MODES = {
    ONLY_THE_DAY: "Only the day of the last one is kept, and no clicks.",
    ADDED_UP: "They are only added up with those of all other mails of the day.",
}
WITHDRAWN = "The recipient has withdrawn consent; nothing more is recorded."
ERASED = "The mail was erased; nothing more is recorded."
AGREED_TO_LESS = "The recipient agrees to less by now; nothing more is recorded."

_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")
_SHORT = {"api": "API", "bcc": "BCC", "imap": "IMAP", "pop3": "POP3"}


def source_words(source: str) -> str:
    """`mass email`, `BCC dropbox`."""
    return " ".join(_SHORT.get(word, word) for word in source.split("_"))


def titled(words: str) -> str:
    """With a capital at the beginning, and the others left as they are."""
    return words[:1].upper() + words[1:]


def untracked(tracking: Mapping[str, Any], what: str) -> str | None:
    """Why `opens` or `clicks` of this mail are not known. Where one of them is, the mode leaves the other one out, or
    else the sender has switched it off."""
    if tracking[what]:
        return "only added up with other mails of the day" if tracking["mode"] == ADDED_UP else None
    if tracking["mode"] == ONLY_THE_DAY:
        return "not tracked: only the day of the last open is kept"
    return f"not tracked: {REASONS[tracking['reason'] or 'mail_off']}"


def failure_words(detail: str, now: datetime) -> str:
    """Why a mail was not sent, with its times as the pages write them."""
    return _TIME.sub(lambda found: moment(instant.parse(found[0]), now).clock, detail)


def tracking_sentence(tracking: Mapping[str, Any], now: datetime, ended: str = "") -> str:
    """How the mail is tracked, or why it is not, in whole sentences. `ended` says why nothing more is recorded."""
    if not tracking["tracked"]:
        return f"Not tracked. {SENTENCES[tracking['reason']]}"
    if ended:
        return ended
    what = " and ".join(name for name in ("opens", "clicks") if tracking[name]).capitalize()
    return " ".join([f"{what} {_when(tracking['until'], now)}.", *_less(tracking)])


def _when(until: str | None, now: datetime) -> str:
    if until is None:
        return "are recorded from the moment it is sent"
    at = instant.parse(until)
    if at <= now:
        return f"were recorded until {day(at, now)}, and what was captured stays"
    return f"are recorded until {day(at, now)}"


def _less(tracking: Mapping[str, Any]) -> list[str]:
    """What is not kept, as a sentence."""
    if tracking["mode"] in _MODES:
        return [_MODES[tracking["mode"]]]
    missing = next((name for name in ("opens", "clicks") if not tracking[name]), None)
    return [f"{missing.capitalize()} were switched off for this mail."] if missing else []
