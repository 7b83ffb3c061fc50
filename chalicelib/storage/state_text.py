"""A message's state as the text that is stored, and back. Empty parts are left out: most mails have none of them."""

import json
from datetime import datetime
from typing import Any

from chalicelib.core import instant
from chalicelib.core.summary import Bounce, Delivery, Engagement, Hits, RecipientState, State


def dump(state: State, ses_message_id: str | None = None) -> str:
    """The state as JSON; equal states give equal texts. SES's id of the mail is left out if it is the one given, which
    stands beside the state."""
    delivery = state.delivery
    sent = delivery.sent and [instant.show(delivery.sent[0]), delivery.sent[1]]
    return _text(
        {
            "sent": sent[:1] if sent and sent[1] == ses_message_id else sent,
            "delayed": _show(delivery.delayed_at),
            "failure": delivery.failure and [instant.show(delivery.failure[0]), *delivery.failure[1:]],
            "recipients": {address: _recipient(known) for address, known in delivery.recipients.items()},
            "unsubscribed": _show(delivery.unsubscribed_at),
            "replied": _show(delivery.replied_at),
            "responded": _show(delivery.responded_at),
            **_engagement(state.engagement),
        }
    )


def load(text: str, ses_message_id: str | None = None) -> State:
    """The state of a text that `dump` made with this id."""
    raw = json.loads(text)
    sent_at, told_id = [*raw.get("sent", [None]), ses_message_id or ""][:2]
    delivery = Delivery(
        sent=(instant.parse(sent_at), told_id) if sent_at else None,
        delayed_at=_parse(raw.get("delayed")),
        failure=(instant.parse(raw["failure"][0]), *raw["failure"][1:]) if "failure" in raw else None,
        recipients={address: _recipient_of(known) for address, known in raw.get("recipients", {}).items()},
        unsubscribed_at=_parse(raw.get("unsubscribed")),
        replied_at=_parse(raw.get("replied")),
        responded_at=_parse(raw.get("responded")),
    )
    return State(delivery, _engagement_of(raw))


def dump_engagement(engagement: Engagement) -> str:
    """Only the engagement, as JSON."""
    return _text(_engagement(engagement))


def load_engagement(text: str) -> Engagement:
    """The engagement of a text that `dump_engagement` made."""
    return _engagement_of(json.loads(text))


def _text(raw: dict[str, Any]) -> str:
    return json.dumps(
        {key: value for key, value in raw.items() if value or key == "recent"},
        separators=(",", ":"),
        ensure_ascii=False,
    )


def _show(at: datetime | None) -> str | None:
    return instant.show(at) if at else None


def _parse(text: str | None) -> datetime | None:
    return instant.parse(text) if text else None


def _recipient(known: RecipientState) -> dict[str, Any]:
    bounce = known.bounce
    raw = {
        "delivered": _show(known.delivered_at),
        "bounce": bounce and [bounce.severity, instant.show(bounce.at), bounce.reason],
        "complained": _show(known.complained_at),
        "auto_replied": _show(known.auto_replied_at),
    }
    return {key: value for key, value in raw.items() if value}


def _recipient_of(raw: dict[str, Any]) -> RecipientState:
    bounce = raw.get("bounce")
    return RecipientState(
        delivered_at=_parse(raw.get("delivered")),
        bounce=Bounce(bounce[0], instant.parse(bounce[1]), bounce[2]) if bounce else None,
        complained_at=_parse(raw.get("complained")),
        auto_replied_at=_parse(raw.get("auto_replied")),
    )


def _engagement(engagement: Engagement) -> dict[str, Any]:
    """Times that say the same are left out: most opened mails are opened once, and a write unit is 1,024 bytes. That
    there are none where one would follow, as in an erased mail, is said by an empty list."""
    opens, recent = engagement.opens, engagement.recent_opens
    return {
        "opens": _hits(opens),
        **({} if recent == _only(opens) else {"recent": [instant.show(at) for at in recent]}),
        "clicks": _hits(engagement.clicks),
        "links": [[position, *counts] for position, counts in engagement.links.items()],
        "files": [[position, *counts] for position, counts in engagement.files.items()],
    }


def _engagement_of(raw: dict[str, Any]) -> Engagement:
    opens = _hits_of(raw.get("opens"))
    return Engagement(
        opens=opens,
        recent_opens=tuple(instant.parse(at) for at in raw["recent"]) if "recent" in raw else _only(opens),
        clicks=_hits_of(raw.get("clicks")),
        links={position: (count, machine) for position, count, machine in raw.get("links", [])},
        files={position: (count, machine) for position, count, machine in raw.get("files", [])},
    )


def _hits(hits: Hits) -> list[Any] | None:
    if hits == Hits():
        return None
    last_at = None if hits.last_at == hits.first_at else hits.last_at
    shown = [hits.count, hits.machine, _show(hits.first_at), _show(last_at)]
    return [*shown, hits.proxy] if hits.proxy else shown


def _hits_of(raw: list[Any] | None) -> Hits:
    if not raw:
        return Hits()
    count, machine, first, last, *proxy = raw
    return Hits(count, machine, _parse(first), _parse(last or first), *proxy)


def _only(opens: Hits) -> tuple[datetime, ...]:
    """The times of opens that follow from there being one at most."""
    return (opens.last_at,) if opens.count == 1 and opens.last_at else ()
