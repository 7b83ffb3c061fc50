"""Suppression: addresses that get no mail any more, why, until when, and who lifted it.

An address keeps one cause of each reason. Adding is a maximum, so that a fact which is told twice or late changes
nothing; what was known when a suppression was lifted never counts again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.core import instant
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.erased import without
from chalicelib.core.message import Envelope
from chalicelib.core.summary import Delivery

_LATER = timedelta(milliseconds=1)  # times are kept to the millisecond


class Reason(StrEnum):
    """Why an address is suppressed, gravest first: of several that are in force the first is shown."""

    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard_bounce"
    MANUAL = "manual"
    SOFT_BOUNCES = "soft_bounces"


@dataclass(frozen=True)
class Cause:
    """One reason with its time; it ends at `expires_at`, or never. `by` is who added it, "" if SES told it."""

    reason: Reason
    at: datetime
    expires_at: datetime | None = None
    detail: str = ""
    by: str = ""

    def is_in_force(self, now: datetime) -> bool:
        """Whether it still keeps mail back."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True)
class Suppression:
    """What is known of one address, by its key; None where its person was erased and only a hash of it is kept.

    `causes` are sorted by reason, at most one of each. `lifted` are those that a lift took away and that the person had
    brought about, with their latest time.
    """

    address: str | None
    causes: tuple[Cause, ...] = ()
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lifted: tuple[tuple[Reason, datetime], ...] = ()

    def cause(self, now: datetime) -> Cause | None:
        """The gravest cause that is in force; None for an address that may be written to."""
        return next((cause for cause in self.causes if cause.is_in_force(now)), None)

    def is_in_force(self, now: datetime) -> bool:
        """Whether the address gets no mail."""
        return self.cause(now) is not None


class Suppressed(BadInput):
    """Some of the recipients get no mail any more; each is named, with the reason."""


def causes_in(delivery: Delivery) -> Iterator[tuple[str, Cause]]:
    """What became of one mail and suppresses an address at once, by the address's key: complaints and hard bounces.

    A soft bounce alone does not (soft_bounces.py), an automatic answer never.
    """
    for address, known in delivery.recipients.items():
        if known.complained_at:
            yield address, Cause(Reason.COMPLAINT, known.complained_at)
        if known.bounce and known.bounce.type == "hard":
            yield address, Cause(Reason.HARD_BOUNCE, known.bounce.at, detail=known.bounce.reason)


def suppress(known: Suppression, cause: Cause) -> Suppression:
    """With one more cause. In any order and however often, the same causes make the same suppression.

    Of two with one reason the one that lasts longer stays. What was before a lift does not count, but for what a person
    did and nobody knew yet when it was lifted.
    """
    if known.lifted_at and cause.at <= known.lifted_at and not _is_told_late(known, cause):
        return known
    causes = {one.reason: one for one in known.causes}
    held = causes.get(cause.reason, cause)
    causes[cause.reason] = max(held, cause, key=_weight)
    return replace(known, causes=tuple(causes[reason] for reason in Reason if reason in causes))


def add(known: Suppression, cause: Cause) -> Suppression:
    """With a cause that somebody gives now: it counts in any case, also after a lift that was dated into the future."""
    at = max(cause.at, known.lifted_at + _LATER) if known.lifted_at else cause.at
    return suppress(known, replace(cause, at=at))


def rest(known: Suppression, cause: Cause | None) -> Suppression:
    """With what the address's row of soft bounces says now in place of what it said before: None if it may be tried."""
    others = tuple(one for one in known.causes if one.reason is not Reason.SOFT_BOUNCES)
    rested = replace(known, causes=others)
    return suppress(rested, cause) if cause else rested


def lift(known: Suppression, at: datetime, by: str) -> Suppression:
    """Ended by somebody: the address may be written to until something new happens."""
    lifted_at = max(at, *(cause.at for cause in known.causes), known.lifted_at or at)
    taken = dict(known.lifted)
    for cause in known.causes:
        if cause.reason in OF_THE_PERSON:
            taken[cause.reason] = max(cause.at, taken.get(cause.reason, cause.at))
    lifted = tuple((reason, taken[reason]) for reason in Reason if reason in taken)
    return replace(known, causes=(), lifted_at=lifted_at, lifted_by=by, lifted=lifted)


def forget(known: Suppression) -> Suppression:
    """What stays of an erased person: that they get no mail, without their address, what servers said about it, and
    who wanted it, for that may have been they."""
    causes = tuple(replace(cause, detail="", by="") for cause in known.causes)
    return replace(known, address=None, causes=causes, lifted_by="")


def unnamed(known: Suppression, address_key: str) -> Suppression:
    """What is known of an address without another one, whose person was erased: who noted it, what was said of it."""
    causes = (
        replace(cause, detail=without(cause.detail, address_key), by=without(cause.by, address_key))
        for cause in known.causes
    )
    return replace(known, causes=tuple(causes), lifted_by=without(known.lifted_by, address_key))


def joined(known: Sequence[Suppression]) -> Suppression | None:
    """What holds of one address of which several things are known: what came in since its person was erased, and what
    was kept then. The first is shown; None for nothing."""
    causes: dict[Reason, Cause] = {}
    for cause in (cause for one in known for cause in one.causes):
        causes[cause.reason] = max(causes.get(cause.reason, cause), cause, key=_weight)
    return replace(known[0], causes=tuple(causes[one] for one in Reason if one in causes)) if known else None


def check(envelope: Envelope, known: Sequence[Suppression | None], now: datetime) -> None:
    """Raises Suppressed if a recipient gets no mail. `known` has one entry for each, in the order of the envelope."""
    places = [
        f"/{field}/{place}"
        for field, addresses in (("to", envelope.to), ("cc", envelope.cc), ("bcc", envelope.bcc))
        for place in range(len(addresses))
    ]
    causes = [suppression.cause(now) if suppression else None for suppression in known]
    errors = [
        wrong(place, f"{sentence(cause)} ({cause.reason.value})")
        for place, cause in zip(places, causes, strict=True)
        if cause
    ]
    if errors:
        raise Suppressed(errors)


def sentence(cause: Cause) -> str:
    """Why and how long an address gets no mail, as people read it."""
    until = f" until {instant.show(cause.expires_at)}" if cause.expires_at else ""
    return f"{SENTENCES[cause.reason]}; suppressed since {instant.show(cause.at)}{until}"


def show(known: Suppression, now: datetime) -> dict[str, Any]:
    """The object `suppression`."""
    cause = known.cause(now)
    return {
        "object": "suppression",
        "address": known.address,
        "in_force": cause is not None,
        "reason": cause.reason.value if cause else None,
        "causes": [
            {
                "reason": one.reason.value,
                "at": instant.show(one.at),
                "expires_at": _time(one.expires_at),
                "detail": one.detail or None,
                "by": one.by or None,
            }
            for one in known.causes
        ],
        "lifted_at": _time(known.lifted_at),
        "lifted_by": known.lifted_by or None,
    }


def _is_told_late(known: Suppression, cause: Cause) -> bool:
    return cause.reason in OF_THE_PERSON and all(at < cause.at for reason, at in known.lifted if reason is cause.reason)


OF_THE_PERSON = frozenset({Reason.COMPLAINT, Reason.UNSUBSCRIBED})
"""What the recipient did, not their server."""

SENTENCES = {
    Reason.COMPLAINT: "the recipient marked a mail as spam",
    Reason.UNSUBSCRIBED: "the recipient has unsubscribed",
    Reason.HARD_BOUNCE: "the recipient's server refused the address for good",
    Reason.MANUAL: "somebody suppressed the address",
    Reason.SOFT_BOUNCES: "several mails in a row could not be delivered",
}


def _weight(cause: Cause) -> tuple[bool, float, float, str, str]:
    """What lasts longer weighs more, then what came first, of unsubscribing last, as a mail's state has it; the rest
    only makes the order complete."""
    ends = cause.expires_at.timestamp() if cause.expires_at else 0.0
    at = cause.at.timestamp() if cause.reason is Reason.UNSUBSCRIBED else -cause.at.timestamp()
    return cause.expires_at is None, ends, at, cause.detail, cause.by


def _time(at: datetime | None) -> str | None:
    return instant.show(at) if at else None
