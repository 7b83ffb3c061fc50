"""The tracking host: pixels, links, files and unsubscribing. A plain Lambda handler behind an HTTP API, payload 2.0.

Expects GET and HEAD on /o/{token}, /c/{token} and /a/{token}, and these and POST on /u/{token}. API Gateway never
retries it, so it answers whatever happens: the pixel always, a valid link always, and an event that cannot be written
is spilled (gateways/event_log.py). In the good case a hit is one verification, one PutItem and one line with a metric;
only where a file is, a destination too long for its token, and once a day the salt are read. What is refused leaves no
line: garbage must not fill the log. Nothing of a hit's address and headers is logged or kept. Every module that is
imported here is paid for by each cold start: the standard library and a few of ours.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from chalicelib import settings
from chalicelib.core import hit as hits
from chalicelib.core import hit_answer as answers
from chalicelib.core import network
from chalicelib.core.destination import is_safe_destination
from chalicelib.core.event import Kind
from chalicelib.core.hit import Hit, SaltOf
from chalicelib.core.hit_answer import Answer
from chalicelib.core.metric import Count
from chalicelib.core.network import BadNetworks, Networks
from chalicelib.core.stored_file import StoredFile
from chalicelib.core.token import Keys, Purpose, Token
from chalicelib.gateways import downloads, event_log
from chalicelib.gateways.event_log import Kept, LinkErased, LinksUnavailable
from chalicelib.gateways.salts import Salts

_RECORDED: Mapping[str, Count] = {
    Kind.OPENED: "OpenRecorded",
    Kind.CLICKED: "ClickRecorded",
    Kind.DOWNLOADED: "DownloadRecorded",
    Kind.UNSUBSCRIBE_SEEN: "UnsubscribeSeen",
    Kind.UNSUBSCRIBED: "UnsubscribeRecorded",
}
_LOST: Mapping[Kept, Count] = {Kept.QUEUE: "EventSpilled", Kept.LOG: "EventLogged"}


class EventLog(Protocol):
    """What this function needs of the event log."""

    def record(self, item: Mapping[str, Mapping[str, str]]) -> Kept: ...
    def destination_of(self, message_id: str, position: int) -> str | None: ...
    def file_of(self, message_id: str, position: int) -> StoredFile | None: ...


class Parts(NamedTuple):
    """What a hit is served with. `url_of` says where a file can be fetched for the next minutes."""

    keys: Keys
    log: EventLog
    url_of: Callable[[StoredFile, str], str]
    salt_of: SaltOf
    stage: str = settings.NO_STAGE
    networks: Networks = network.KNOWN


def handler(payload: Any, context: Any) -> dict[str, Any]:
    """The Lambda handler."""
    return serve(payload, _parts)


def serve(payload: Any, parts: Callable[[], Parts]) -> dict[str, Any]:
    """The gateway's response to a payload; never raises. `parts` may raise, where the settings are broken."""
    hit = hits.from_payload(payload)
    try:
        answer = answers.refusal(hit) or _serve(hit, parts())
    except Exception as error:  # an image that does not load, or an error page of the gateway, is worse than any bug
        answer = answers.fallback(hit)
        event_log.say({"level": "ERROR", "message": "hit_failed", "error": f"{type(error).__name__}: {error}"})
        event_log.count("HitFailed", settings.read().stage)
    return answers.response(answer, hit.method)


def _serve(hit: Hit, parts: Parts) -> Answer:
    said = hits.verified(hit, parts.keys)
    if hit.purpose is Purpose.OPEN:
        if said:
            _record(hit, said, parts)
        return answers.PIXEL
    if said is None:
        return answers.NOT_FOUND
    if said.purpose is Purpose.UNSUBSCRIBE:
        return _unsubscribe(hit, said, parts)
    try:
        return _follow(hit, said, parts) if said.purpose is Purpose.CLICK else _download(hit, said, parts)
    except LinkErased:
        return answers.LINK_GONE
    except LinksUnavailable as error:  # not recorded: whoever comes again counts once
        event_log.say({"level": "ERROR", "message": "links_unavailable", "error": str(error)})
        event_log.count("LinksUnavailable", parts.stage)
        return answers.UNAVAILABLE


def _follow(hit: Hit, said: Token, parts: Parts) -> Answer:
    destination = parts.log.destination_of(said.message_id, said.position) if said.is_stored else said.destination
    if not destination or not is_safe_destination(destination):
        return answers.NOT_FOUND
    _record(hit, said, parts)
    return answers.redirect(destination)


def _download(hit: Hit, said: Token, parts: Parts) -> Answer:
    file = parts.log.file_of(said.message_id, said.position)
    if file is None:
        return answers.NOT_FOUND
    if file.is_erased:
        return answers.GONE
    url = parts.url_of(file, hit.method)
    _record(hit, said, parts)
    return answers.redirect(url)


def _unsubscribe(hit: Hit, said: Token, parts: Parts) -> Answer:
    """Looking changes nothing: scanners follow every link. Only the POST that RFC 8058 describes unsubscribes."""
    if hit.method != "POST":
        _record(hit, said, parts)
        return answers.ASK
    if not hit.is_one_click:
        return answers.NOT_ONE_CLICK
    return answers.DONE if _record(hit, said, parts) else answers.UNAVAILABLE


def _record(hit: Hit, said: Token, parts: Parts) -> bool:
    """Keeps what is to be kept of a hit; False for one of which nothing is."""
    item = hits.item_of(hit, said, parts.salt_of, parts.networks)
    if item is None:
        return False
    kept = parts.log.record(item)
    event_log.count(_RECORDED[item["kind"]["S"]] if kept is Kept.TABLE else _LOST[kept], parts.stage)
    return True


@functools.cache
def _parts() -> Parts:
    """Made by the first hit, kept for the life of the sandbox; an error is not kept."""
    own, aws = settings.read(), settings.read_aws()
    own.require("events_table", "links_table", "salts_table", "blob_bucket", "spill_queue_url", "token_keys")
    log = event_log.connect(own, aws)
    url_of = downloads.connect(own.blob_bucket, aws).url_of
    salt_of = Salts(log.dynamodb, own.salts_table).of
    return Parts(own.keys, log, url_of, salt_of, own.stage, _networks(own.networks))


def _networks(added: str) -> Networks:
    """The known networks with the operator's own. A setting that cannot be read costs nothing but itself."""
    try:
        return network.networks(network.read(added))
    except BadNetworks as error:
        event_log.say({"level": "ERROR", "message": "bad_networks", "error": str(error)})
        return network.KNOWN
