"""A webhook: an address of a program that wants to be told, and the secrets that sign what it is told.

No secret is stored. Each is derived from a master key, of which the webhook knows the id, and a number that grows with
every rotation; so who reads the table can sign nothing. https://www.standardwebhooks.com
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.delivery import GONE, Delivery, Status
from chalicelib.core.notice import Type
from chalicelib.core.token import Keys

MOST = 10
"""Webhooks of one account."""

EVERYTHING = "*"
TEST = "webhook.test"
"""The type of what is sent to try a webhook. Every webhook takes it."""

TYPES = tuple(one.value for one in Type)
BOTH_SIGN = timedelta(hours=24)
"""So long the secret from before a rotation signs, too."""

FAILS_FOR = timedelta(days=3)
"""Where nothing was taken for so long and a notice had its last attempt nobody listens any more. It is shorter than all
attempts take: the last one of the first notice that fails comes later, even if some of the first were not noted."""


class Ended(StrEnum):
    """Why a webhook was switched off by us."""

    GONE = "gone"  # it answered 410
    FAILING = "failing"


class SecretName(NamedTuple):
    """Which secret of a webhook: by the id of the master key, and its number."""

    key_id: int
    generation: int


@dataclass(frozen=True)
class Webhook:
    """`previous` signs, too, until `previous_until`. `failing_since` is the first failure after the last success; with
    `disabled_reason` it was switched off by us and not by its owner. `renewed_at` is when its owner gave it another
    address or switched it on: what was tried before says nothing of it."""

    webhook_id: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    secret: SecretName
    description: str = ""
    enabled: bool = True
    previous: SecretName | None = None
    previous_until: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: Ended | None = None
    renewed_at: datetime | None = None

    def wants(self, kind: str) -> bool:
        """Whether it is told of this type."""
        return self.enabled and (kind == TEST or kind in self.events or EVERYTHING in self.events)


def types_wanted(webhooks: Iterable[Webhook]) -> frozenset[str]:
    """All types that one of them is told of."""
    known = list(webhooks)
    return frozenset(kind for kind in TYPES if any(one.wants(kind) for one in known))


def secret_of(webhook: Webhook, name: SecretName, keys: Keys) -> str:
    """A secret as its owner is told it. Without its master key it is another one, which nobody was told yet."""
    key_id = name.key_id if name.key_id in keys.secrets else keys.newest
    secret = keys.derive(key_id, f"webhook/{webhook.webhook_id}/{name.generation}")
    return f"whsec_{b64encode(secret).decode('ascii')}"


def signing(webhook: Webhook, keys: Keys, now: datetime) -> list[str]:
    """The secrets that sign at this time, the present one first."""
    names = [webhook.secret]
    if webhook.previous and webhook.previous_until and now < webhook.previous_until:
        names.append(webhook.previous)
    return [secret_of(webhook, name, keys) for name in names]


def rotated(webhook: Webhook, keys: Keys, now: datetime) -> Webhook:
    """With a new secret. The one before signs for a day more, one from before that not any more."""
    new = SecretName(keys.newest, webhook.secret.generation + 1)
    return replace(webhook, secret=new, previous=webhook.secret, previous_until=now + BOTH_SIGN)


def moved(webhook: Webhook, url: str, now: datetime) -> Webhook:
    """With another address."""
    return webhook if url == webhook.url else replace(webhook, url=url, renewed_at=now)


def enabled(webhook: Webhook, now: datetime) -> Webhook:
    """Switched on, whoever switched it off; what failed before is forgotten. One that does well stays as it is."""
    if webhook.enabled and webhook.failing_since is None:
        return webhook
    on = replace(webhook, enabled=True, failing_since=None, disabled_at=None, disabled_reason=None)
    return replace(on, renewed_at=now)


def disabled(webhook: Webhook, now: datetime, reason: Ended | None = None) -> Webhook:
    """Switched off, by its owner if there is no reason. One that is off stays as it is."""
    return replace(webhook, enabled=False, disabled_at=now, disabled_reason=reason) if webhook.enabled else webhook


def after(webhook: Webhook, delivery: Delivery) -> Webhook:
    """What it is after the latest attempt of a delivery. The same again changes nothing, so this can be made up for.

    Only the last attempt of a notice switches it off for failing, so somebody gets all attempts before. It begins no
    row of failures: no other one of this notice would end it.
    """
    attempt = delivery.attempts[-1]
    if webhook.renewed_at and attempt.at < webhook.renewed_at:
        return webhook
    since = webhook.failing_since
    if attempt.status_code == GONE:
        return disabled(webhook, attempt.at, Ended.GONE)
    if delivery.status is Status.DELIVERED:
        return replace(webhook, failing_since=None) if since and since <= attempt.at else webhook
    if delivery.status is Status.WAITING:
        return replace(webhook, failing_since=since or attempt.at)
    return disabled(webhook, attempt.at, Ended.FAILING) if since and attempt.at - since >= FAILS_FOR else webhook


def show(webhook: Webhook) -> dict[str, Any]:
    """The object `webhook` of the API, without its secret."""
    return {
        "object": "webhook",
        "id": webhook.webhook_id,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "enabled": webhook.enabled,
        "created_at": instant.show(webhook.created_at),
        "previous_secret_until": _time(webhook.previous_until),
        "failing_since": _time(webhook.failing_since),
        "disabled_at": _time(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason.value if webhook.disabled_reason else None,
    }


def _time(at: datetime | None) -> str | None:
    return instant.show(at) if at else None
