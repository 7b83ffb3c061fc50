"""A mail as the API shows it: JSON that any program can read, and from which the pages are made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.core import instant
from chalicelib.core.event import Event
from chalicelib.core.message import Message
from chalicelib.core.status import bounce_of, complained_at, failure_of, opens_of, sending_of, status_of
from chalicelib.core.summary import Engagement, Hits, RecipientState


def show(message: Message, links: Sequence[str] | None = None) -> dict[str, Any]:
    """The object `email`. With `links`, the destinations by position, `clicks.links` tells each one's counts."""
    envelope, state = message.envelope, message.state
    failure = failure_of(message)
    status = status_of(message)
    sent_at = state.delivery.sent[0] if state.delivery.sent else message.sent_at
    return {
        "object": "email",
        "id": message.message_id,
        "status": status.value if status else None,
        "sending": sending_of(message).value,
        "error": {"code": failure.code, "detail": failure.detail} if failure else None,
        "direction": "outbound",
        "source": message.source,
        "from": envelope.sender,
        "to": list(envelope.to),
        "cc": list(envelope.cc),
        "bcc": list(envelope.bcc),
        "reply_to": list(envelope.reply_to),
        "subject": envelope.subject,
        "accepted_at": instant.show(message.accepted_at),
        "sent_at": _time(sent_at),
        "record": {"module": message.record[0], "record_id": message.record[1]} if message.record else None,
        "user": message.user,
        "template": None,
        "dispatch": None,
        "tags": [{"name": name, "value": value} for name, value in message.tags],
        "tracking": {
            "tracked": message.tracking.is_on,
            "opens": message.tracking.opens,
            "clicks": message.tracking.clicks,
            "reason": message.tracking.reason,
            "mode": "full" if message.tracking.is_on else "off",
            "until": _time(message.tracking.until),
        },
        "recipients": [_recipient(address, known) for address, known in state.delivery.recipients.items()],
        "bounce": _bounce(message),
        "complained_at": _time(complained_at(state.delivery)),
        "unsubscribed_at": None,
        "opens": _opens(state.engagement),
        "clicks": _clicks(state.engagement, links),
    }


def show_event(event: Event) -> dict[str, Any]:
    """The object `event`: its kind, its time, and what is known about it."""
    return {
        "object": "event",
        "id": event.event_id,
        "type": event.kind.value,
        "occurred_at": instant.show(event.occurred_at),
        "data": dict(event.data),
    }


def _time(at: datetime | None) -> str | None:
    return instant.show(at) if at else None


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
    bounced = [address for address, known in message.state.delivery.recipients.items() if known.bounce]
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
        "proxy": 0,
        "recent": [instant.show(at) for at in recent],
        "more_than_ten": opens.count > len(recent),
    }


def _clicks(engagement: Engagement, links: Sequence[str] | None) -> dict[str, Any]:
    shown = _hits(engagement.clicks)
    if links is not None:
        shown["links"] = [_link(position, url, engagement) for position, url in enumerate(links)]
    return shown


def _link(position: int, url: str, engagement: Engagement) -> dict[str, Any]:
    count, machine = engagement.links.get(position, (0, 0))
    return {"position": position, "url": url, "count": count, "machine": machine}
