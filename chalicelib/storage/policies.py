"""Settings of accounts, in the item `settings` of the table `account`, beside the account's name."""

from collections.abc import Callable, Set
from dataclasses import replace
from datetime import datetime

from chalicelib.core import account_policy, instant
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import is_as_read, next_version, until_done


class Policies:
    """Reads and changes settings. An account without any has those of a new one."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def get(self, account: str, *, may_be_old: bool = False) -> AccountPolicy:
        """The account's settings as they are now; or, for half the price, as they just were."""
        return _policy(self._row(account, is_latest=not may_be_old))

    def listened_to(self, account: str) -> Set[str]:
        """The types of notices that somebody wants, as they were noted."""
        return self.get(account).listening.keys()

    def listen(self, account: str, types: Set[str], now: datetime) -> None:
        """Notes which types of notices somebody wants from now on; who has wanted one already goes on wanting it."""

        def listening(policy: AccountPolicy) -> AccountPolicy:
            return replace(policy, listening={one: policy.listening.get(one, now) for one in sorted(types)})

        self.change(account, listening)

    def change(self, account: str, change: Callable[[AccountPolicy], AccountPolicy]) -> AccountPolicy:
        """Replaces the settings by what `change` makes of them, which is asked again if another change came first.

        What else the item holds stays. Raises what `change` raises, and then nothing is changed.
        """

        def attempt() -> AccountPolicy | None:
            row = self._row(account, is_latest=True)
            before = _policy(row)
            after = change(before)
            if after == before:
                return after
            listening = {one: instant.show(since) for one, since in after.listening.items()}
            data = {**(row.data if row else {}), "policy": account_policy.show(after), "listening": listening}
            changed = self._rows(account, keys.SETTINGS, data=data)
            changed.version = next_version(row)
            is_stored = is_done(lambda: changed.save(condition=is_as_read(self._rows, row)))
            return after if is_stored else None

        return until_done(attempt)

    def _row(self, account: str, *, is_latest: bool) -> AccountRow | None:
        try:
            return self._rows.get(account, keys.SETTINGS, consistent_read=is_latest)
        except self._rows.DoesNotExist:
            return None


def _policy(row: AccountRow | None) -> AccountPolicy:
    data = row.data if row else {}
    listening = {one: instant.parse(since) for one, since in data.get("listening", {}).items()}
    return replace(account_policy.load(data.get("policy", {})), listening=listening)
