"""What happened to one mail, in order, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.core.event import ENGAGEMENT, Event, Kind
from chalicelib.core.summary import is_human
from chalicelib.web.moment import Moment, moment

MOST_HITS = 25
"""How many opens and clicks are listed, the latest ones; what SES told is always listed."""

_SES = frozenset({Kind.SES_OPENED, Kind.SES_CLICKED, Kind.SUBSCRIPTION_CHANGED, Kind.UNKNOWN})


class Entry(NamedTuple):
    """One line. `style` names the colour of app.css; `is_small` marks what counts for nobody."""

    when: Moment
    icon: str
    word: str
    style: str
    detail: str
    url: str
    is_small: bool


class Timeline(NamedTuple):
    """`hidden` opens and clicks are counted and not listed: too many, or older than the window."""

    entries: list[Entry]
    hidden: int


WORDS = {
    Kind.SENT: ("arrow-out", "Sent", "sent"),
    Kind.DELIVERED: ("check", "Delivered", "delivered"),
    Kind.DELAYED: ("clock", "Delayed", "waiting"),
    Kind.BOUNCED: ("alert", "Bounced", "bounced-hard"),
    Kind.AUTO_REPLIED: ("arrow-in", "Automatic reply", "delivered"),
    Kind.COMPLAINED: ("alert", "Marked as spam", "bounced-hard"),
    Kind.REJECTED: ("cross", "Rejected by SES", "failed"),
    Kind.RENDERING_FAILED: ("cross", "Not rendered by SES", "failed"),
    Kind.SUBSCRIPTION_CHANGED: ("arrow-in", "Subscription changed", "machine"),
    Kind.OPENED: ("eye", "Opened", "opened"),
    Kind.CLICKED: ("pointer", "Clicked", "clicked"),
    Kind.DOWNLOADED: ("pointer", "Attachment downloaded", "clicked"),
    Kind.UNSUBSCRIBE_SEEN: ("pointer", "Looked at the page for unsubscribing", "delivered"),
    Kind.UNSUBSCRIBED: ("cross", "Unsubscribed", "bounced-hard"),
    Kind.SES_OPENED: ("eye", "Open seen by SES itself", "machine"),
    Kind.SES_CLICKED: ("pointer", "Click seen by SES itself", "machine"),
    Kind.UNKNOWN: ("question", "A notification of an unknown type", "machine"),
}
"""Icon, word and style of each kind of event."""

_MACHINE_WORDS = {
    Kind.OPENED: "Pixel checked by a machine",
    Kind.CLICKED: "Link checked by a machine",
    Kind.DOWNLOADED: "Attachment checked by a machine",
    Kind.UNSUBSCRIBE_SEEN: "Page for unsubscribing checked by a machine",
}


def timeline_of(
    events: Sequence[Event], links: Sequence[str], *, accepted_at: datetime, recipients: int, hits: int, now: datetime
) -> Timeline:
    """The timeline of a mail from its events, oldest first.

    `links` are its destinations by position; `recipients` and `hits` are numbers: of its addressees, and of the opens
    and clicks in its state.
    """
    listed = {event.key for event in [event for event in events if event.kind in ENGAGEMENT][-MOST_HITS:]}
    shown = [event for event in events if event.kind not in ENGAGEMENT or event.key in listed]
    start = Entry(moment(accepted_at, now), "inbox", "Handed over", "delivered", "", "", False)
    entries = [_entry(event, links, recipients > 1, now) for event in shown]
    return Timeline([start, *entries], max(0, hits - len(listed)))


def is_machine(event: Event) -> bool:
    """Whether it is a hit that counts for nobody."""
    return event.kind in ENGAGEMENT and not is_human(event)


def _entry(event: Event, links: Sequence[str], has_several_recipients: bool, now: datetime) -> Entry:
    icon, word, style = WORDS[event.kind]
    detail, url = _detail(event, has_several_recipients), _url(event, links)
    if is_machine(event):
        icon, word, style = "machine", _MACHINE_WORDS[event.kind], "machine"
    if event.kind is Kind.BOUNCED and event.data.get("type") != "hard":
        style = "bounced-soft"
    is_small = is_machine(event) or event.kind in _SES
    return Entry(moment(event.occurred_at, now), icon, word, style, detail, url, is_small)


def _detail(event: Event, has_several_recipients: bool) -> str:
    """`anna@example.com · hard · mailbox not found`: what the event knows of these."""
    data = event.data
    parts = [data.get("recipient") if has_several_recipients else None, None, data.get("reason")]
    if event.kind in (Kind.BOUNCED, Kind.DELAYED):
        parts[1] = data.get("type")
    return " · ".join(str(part) for part in parts if part)


def _url(event: Event, links: Sequence[str]) -> str:
    """The destination of a click; a mail whose content is gone has none."""
    position = event.data.get("position")
    if event.kind is Kind.CLICKED and isinstance(position, int) and 0 <= position < len(links):
        return links[position]
    return ""
