"""What may be done with a mail: its account's settings, and what its recipients said and what became of mails to them.

Asked when a mail is taken in, and again when it is sent, for all of it may have changed since.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.address_key import key_of
from chalicelib.core.consent import Entry
from chalicelib.core.message import Content, Envelope, Tracking
from chalicelib.core.named_address import bare
from chalicelib.core.suppression import Suppression
from chalicelib.core.tracking import Case, Wish, decide


class Policies(Protocol):
    """Settings of accounts."""

    def get(self, account: str) -> AccountPolicy: ...


class Consents(Protocol):
    """What people said about being tracked."""

    def of(self, account: str, address_key: str) -> Sequence[Entry]: ...


class Suppressions(Protocol):
    """Addresses that get no mail."""

    def of(self, account: str, address_keys: Sequence[str]) -> Sequence[Suppression | None]: ...


class Stores(NamedTuple):
    """Where all of this is kept."""

    policies: Policies
    consents: Consents
    suppressions: Suppressions


class Permission(NamedTuple):
    """What was found for one mail; `consents` and `suppressions` in the order of its recipients."""

    policy: AccountPolicy
    consents: tuple[Sequence[Entry], ...]
    suppressions: tuple[Suppression | None, ...]


def permission_of(account: str, envelope: Envelope, stores: Stores) -> Permission:
    """What is known at this moment. Errors of the stores pass through: what is not known is no permission."""
    keys = [key_of(bare(recipient)) for recipient in envelope.recipients]
    said = {key: stores.consents.of(account, key) for key in dict.fromkeys(keys)}
    suppressions = tuple(stores.suppressions.of(account, keys))
    return Permission(stores.policies.get(account), tuple(said[key] for key in keys), suppressions)


def tracking_of(envelope: Envelope, content: Content, wish: Wish, permission: Permission, now: datetime) -> Tracking:
    """What of a mail is tracked at this moment: never more than is wished for."""
    decision = decide(Case(permission.policy, envelope, content, permission.consents, wish, now))
    return Tracking(decision.opens, decision.clicks, decision.reason, mode=decision.mode)
