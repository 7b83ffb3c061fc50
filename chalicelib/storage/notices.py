"""Notices, in the table `outbox` beside the deliveries of them.

Hash `owner`, for a notice account#shard, range `item`: `notice#` and the time when it became known, then its id.
Access: one by its key; those of an account between two times, to tell them again. TTL on `expires_at`. The table's
stream feeds `notify`.
"""

import json
from collections.abc import Iterator
from datetime import datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core import instant
from chalicelib.core.notice import KEPT, Notice
from chalicelib.storage import keys
from chalicelib.storage.tables import bind


class NoticeRow(Model):
    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    notice_id = UnicodeAttribute()
    account = UnicodeAttribute()
    message_id = UnicodeAttribute()
    type = UnicodeAttribute()
    occurred_at = UnicodeAttribute()
    about = UnicodeAttribute()
    expires_at = TTLAttribute()


class Notices:
    """Reads and writes notices. DynamoDB deletes up to days after `expires_at`, so every read is told the time."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(NoticeRow, table_name, region)

    def put_in(self, transaction: TransactWrite, notice: Notice) -> None:
        """Adds a notice to the transaction that stores the state it comes from."""
        transaction.save(
            self._rows(
                keys.account_shard(notice.account, notice.message_id),
                keys.notice(notice.key),
                notice_id=notice.notice_id,
                account=notice.account,
                message_id=notice.message_id,
                type=notice.type,
                occurred_at=instant.show(notice.occurred_at),
                about=json.dumps(dict(notice.about), separators=(",", ":")),
                expires_at=notice.written_at + KEPT,
            )
        )

    def get(self, account: str, message_id: str, key: str, *, now: datetime) -> Notice | None:
        """The notice of this key (`Notice.key`) about this message, if it is still kept."""
        try:
            row = self._rows.get(keys.account_shard(account, message_id), keys.notice(key), consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        return _notice(row) if row.expires_at > now else None

    def between(self, account: str, start: datetime, end: datetime, *, now: datetime) -> Iterator[Notice]:
        """The account's notices that became known from `start` on and before `end`: shard by shard, oldest first."""
        span = self._rows.item.between(keys.notice(instant.show(start)), keys.notice(instant.show(end)))
        for shard in keys.account_shards(account):
            for row in self._rows.query(shard, span, self._rows.expires_at > now):
                yield _notice(row)


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        row.notice_id,
        row.account,
        row.message_id,
        row.type,
        instant.parse(row.occurred_at),
        instant.parse(row.item.split("#")[1]),
        json.loads(row.about),
    )
