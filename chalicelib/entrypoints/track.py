"""The tracking host: pixels and links. A plain Lambda handler behind an HTTP API, payload format 2.0.

Expects GET and HEAD on /o/{token} and /c/{token}. API Gateway never retries it, so it answers whatever happens: the
pixel always, a valid link always, and an event that cannot be written is spilled (gateways/event_log.py). In the good
case a hit is one verification, one PutItem and one line with a metric; only a destination too long for its token is
read. What is refused leaves no line: garbage must not fill the log. Every module that is imported here is paid for by
each cold start: the standard library and a few of ours.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from chalicelib import settings
from chalicelib.core import hit as hits
from chalicelib.core.destination import is_safe_destination
from chalicelib.core.hit import Answer, Hit
from chalicelib.core.metric import Count
from chalicelib.core.token import Keys, Purpose, Token
from chalicelib.gateways import event_log
from chalicelib.gateways.event_log import Kept, LinksUnavailable

_RECORDED: Mapping[Purpose, Count] = {Purpose.OPEN: "OpenRecorded", Purpose.CLICK: "ClickRecorded"}
_LOST: Mapping[Kept, Count] = {Kept.QUEUE: "EventSpilled", Kept.LOG: "EventLogged"}


class EventLog(Protocol):
    """What this function needs of the event log."""

    def record(self, item: Mapping[str, Mapping[str, str]]) -> Kept: ...
    def destination_of(self, message_id: str, position: int) -> str | None: ...


class Parts(NamedTuple):
    """What a hit is served with."""

    keys: Keys
    log: EventLog
    stage: str = settings.NO_STAGE


def handler(payload: Any, context: Any) -> dict[str, Any]:
    """The Lambda handler."""
    return serve(payload, _parts)


def serve(payload: Any, parts: Callable[[], Parts]) -> dict[str, Any]:
    """The gateway's response to a payload; never raises. `parts` may raise, where the settings are broken."""
    hit = hits.from_payload(payload)
    try:
        answer = hits.refusal(hit) or _serve(hit, parts())
    except Exception as error:  # an image that does not load, or an error page of the gateway, is worse than any bug
        answer = hits.fallback(hit)
        event_log.say({"level": "ERROR", "message": "hit_failed", "error": f"{type(error).__name__}: {error}"})
        event_log.count("HitFailed", settings.read().stage)
    return hits.response(answer, hit.method)


def _serve(hit: Hit, parts: Parts) -> Answer:
    said = hits.verified(hit, parts.keys)
    if hit.purpose is Purpose.OPEN:
        if said:
            _record(hit, said, parts)
        return hits.PIXEL
    return _follow(hit, said, parts) if said else hits.NOT_FOUND


def _follow(hit: Hit, said: Token, parts: Parts) -> Answer:
    try:
        destination = parts.log.destination_of(said.message_id, said.position) if said.is_stored else said.destination
    except LinksUnavailable as error:
        event_log.say({"level": "ERROR", "message": "links_unavailable", "error": str(error)})
        event_log.count("LinksUnavailable", parts.stage)
        return hits.UNAVAILABLE  # not recorded: whoever comes again counts once
    if not destination or not is_safe_destination(destination):
        return hits.NOT_FOUND
    _record(hit, said, parts)
    return hits.redirect(destination)


def _record(hit: Hit, said: Token, parts: Parts) -> None:
    if item := hits.item_of(hit, said):
        kept = parts.log.record(item)
        event_log.count(_RECORDED[said.purpose] if kept is Kept.TABLE else _LOST[kept], parts.stage)


@functools.cache
def _parts() -> Parts:
    """Made by the first hit, kept for the life of the sandbox; an error is not kept."""
    own = settings.read().require("events_table", "links_table", "spill_queue_url", "token_keys")
    return Parts(own.keys, event_log.connect(own, settings.read_aws()), own.stage)
