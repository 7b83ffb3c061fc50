"""Change an account's webhooks, and with them what the fold tells of.

The fold writes notices only of types that somebody listens to. It is told of a new type before the webhook is stored,
and that a type is not wanted any more afterwards: who breaks off in between leaves notices that nobody fetches, never
a webhook that nobody tells. Where two meet and one of them breaks off there may be such a webhook; so every change
looks whether all types are listened to.
"""

from collections.abc import Callable, Set
from datetime import datetime
from typing import Protocol

from chalicelib.core.webhook import types_wanted
from chalicelib.storage.webhooks import Changed, Known


class Webhooks(Protocol):
    """Webhooks of accounts."""

    def of(self, account: str) -> Known: ...
    def change(self, account: str, change: Callable[[Known], Known]) -> Changed: ...


class Policies(Protocol):
    """Settings of accounts, with what somebody listens to."""

    def listened_to(self, account: str) -> Set[str]: ...
    def listen(self, account: str, types: Set[str], now: datetime) -> None: ...


def change(
    account: str, change: Callable[[Known], Known], *, webhooks: Webhooks, policies: Policies, now: datetime
) -> Changed:
    """The webhooks before and after the change. Raises what `change` raises, and then nothing is changed."""
    before = webhooks.of(account)
    wanted, will_be = types_wanted(before.values()), types_wanted(change(before).values())
    if will_be != wanted or not wanted <= policies.listened_to(account):
        policies.listen(account, wanted | will_be, now)
        changed = webhooks.change(account, change)
    else:
        changed = webhooks.change(account, change)
        if types_wanted(changed.before.values()) == types_wanted(changed.after.values()) == wanted:
            return changed  # and nobody came in between who changed them
    latest = changed.after
    while True:  # until nobody has changed them meanwhile: the last one to listen must have seen the last change
        wanted = types_wanted(latest.values())
        policies.listen(account, wanted, now)
        latest = webhooks.of(account)
        if types_wanted(latest.values()) == wanted:
            return changed
