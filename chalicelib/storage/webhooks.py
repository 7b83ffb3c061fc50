"""Webhooks of accounts, all of one account in the item `webhooks` of the table `account`, which has a version.

There are ten at most, and who tells of a notice needs all of them: one read. And two that add one at the same time
cannot come to eleven.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.webhook import Ended, SecretName, Webhook
from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import is_as_read, next_version, until_done

Known = Mapping[str, Webhook]
"""Webhooks by their ids, oldest first."""


class Changed(NamedTuple):
    """All webhooks before and after a change."""

    before: Known
    after: Known


class Webhooks:
    """Reads and changes webhooks."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def of(self, account: str, *, may_be_old: bool = False) -> Known:
        """The account's webhooks as they are now; or, for half the price, as they just were."""
        return _known(self._row(account, is_latest=not may_be_old))

    def change(self, account: str, change: Callable[[Known], Known]) -> Changed:
        """Replaces the webhooks by what `change` makes of them, which is asked again if another change came first.

        Raises what `change` raises, and then nothing is changed.
        """

        def attempt() -> Changed | None:
            row = self._row(account, is_latest=True)
            before = _known(row)
            after = change(before)
            if after == before:
                return Changed(before, after)
            data = {webhook_id: _dump(one) for webhook_id, one in after.items()}
            made = self._rows(account, keys.WEBHOOKS, data=data, version=next_version(row))
            is_stored = is_done(lambda: made.save(condition=is_as_read(self._rows, row)))
            return Changed(before, after) if is_stored else None

        return until_done(attempt)

    def _row(self, account: str, *, is_latest: bool) -> AccountRow | None:
        try:
            return self._rows.get(account, keys.WEBHOOKS, consistent_read=is_latest)
        except self._rows.DoesNotExist:
            return None


def _known(row: AccountRow | None) -> Known:
    found = [_load(webhook_id, data) for webhook_id, data in (row.data if row else {}).items()]
    return {one.webhook_id: one for one in sorted(found, key=lambda one: (one.created_at, one.webhook_id))}


def _dump(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "events": webhook.events,
        "created_at": instant.show(webhook.created_at),
        "secret": webhook.secret,
        "description": webhook.description,
        "enabled": webhook.enabled,
        "previous": webhook.previous,
        "previous_until": _text(webhook.previous_until),
        "failing_since": _text(webhook.failing_since),
        "disabled_at": _text(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason,
        "renewed_at": _text(webhook.renewed_at),
    }


def _load(webhook_id: str, data: Mapping[str, Any]) -> Webhook:
    reason = data["disabled_reason"]
    return Webhook(
        webhook_id,
        data["url"],
        tuple(data["events"]),
        instant.parse(data["created_at"]),
        SecretName(*data["secret"]),
        data["description"],
        data["enabled"],
        SecretName(*data["previous"]) if data["previous"] else None,
        _time(data["previous_until"]),
        _time(data["failing_since"]),
        _time(data["disabled_at"]),
        Ended(reason) if reason else None,
        _time(data["renewed_at"]),
    )


def _text(at: datetime | None) -> str | None:
    return instant.show(at) if at else None


def _time(text: str | None) -> datetime | None:
    return instant.parse(text) if text else None
