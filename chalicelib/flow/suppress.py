"""What became of a mail ends further mails to its recipients: who complained, bounced or unsubscribed gets no more.

Whatever is told again or in another order comes to the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol

from chalicelib.core import suppression
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import key_of
from chalicelib.core.message import Message
from chalicelib.core.named_address import bare
from chalicelib.core.soft_bounces import Fate, Outcome, Row, added, cause_of, fate_of
from chalicelib.core.summary import Delivery, RecipientState
from chalicelib.core.suppression import Cause, Reason, Suppression, causes_in, rest


class Suppressions(Protocol):
    """Where suppressions and rows of soft bounces are, by account and key of the address."""

    def row(self, account: str, address_key: str) -> Row: ...
    def change(self, account: str, address_key: str, change: Callable[[Suppression], Suppression]) -> Suppression: ...
    def change_both(
        self, account: str, address_key: str, change: Callable[[Suppression, Row], tuple[Suppression, Row]]
    ) -> tuple[Suppression, Row]: ...


def suppress(message: Message, delivery: Delivery, *, suppressions: Suppressions, policy: AccountPolicy) -> None:
    """Notes what this delivery of a message says about its recipients beyond what the message's own state says.

    To be called before the delivery is stored as the message's state, so that a crash between repeats it. Complaints,
    hard bounces and unsubscribing suppress at once; soft bounces go into the address's row, which suppresses it for a
    while when it is long enough. An arrival goes into a row only if there is one: at an address that never bounced it
    costs one read and no write, and so a row begins with the first of its mails that was known to bounce.
    """
    for address, cause in _causes(message, delivery):
        suppressions.change(message.account, address, partial(suppression.suppress, cause=cause))
    for address, fate in _fates(message, delivery):
        if fate.outcome is not Outcome.ARRIVED or suppressions.row(message.account, address):
            _add(message.account, address, fate, suppressions, policy)


def suppress_unnamed(message: Message, delivery: Delivery, *, suppressions: Suppressions) -> None:
    """Notes what an erased message's sole recipient did beyond what its state says, under the hash that is left of
    their address. Of a recipient who was erased nothing is left, and nothing is noted."""
    if message.recipient_hash is None:
        return
    known = {cause.reason: cause.at for cause in _unnamed_causes(message.state.delivery)}
    for cause in _unnamed_causes(delivery):
        if cause.reason not in known or (cause.reason is Reason.UNSUBSCRIBED and cause.at > known[cause.reason]):
            suppressions.change(message.account, message.recipient_hash, partial(_with_unnamed, cause=cause))


def _unnamed_causes(delivery: Delivery) -> Iterator[Cause]:
    yield from (replace(cause, detail="") for _, cause in causes_in(delivery))
    if delivery.unsubscribed_at:
        yield Cause(Reason.UNSUBSCRIBED, delivery.unsubscribed_at)


def _with_unnamed(known: Suppression, cause: Cause) -> Suppression:
    return suppression.forget(suppression.suppress(known, cause))


def _causes(message: Message, delivery: Delivery) -> Iterator[tuple[str, Cause]]:
    """What suppresses an address at once and was not known before."""
    known = set(_all_causes(message, message.state.delivery))
    return (one for one in _all_causes(message, delivery) if one not in known)


def _all_causes(message: Message, delivery: Delivery) -> Iterator[tuple[str, Cause]]:
    yield from causes_in(delivery)
    recipients = message.envelope.recipients
    if delivery.unsubscribed_at and len(recipients) == 1:  # of several nobody can say who it was
        yield key_of(bare(recipients[0])), Cause(Reason.UNSUBSCRIBED, delivery.unsubscribed_at)


def _fates(message: Message, delivery: Delivery) -> Iterator[tuple[str, Fate]]:
    """What became of the mail at each address where that was not known before."""
    before = message.state.delivery.recipients
    for address, known in delivery.recipients.items():
        fate, told = (
            fate_of(message.message_id, message.due_at, each) for each in (known, before.get(address, RecipientState()))
        )
        if fate and fate != told:
            yield address, fate


def _add(account: str, address: str, fate: Fate, suppressions: Suppressions, policy: AccountPolicy) -> None:
    def change(known: Suppression, row: Row) -> tuple[Suppression, Row]:
        longer = added(row, fate)
        return rest(known, cause_of(longer, policy, known.lifted_at)), longer

    suppressions.change_both(account, address, change)
