"""What the rules about machines are told of a mail beside its hits."""

from collections.abc import Iterable, Mapping

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import key_of
from chalicelib.core.event import ENGAGEMENT, Event
from chalicelib.core.message import Message
from chalicelib.core.named_address import bare
from chalicelib.core.rules import NOT_ON_SUMS, Context
from chalicelib.core.verdict import Verdict, judge


def context_of(message: Message, policy: AccountPolicy) -> Context:
    """The context of a message's hits, as far as its state tells of the delivery. Of an aggregate's, which are of many
    people and mails, each is judged by itself."""
    if message.is_aggregate:
        return Context(off=policy.verdict_rules_off | NOT_ON_SUMS)
    sender = key_of(bare(message.envelope.sender))
    return Context(
        delivered_at=message.state.delivery.delivered_at,
        links=message.links,
        off=policy.verdict_rules_off,
        is_self=any(key_of(bare(recipient)) == sender for recipient in message.envelope.recipients),
    )


def verdicts_of(message: Message, events: Iterable[Event], policy: AccountPolicy) -> Mapping[str, Verdict]:
    """The verdicts on the hits among these events, by the event's key. Hand over all that are around those to show."""
    return judge((event for event in events if event.kind in ENGAGEMENT), context_of(message, policy))
