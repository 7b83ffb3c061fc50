"""What a webhook is told: the body of a POST, made from a notice and the mail it is about as it is now."""

import json
from typing import Any, NamedTuple, Protocol

from chalicelib.core import instant
from chalicelib.core.message import Clickable, Message
from chalicelib.core.named_address import bare
from chalicelib.core.notice import OF_HITS, Notice, Type
from chalicelib.core.status import failure_of, status_of

LONGEST = 20_480
"""Bytes of a body, as Standard Webhooks recommends."""

HIT_TYPES = frozenset(told.value for told, _ in OF_HITS.values())
TAKEN_BACK_TYPES = frozenset(taken_back.value for _, taken_back in OF_HITS.values())
_DOWNLOADS = frozenset({Type.DOWNLOADED.value, Type.DOWNLOAD_RECLASSIFIED.value})
_CLICKS = frozenset({Type.CLICKED.value, Type.CLICK_RECLASSIFIED.value})
WITH_PARTS = _DOWNLOADS | _CLICKS
"""Types that tell of a link or a file, so that somebody must look up which."""


class Told(Protocol):
    """What a fold knows of hits that were told: `told` by their keys, and those up to `closed_until` are settled."""

    @property
    def told(self) -> frozenset[str]: ...

    @property
    def closed_until(self) -> str: ...


class Cut(NamedTuple):
    """What may be left out of a body that is too long, and its name."""

    name: str
    within: str
    field: str


_CUTS = (
    Cut("link.url", "link", "url"),
    Cut("bounce.recipients", "bounce", "recipients"),
    Cut("recipients", "", "recipients"),
)


def is_outdated(notice: Notice, fold: Told) -> bool:
    """Whether what a notice tells of a hit is not so any more: it counts as a person's no more, or does so again."""
    hit = notice.about.get("hit")
    if hit is None:
        return False
    if notice.type in TAKEN_BACK_TYPES:
        return hit in fold.told
    return hit not in fold.told and hit > fold.closed_until


def body(notice: Notice, message: Message, clickable: Clickable) -> bytes:
    """The JSON of a notice. Where it would be too long, `data.left_out` names what is null in it."""
    data = {**_mail(message), "occurred_at": instant.show(notice.occurred_at), **_about(notice, message, clickable)}
    data["left_out"] = []
    made = _dumped(notice, data)
    for cut in _CUTS:
        within = data.get(cut.within, {}) if cut.within else data
        if len(made) > LONGEST and within.get(cut.field):
            within[cut.field] = None
            data["left_out"].append(cut.name)
            made = _dumped(notice, data)
    if len(made) > LONGEST:
        data["to"] = None
        data["left_out"].append("to")
        made = _dumped(notice, data)
    return made


def trial(notice: Notice, webhook_id: str) -> bytes:
    """The JSON of what is sent to try a webhook."""
    return _dumped(notice, {"webhook_id": webhook_id, "occurred_at": instant.show(notice.occurred_at)})


def _dumped(notice: Notice, data: dict[str, Any]) -> bytes:
    told = {"type": notice.type, "timestamp": instant.show(notice.occurred_at), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _mail(message: Message) -> dict[str, Any]:
    envelope, status, record = message.envelope, status_of(message), message.record
    return {
        "email_id": message.message_id,
        "from": envelope.sender,
        "to": list(envelope.to),
        "subject": envelope.subject,
        "source": message.source,
        "record": {"module": record[0], "record_id": record[1]} if record else None,
        "user": message.user,
        "tags": [{"name": name, "value": value} for name, value in message.tags],
        "status": status.value if status else None,
    }


def _about(notice: Notice, message: Message, clickable: Clickable) -> dict[str, Any]:
    about, kind = notice.about, notice.type
    if kind in HIT_TYPES or kind in TAKEN_BACK_TYPES:
        maker = str(about.get("maker", "human"))
        who = {"maker": maker, "machine": maker == "machine", "reasons": list(about.get("reasons", ()))}
        return {**_part(notice, clickable), **who}
    if kind == Type.BOUNCED:
        return {"bounce": _bounce(notice, message)}
    if kind in (Type.DELIVERED, Type.COMPLAINED):
        return {"recipients": _recipients(notice, message)}
    failure = failure_of(message) if kind == Type.FAILED else None
    return {"error": {"code": failure.code, "detail": failure.detail}} if failure else {}


def _part(notice: Notice, clickable: Clickable) -> dict[str, Any]:
    """The link or the file of a hit. What the mail said may be gone meanwhile; then only its position is known."""
    position = notice.about.get("position")
    if position is None or notice.type not in WITH_PARTS:
        return {}
    if notice.type in _DOWNLOADS:
        files = clickable.files
        file = files[position]._asdict() if position < len(files) else {"filename": None, "size": None}
        return {"file": {"position": position, **file}}
    url = clickable.links[position] if position < len(clickable.links) else None
    return {"link": {"position": position, "url": url}}


def _recipients(notice: Notice, message: Message) -> list[str | None]:
    """Whom it is about; null for an address that is none of the envelope's."""
    known = message.envelope.recipients
    places = notice.about.get("recipients", ())
    return [bare(known[place]) if place is not None and place < len(known) else None for place in places]


def _bounce(notice: Notice, message: Message) -> dict[str, Any]:
    recipients = _recipients(notice, message)
    state = message.state.delivery.recipients
    found = [state[one.lower()].bounce for one in recipients if one and one.lower() in state]
    if not any(found):  # of an address that is written otherwise, such as with a comment
        found = [one.bounce for one in state.values()]
    gravest = min((one for one in found if one), default=None)
    told = {"type": gravest.type, "reason": gravest.reason} if gravest else {"type": None, "reason": None}
    return {**told, "recipients": recipients}
