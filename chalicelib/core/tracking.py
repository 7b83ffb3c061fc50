"""Whether a mail is tracked: named guards, the first that stops it gives the reason that people see."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from chalicelib.core import consent, mode
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.consent import Entry
from chalicelib.core.message import Content, Envelope
from chalicelib.core.token import Mode


class Wish(NamedTuple):
    """What the sender of a mail or dispatch asks for; without a mode of their own, the account's."""

    opens: bool = True
    clicks: bool = True
    mode: Mode | None = None


class Decision(NamedTuple):
    """What of a mail is tracked, and how much of a hit is kept; `reason` says why nothing is."""

    opens: bool
    clicks: bool
    mode: Mode
    reason: str | None = None

    @property
    def is_on(self) -> bool:
        return self.opens or self.clicks


class Case(NamedTuple):
    """All that the guards look at. `consents` has what each recipient said, in the order of the envelope; for one who
    said nothing it is empty."""

    policy: AccountPolicy
    envelope: Envelope
    content: Content
    consents: Sequence[Sequence[Entry]]
    wish: Wish
    at: datetime


def decide(case: Case) -> Decision:
    """What of this mail is tracked at this moment; never more than it asks for, and never an error.

    It is asked when a mail is taken in and again when it is sent, for a switch or a consent may have changed since.
    """
    if len(case.consents) != len(case.envelope.recipients):
        raise ValueError("a recipient without an entry in `consents` would pass for one who consented")
    for reason, stops in GUARDS.items():
        if stops(case):
            return Decision(False, False, Mode.OFF, reason)
    allowed = _mode(case)
    opens, clicks = _kept(case.wish, allowed)
    return Decision(opens, clicks, allowed)


def until_of(mode: Mode, window: timedelta, *, now: datetime, due_at: datetime) -> datetime:
    """The end of the capture window of a mail that now goes out, in whole seconds, as the tokens say it.

    In the mode `aggregate` the window follows the mail's day, so that its end is the same in all mails of the day and
    tells nobody's second.
    """
    if mode is not Mode.AGGREGATE:
        return (now + window).replace(microsecond=0)
    day = due_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1) + window


def _has_no_right(case: Case) -> bool:
    return not case.policy.plan_may_track


def _is_switched_off(case: Case) -> bool:
    return not case.policy.tracking


def _lacks_consent(case: Case) -> bool:
    required = case.policy.consent_required
    return not all(consent.is_tracking_allowed(said, required=required, at=case.at) for said in case.consents)


def _is_plain_text(case: Case) -> bool:
    return case.content.html is None


def _has_several_recipients(case: Case) -> bool:
    return len(case.envelope.recipients) > 1


def _is_off(case: Case) -> bool:
    return not (case.wish.opens or case.wish.clicks) or case.wish.mode is Mode.OFF


def _keeps_nothing(case: Case) -> bool:
    return not any(_kept(case.wish, _mode(case)))


def _mode(case: Case) -> Mode:
    asked = [] if case.wish.mode is None else [case.wish.mode]
    return mode.meet(case.policy.mode, *asked, *(consent.mode_of(said, case.at) for said in case.consents))


def _kept(wish: Wish, allowed: Mode) -> tuple[bool, bool]:
    return wish.opens and mode.keeps_opens(allowed), wish.clicks and mode.keeps_clicks(allowed)


GUARDS: Mapping[str, Callable[[Case], bool]] = {
    "plan_off": _has_no_right,
    "account_off": _is_switched_off,
    "no_consent": _lacks_consent,
    "plain_text": _is_plain_text,
    "multiple_recipients": _has_several_recipients,
    "mail_off": _is_off,
    "mode_off": _keeps_nothing,
}
"""Reason to guard, in the order in which they are asked: plan, account, consent, format, recipients, option of the
mail; last, what account, mail and recipient leave together."""

SENT_ELSEWHERE = "sent_elsewhere"
"""Why a mail is not tracked that did not go through us: nothing decides that, it never carried anything of ours."""

CAME_IN = "received"
"""Why a mail is not tracked that came in."""

REASONS = (*GUARDS, SENT_ELSEWHERE, CAME_IN)
"""All that can stand as a mail's reason."""

SENTENCES: Mapping[str, str] = {
    "plan_off": "The account's plan does not include tracking.",
    "account_off": "Tracking is switched off for the whole account.",
    "no_consent": "The recipient has not agreed to be tracked, or has withdrawn their consent.",
    "plain_text": "The mail is plain text, and only HTML can be tracked.",
    "multiple_recipients": "The mail has several recipients, and nobody could say which of them opened it.",
    "mail_off": "Tracking was switched off for this mail.",
    "mode_off": "What the account, the mail and the recipient allow together leaves nothing to record.",
    SENT_ELSEWHERE: "The mail was sent through SES directly, without links and pixel of ours.",
    CAME_IN: "The mail came in, and only mails that are sent from here can be tracked.",
}
"""Each reason as people read it."""
