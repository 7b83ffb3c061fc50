"""What people said about being tracked, in the table `account`: an item for each thing that was said, deleted only
when the person is erased.

Range key `consent#<address>#<time>#<act>#<digest>`. Access: all that one person said, by the key of their address.
"""

import hashlib
import json
from datetime import datetime
from functools import partial
from typing import Any

from pynamodb.expressions.operand import Path
from pynamodb.transactions import TransactWrite

from chalicelib.core import consent, instant
from chalicelib.core import mode as modes
from chalicelib.core.consent import Act, Entry
from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done


class Consents:
    """Reads and adds entries. There is nothing to change, so two writers never meet."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def of(self, account: str, address_key: str) -> list[Entry]:
        """All that this person said, oldest first, as it is at this moment."""
        theirs = self._rows.item.startswith(keys.consents(address_key))
        return [_entry(row.data) for row in self._rows.query(account, theirs, consistent_read=True)]

    def add(self, account: str, address_key: str, entry: Entry) -> None:
        """Notes what somebody said; the same entry again changes nothing."""
        self._row(account, address_key, entry).save()

    def erase(self, account: str, address_key: str, until: datetime) -> int:
        """Forgets all of what this person said that was noted until then; how much that was."""
        theirs = self._rows.item.startswith(keys.consents(address_key))
        rows = self._rows.query(account, theirs, consistent_read=True)
        found = [row for row in rows if _entry(row.data).noted_at <= until]
        for row in found:
            row.delete()
        return len(found)

    def unname(self, account: str, address_key: str, until: datetime) -> None:
        """Takes this address out of what others said that was noted until then. Each entry is replaced at one moment,
        for its key is made of what it says; so it can be repeated."""
        has_addresses = Path("data").contains("@")  # of the JSON; most have none, and are not brought here
        anybodys = self._rows.query(
            account, self._rows.item.startswith(keys.CONSENTS), has_addresses, consistent_read=True
        )
        for row in anybodys:
            before = _entry(row.data)
            after = consent.unnamed(before, address_key)
            if after != before and before.noted_at <= until:
                is_done(partial(self._replace, row, after))

    def _replace(self, row: AccountRow, after: Entry) -> None:
        address_key = row.item.removeprefix(keys.CONSENTS).rsplit("#", 3)[0]
        with TransactWrite(connection=self._rows._get_connection().connection) as transaction:
            transaction.delete(row, condition=self._rows.item.exists())
            transaction.save(self._row(row.account, address_key, after))

    def _row(self, account: str, address_key: str, entry: Entry) -> AccountRow:
        data = _data(entry)
        digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
        return self._rows(account, keys.consent(address_key, data["at"], data["act"], digest), data=data)


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "act": entry.act.value,
        "at": instant.show(entry.at),
        "how": entry.how,
        "by": entry.by,
        "noted_at": instant.show(entry.noted_at),
        "mode": modes.show(entry.mode),
    }


def _entry(data: dict[str, Any]) -> Entry:
    return Entry(
        act=Act(data["act"]),
        at=instant.parse(data["at"]),
        how=data["how"],
        by=data["by"],
        noted_at=instant.parse(data["noted_at"]),
        mode=modes.parse(data["mode"]),
    )
