"""Schedules of reports, all of one account in the item `report_schedules` of the table `account`, which has a version.

There are ten at most, and who looks for what is due needs all of them: one read.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.core import instant
from chalicelib.core.address_key import key_of
from chalicelib.core.named_address import bare
from chalicelib.core.report_schedule import Every, ReportSchedule
from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import is_as_read, next_version, until_done

Known = Mapping[str, ReportSchedule]
"""Schedules by their ids, oldest first."""


class ReportSchedules:
    """Reads and changes schedules."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def of(self, account: str) -> Known:
        """The account's schedules as they are now."""
        return _known(self._row(account))

    def change(self, account: str, change: Callable[[Known], Known]) -> Known:
        """Replaces the schedules by what `change` makes of them, which is asked again if another change came first.

        Raises what `change` raises, and then nothing is changed.
        """

        def attempt() -> Known | None:
            row = self._row(account)
            before = _known(row)
            after = change(before)
            if after == before:
                return after
            data = {schedule_id: _dump(one) for schedule_id, one in after.items()}
            made = self._rows(account, keys.REPORT_SCHEDULES, data=data, version=next_version(row))
            return after if is_done(lambda: made.save(condition=is_as_read(self._rows, row))) else None

        return until_done(attempt)

    def erase(self, account: str, address_key: str) -> int:
        """Removes all that are sent from this address: how many there were."""
        count = [0]

        def without(known: Known) -> Known:
            kept = {name: one for name, one in known.items() if key_of(bare(one.sender)) != address_key}
            count[0] = len(known) - len(kept)
            return kept

        self.change(account, without)
        return count[0]

    def _row(self, account: str) -> AccountRow | None:
        try:
            return self._rows.get(account, keys.REPORT_SCHEDULES, consistent_read=True)
        except self._rows.DoesNotExist:
            return None


def _known(row: AccountRow | None) -> Known:
    found = [_load(schedule_id, data) for schedule_id, data in (row.data if row else {}).items()]
    return {one.schedule_id: one for one in sorted(found, key=lambda one: (one.created_at, one.schedule_id))}


def _dump(schedule: ReportSchedule) -> dict[str, Any]:
    return {
        "report": schedule.report,
        "query": {name: list(values) for name, values in schedule.query.items()},
        "every": schedule.every.value,
        "at": schedule.at,
        "users": list(schedule.users),
        "sender": schedule.sender,
        "file_format": schedule.file_format,
        "enabled": schedule.enabled,
        "created_at": instant.show(schedule.created_at),
        "since": instant.show(schedule.since),
        "sent_for": schedule.sent_for,
        "problem": schedule.problem,
    }


def _load(schedule_id: str, data: Mapping[str, Any]) -> ReportSchedule:
    return ReportSchedule(
        schedule_id=schedule_id,
        report=data["report"],
        query={name: tuple(values) for name, values in data["query"].items()},
        every=Every(data["every"]),
        at=data["at"],
        users=tuple(data["users"]),
        sender=data["sender"],
        file_format=data["file_format"],
        enabled=data["enabled"],
        created_at=instant.parse(data["created_at"]),
        since=instant.parse(data["since"]),
        sent_for=data["sent_for"],
        problem=data["problem"],
    )
