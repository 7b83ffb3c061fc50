"""What is to be told of a mail when its state changes: the difference between the state before and the one after.

Of hits it is kept which were told as a person's, so that each is told once, and is taken back if it turns out to be a
machine's. Only what somebody listens to is told, and no hit from before they did.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.core.address_key import key_of
from chalicelib.core.event import Event
from chalicelib.core.message import Envelope, Message
from chalicelib.core.named_address import bare
from chalicelib.core.notice import OF_HITS, Notice, Type, id_of
from chalicelib.core.summary import Delivery, RecipientState
from chalicelib.core.verdict import Maker, Verdict

Listening = Mapping[str, datetime]
"""Which types of notices somebody wants, and since when."""

Fact = tuple[Type, datetime, Mapping[str, Any]]
"""Type, time and details of a notice."""


class Judged(NamedTuple):
    """A hit, and who made it."""

    hit: Event
    verdict: Verdict


class HitNews(NamedTuple):
    """The hits that count as told now, those to tell or to take back, and whether more of them are to be told next."""

    told: frozenset[str]
    news: tuple[Judged, ...]
    has_more: bool


def hit_news(
    told: frozenset[str], hits: Sequence[Event], verdicts: Mapping[str, Verdict], listening: Listening, most: int
) -> HitNews:
    """What is new about these hits, which are all that may be judged otherwise still; at most so much at once."""
    if not told and not listening:
        return HitNews(told, (), False)
    judged = {hit.key: Judged(hit, verdicts[hit.key]) for hit in hits}
    people = {key for key, one in judged.items() if one.verdict.maker is Maker.HUMAN}
    wanted = {key for key in people if _is_wanted(judged[key].hit, listening)}
    news = sorted([*(told & (judged.keys() - people)), *(wanted - told)])
    now = frozenset(news[:most])
    return HitNews((told & judged.keys()) ^ now, tuple(judged[key] for key in news[:most]), len(news) > most)


def notices_of(
    message: Message, after: Delivery, news: Iterable[Judged], listening: Listening, now: datetime
) -> list[Notice]:
    """The notices that the next version of a message's state brings; `message` still has the state before."""
    facts: list[Fact] = [*_of_delivery(message.envelope, message.state.delivery, after), *map(_of_hit, news)]
    wanted = [fact for fact in facts if fact[0] in listening]
    return [
        Notice(
            id_of(message.message_id, message.version + 1, number),
            message.account,
            message.message_id,
            kind.value,
            occurred_at,
            now,
            about,
        )
        for number, (kind, occurred_at, about) in enumerate(wanted)
    ]


def _is_wanted(hit: Event, listening: Listening) -> bool:
    told_as = OF_HITS.get(hit.kind)
    since = listening.get(told_as[0]) if told_as else None
    return since is not None and hit.occurred_at >= since


def _of_hit(one: Judged) -> Fact:
    told, taken_back = OF_HITS[one.hit.kind]
    about: dict[str, Any] = {"hit": one.hit.key}
    if "position" in one.hit.data:
        about["position"] = one.hit.data["position"]
    if one.verdict.maker is Maker.HUMAN:
        return told, one.hit.occurred_at, about
    return (
        taken_back,
        one.hit.occurred_at,
        {**about, "maker": one.verdict.maker.value, "reasons": one.verdict.reasons},
    )


def _of_delivery(envelope: Envelope, before: Delivery, after: Delivery) -> Iterator[Fact]:
    if after.sent and not before.sent:
        yield Type.SENT, after.sent[0], {}
    if after.delayed_at and after.delayed_at != before.delayed_at:
        yield Type.DELAYED, after.delayed_at, {}
    if after.failure and not before.failure:
        yield Type.FAILED, after.failure[0], {}
    if after.unsubscribed_at and after.unsubscribed_at != before.unsubscribed_at:
        yield Type.UNSUBSCRIBED, after.unsubscribed_at, {}
    if after.replied_at and not before.replied_at:
        yield Type.REPLIED, after.replied_at, {}
    known = {key_of(bare(text)): place for place, text in reversed(list(enumerate(envelope.recipients)))}
    for kind in (Type.DELIVERED, Type.BOUNCED, Type.COMPLAINED):
        new = {
            address: at
            for address, state in after.recipients.items()
            if (at := _new_at(kind, before.recipients.get(address, RecipientState()), state))
        }
        if new:
            yield kind, max(new.values()), {"recipients": [known.get(address) for address in new]}


def _new_at(kind: Type, before: RecipientState, after: RecipientState) -> datetime | None:
    """When this became so at an address, if it was not so before. A soft bounce that turns hard is told, too."""
    if kind is Type.BOUNCED:
        is_new = after.bounce and (before.bounce is None or after.bounce.severity < before.bounce.severity)
        return after.bounce.at if after.bounce and is_new else None
    if kind is Type.DELIVERED:
        return after.delivered_at if before.delivered_at is None else None
    return after.complained_at if before.complained_at is None else None
