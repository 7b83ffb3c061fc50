"""A mail as the API shows it: JSON that any program can read, and from which the pages are made."""

from datetime import datetime
from typing import Any

from chalicelib.core import instant, rules
from chalicelib.core import mode as modes
from chalicelib.core.event import Event
from chalicelib.core.message import Clickable, Message
from chalicelib.core.status import bounce_of, complained_at, failure_of, opens_of, shown_sending, status_of
from chalicelib.core.summary import RECENT_OPENS, Engagement, Hits, RecipientState
from chalicelib.core.verdict import Verdict


def show(message: Message, clickable: Clickable | None = None) -> dict[str, Any]:
    """The object `email`; of one that is erased what is left of it.

    With what can be clicked, `clicks.links` and `clicks.files` tell each one's counts.
    """
    envelope, state = message.envelope, message.state
    failure = failure_of(message)
    status = status_of(message)
    sent_at = state.delivery.sent[0] if state.delivery.sent else message.sent_at
    return {
        "object": "email",
        "id": message.message_id,
        "status": status.value if status else None,
        "sending": shown_sending(message),
        "error": {"code": failure.code, "detail": failure.detail} if failure else None,
        "direction": "inbound" if message.is_inbound else "outbound",
        "source": message.source,
        "from": envelope.sender or None,
        "to": list(envelope.to),
        "cc": list(envelope.cc),
        "bcc": list(envelope.bcc),
        "reply_to": list(envelope.reply_to),
        "subject": envelope.subject,
        "accepted_at": instant.show(message.accepted_at),
        "received_at": instant.show(message.accepted_at) if message.is_inbound else None,
        "scheduled_at": _time(message.scheduled_at),
        "sent_at": _time(sent_at),
        "record": _record(message),
        "user": message.user,
        "template": message.template,
        "dispatch": None,
        "tags": [{"name": name, "value": value} for name, value in message.tags],
        "tracking": {
            "tracked": message.tracking.is_on,
            "opens": message.tracking.opens,
            "clicks": message.tracking.clicks,
            "reason": message.tracking.reason,
            "mode": modes.show(message.tracking.mode) if message.tracking.is_on else "off",
            "until": _time(message.tracking.until),
        },
        "recipients": _recipients(message),
        "bounce": _bounce(message),
        "complained_at": _time(complained_at(state.delivery)),
        "unsubscribed_at": _time(state.delivery.unsubscribed_at),
        "in_reply_to": message.in_reply_to,
        "replied_at": _time(state.delivery.replied_at),
        "responded_at": _time(state.delivery.responded_at),
        "erased_at": _time(message.erased_at),
        "opens": _opens(state.engagement),
        "clicks": _clicks(state.engagement, clickable),
    }


def show_event(event: Event, verdict: Verdict | None = None) -> dict[str, Any]:
    """The object `event`: its kind, its time, what is known about it, and of a hit, who made it and why."""
    return {
        "object": "event",
        "id": event.event_id,
        "type": event.kind.value,
        "occurred_at": instant.show(event.occurred_at),
        "data": {name: value for name, value in event.data.items() if name not in INSIDE},
        "verdict": _verdict(verdict) if verdict else None,
    }


INSIDE = frozenset({"from", "own"})
"""Of a hit's data, what is nobody's business: where it came from, be it as a hash, and that it was one of us."""


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "maker": verdict.maker.value,
        "reasons": [{"name": name, "words": rules.explained(name)} for name in verdict.reasons],
        "rules_version": verdict.version,
    }


def _time(at: datetime | None) -> str | None:
    return instant.show(at) if at else None


def _record(message: Message) -> dict[str, str] | None:
    if message.record is None or message.erased_at:
        return None
    module, record_id = message.record
    return {"module": module, "record_id": record_id}


def _recipients(message: Message) -> list[dict[str, Any]]:
    """What became of the mail at each; of one that is erased they are only numbered, and nobody's business."""
    if message.erased_at:
        return []
    return [_recipient(address, known) for address, known in message.state.delivery.recipients.items()]


def _recipient(address: str, known: RecipientState) -> dict[str, Any]:
    bounce = known.bounce
    status = "bounced" if bounce else "delivered" if known.delivered_at else "sent"
    return {
        "address": address,
        "status": status,
        "bounce": {"type": bounce.type, "reason": bounce.reason} if bounce else None,
        "auto_replied_at": _time(known.auto_replied_at),
    }


def _bounce(message: Message) -> dict[str, Any] | None:
    bounce = bounce_of(message.state.delivery)
    if bounce is None:
        return None
    bounced = [one["address"] for one in _recipients(message) if one["bounce"]]
    return {"type": bounce.type, "reason": bounce.reason, "at": instant.show(bounce.at), "recipients": bounced}


def _hits(hits: Hits) -> dict[str, Any]:
    return {
        "count": hits.count,
        "machine": hits.machine,
        "first_at": _time(hits.first_at),
        "last_at": _time(hits.last_at),
    }


def _opens(engagement: Engagement) -> dict[str, Any]:
    opens, recent = opens_of(engagement)
    return {
        **_hits(opens),
        "proxy": opens.proxy,
        "recent": [instant.show(at) for at in recent],
        "more_than_ten": opens.count > RECENT_OPENS,
    }


def _clicks(engagement: Engagement, clickable: Clickable | None) -> dict[str, Any]:
    shown = _hits(engagement.clicks)
    if clickable:
        shown["links"] = [
            {"position": position, "url": url, **_counts(engagement.links.get(position))}
            for position, url in enumerate(clickable.links)
        ]
        shown["files"] = [
            {"position": position, **file._asdict(), **_counts(engagement.files.get(position))}
            for position, file in enumerate(clickable.files)
        ]
    return shown


def _counts(counts: tuple[int, int] | None) -> dict[str, int]:
    count, machine = counts or (0, 0)
    return {"count": count, "machine": machine}
