"""What happened to one mail, in order, in words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from chalicelib.core.event import ENGAGEMENT, Event, Kind
from chalicelib.core.message import Clickable, Message
from chalicelib.core.token import Mode
from chalicelib.core.verdict import Maker, Verdict
from chalicelib.web.judgement import Judgement, judgement_of
from chalicelib.web.moment import Moment, moment, moment_of_day

MOST_HITS = 25
"""How many hits by people are listed, and as many by all others, the latest ones; so a scanner that comes back drives
nobody out. What SES told is always listed."""

_SES = frozenset({Kind.SES_OPENED, Kind.SES_CLICKED, Kind.SUBSCRIPTION_CHANGED, Kind.UNKNOWN})
_COUNTED = ENGAGEMENT - {Kind.UNSUBSCRIBE_SEEN}


class Entry(NamedTuple):
    """One line. `style` names the colour of app.css; `is_small` marks what counts for nobody; `key` tells it from the
    others. A hit has a judgement; an answer is a `mail`, by its id."""

    key: str
    when: Moment
    icon: str
    word: str
    style: str
    detail: str = ""
    url: str = ""
    is_small: bool = False
    judgement: Judgement | None = None
    mail: str = ""


class Timeline(NamedTuple):
    """`hidden` hits are counted and not listed: too many, or older than the window."""

    entries: list[Entry]
    hidden: int


WORDS = {
    Kind.SENT: ("arrow-out", "Sent", "sent"),
    Kind.DELIVERED: ("check", "Delivered", "delivered"),
    Kind.DELAYED: ("clock", "Delayed", "waiting"),
    Kind.BOUNCED: ("alert", "Bounced", "bounced-hard"),
    Kind.RECEIVED: ("arrow-in", "Received", "received"),
    Kind.REPLIED: ("arrow-in", "Replied", "received"),
    Kind.RESPONDED: ("arrow-out", "Answered", "sent"),
    Kind.AUTO_REPLIED: ("arrow-in", "Automatic reply", "delivered"),
    Kind.COMPLAINED: ("alert", "Marked as spam", "bounced-hard"),
    Kind.REJECTED: ("cross", "Rejected by SES", "failed"),
    Kind.RENDERING_FAILED: ("cross", "Not rendered by SES", "failed"),
    Kind.SUBSCRIPTION_CHANGED: ("arrow-in", "Subscription changed", "machine"),
    Kind.OPENED: ("eye", "Opened", "opened"),
    Kind.CLICKED: ("pointer", "Clicked", "clicked"),
    Kind.DOWNLOADED: ("file", "Attachment downloaded", "clicked"),
    Kind.UNSUBSCRIBE_SEEN: ("pointer", "Looked at the page for unsubscribing", "delivered"),
    Kind.UNSUBSCRIBED: ("cross", "Unsubscribed", "bounced-hard"),
    Kind.SES_OPENED: ("eye", "Open seen by SES itself", "machine"),
    Kind.SES_CLICKED: ("pointer", "Click seen by SES itself", "machine"),
    Kind.UNKNOWN: ("question", "A notification of an unknown type", "machine"),
}
"""Icon, word and style of each kind of event."""

_NOT_BY_A_PERSON = {
    Kind.OPENED: "Pictures loaded",
    Kind.CLICKED: "Link followed",
    Kind.DOWNLOADED: "Attachment fetched",
    Kind.UNSUBSCRIBE_SEEN: "Page for unsubscribing fetched",
}
_ICONS = {Maker.PROXY: "shield", Maker.MACHINE: "machine", Maker.INTERNAL: "house"}


def timeline_of(
    message: Message, events: Sequence[Event], verdicts: Mapping[str, Verdict], clickable: Clickable, *, now: datetime
) -> Timeline:
    """The timeline of a mail from its events, oldest first, and the verdicts on the hits among them, by key."""
    engagement, listed = message.state.engagement, _listed(events, verdicts)
    shown = [event for event in _ordered(events, message) if event.kind not in ENGAGEMENT or event.key in listed]
    start = [] if message.is_inbound else [_start(message, now)]
    entries = [_entry(event, verdicts.get(event.key), message, clickable, now) for event in shown]
    hits = sum(hits.count + hits.machine + hits.proxy for hits in (engagement.opens, engagement.clicks))
    counted = sum(event.kind in _COUNTED and not _is_by(Maker.INTERNAL, event, verdicts) for event in shown)
    return Timeline([*start, *entries], max(0, hits - counted))


def _start(message: Message, now: datetime) -> Entry:
    return Entry("", moment(message.accepted_at, now), "inbox", "Received from your program", "delivered")


def _ordered(events: Sequence[Event], message: Message) -> list[Event]:
    """By time; that of which only the day is known stands behind the mail's sending and delivery on that day."""
    on_the_way = [event.occurred_at for event in events if event.kind in (Kind.SENT, Kind.DELIVERED)]

    def place(event: Event) -> tuple[datetime, bool]:
        if not _is_day(event, message):
            return event.occurred_at, False
        day = event.occurred_at.astimezone(UTC).date()
        return max([event.occurred_at, *(at for at in on_the_way if at.astimezone(UTC).date() == day)]), True

    return sorted(events, key=place)


def _listed(events: Sequence[Event], verdicts: Mapping[str, Verdict]) -> set[str]:
    """The keys of the hits that are listed."""
    hits = [event for event in events if event.kind in ENGAGEMENT]
    people = [hit.key for hit in hits if _is_by(Maker.HUMAN, hit, verdicts)]
    others = [hit.key for hit in hits if not _is_by(Maker.HUMAN, hit, verdicts)]
    return {*people[-MOST_HITS:], *others[-MOST_HITS:]}


def _is_by(maker: Maker, event: Event, verdicts: Mapping[str, Verdict]) -> bool:
    return event.key in verdicts and verdicts[event.key].maker is maker


def _entry(event: Event, verdict: Verdict | None, message: Message, clickable: Clickable, now: datetime) -> Entry:
    icon, word, style = WORDS[event.kind]
    is_by_nobody = verdict is not None and verdict.maker is not Maker.HUMAN
    if verdict and is_by_nobody:
        icon, word, style = _ICONS[verdict.maker], _NOT_BY_A_PERSON[event.kind], "machine"
    if event.kind is Kind.BOUNCED and event.data.get("type") != "hard":
        style = "bounced-soft"
    return Entry(
        key=event.key,
        when=_when(event, message, now),
        icon=icon,
        word=word,
        style=style,
        detail=_detail(event, message) or _target(event, Kind.DOWNLOADED, [file.filename for file in clickable.files]),
        url=_target(event, Kind.CLICKED, clickable.links),
        is_small=is_by_nobody or event.kind in _SES,
        judgement=judgement_of(verdict, is_counted=event.kind in _COUNTED) if verdict else None,
        mail=str(event.data.get("email", "")),
    )


def _when(event: Event, message: Message, now: datetime) -> Moment:
    """Its time; of an open of which no more may be kept only the day."""
    return (moment_of_day if _is_day(event, message) else moment)(event.occurred_at, now)


def _is_day(event: Event, message: Message) -> bool:
    return event.kind is Kind.OPENED and message.tracking.mode is Mode.LAST_OPEN_DATE


def _detail(event: Event, message: Message) -> str:
    """`anna@example.com · hard · mailbox not found`: what the event knows of these."""
    data = event.data
    has_several_recipients = len(message.envelope.recipients) > 1
    parts = [data.get("recipient") if has_several_recipients else None, None, data.get("reason")]
    if event.kind in (Kind.BOUNCED, Kind.DELAYED):
        parts[1] = data.get("type")
    return " · ".join(str(part) for part in parts if part)


def _target(event: Event, kind: Kind, targets: Sequence[str]) -> str:
    """What a hit of this kind led to; "" where that is not known any more."""
    position = event.data.get("position")
    if event.kind is kind and isinstance(position, int) and 0 <= position < len(targets):
        return targets[position]
    return ""
