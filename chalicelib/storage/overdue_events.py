"""Events that should be gone: that nothing outlives its mail's window depends on DynamoDB's TTL, so that is looked at.

It is a sample, for there is no index by age and there shall be none: of each of a few parts of the table its first
page, which is the whole of a small table, and of a large one so much that a TTL which is off, or set on another
attribute, shows on its first day. That costs 2,000 read units, whatever the table's size.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core import instant
from chalicelib.storage.events import EventRow
from chalicelib.storage.tables import bind

LATE = timedelta(days=3)
"""DynamoDB deletes within a few days after the time."""

PARTS = 16


class Overdue(NamedTuple):
    """An event that is still there, and since when it should not be; None for one that would stay for ever."""

    message_id: str
    expired_at: datetime | None


class OverdueEvents:
    """Looks for them."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(EventRow, table_name, region)

    def sample(self, now: datetime) -> Iterator[Overdue]:
        """Those that a look at some of the table finds; none is as it should be."""
        expires_at = self._rows.expires_at
        is_overdue = expires_at.does_not_exist() | (expires_at < now - LATE)
        for part in range(PARTS):
            found = self._rows.scan(is_overdue, segment=part, total_segments=PARTS)
            for item in next(found.page_iter)["Items"]:
                when = item.get("expires_at")
                yield Overdue(
                    item["message_id"]["S"], instant.from_milliseconds(int(when["N"]) * 1000) if when else None
                )
