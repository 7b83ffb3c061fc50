"""Users of accounts, in the table `account`: `user#<id>`, found as directory.py says."""

from typing import Any, NamedTuple

from chalicelib.core.address_key import key_of
from chalicelib.core.user import User
from chalicelib.storage import directory, keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import until_done


class Page(NamedTuple):
    """A page of users, by their ids; `after` and `before` are the places from which to go on."""

    users: list[User]
    has_more: bool
    after: str | None
    before: str | None


class Users:
    """Reads and writes users."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def get(self, account: str, user_id: str) -> User | None:
        """The user of this id."""
        row = directory.find(self._rows, account, keys.user(user_id))
        return _user(row) if row else None

    def all(self, account: str) -> list[User]:
        """All users, by their ids."""
        return [_user(row) for row in directory.every(self._rows, account, keys.USERS)]

    def of_group(self, account: str, group: str) -> frozenset[str]:
        """The ids of all who are in a group; none if there is no such group."""
        return frozenset(user.user_id for user in self.all(account) if group in user.groups)

    def page(
        self, account: str, limit: int, after: str | None = None, before: str | None = None, group: str | None = None
    ) -> Page:
        """Users behind the id `after`, or the nearest ones before the id `before`; of one group, or all."""
        is_wanted = None if group is None else lambda row: group in row.data["groups"]
        found = directory.page(self._rows, account, keys.USERS, limit, after, before, is_wanted)
        users = [_user(row) for row in found.rows]
        ends = (users[-1].user_id, users[0].user_id) if users else (None, None)
        return Page(users, found.has_more, *ends)

    def put(self, account: str, user: User) -> None:
        """Stores a user in the place of the one with this id, if there is one; doing it again changes nothing."""
        self._rows(account, keys.user(user.user_id), data=_data(user)).save()

    def delete(self, account: str, user_id: str) -> bool:
        """Forgets a user; False if there is none with this id."""
        row = self._rows(account, keys.user(user_id))
        return is_done(lambda: row.delete(condition=self._rows.item.exists()))

    def of_address(self, account: str, address_key: str) -> list[User]:
        """Those whose address it is."""
        return [user for user in self.all(account) if _is_of(user, address_key)]

    def erase(self, account: str, address_key: str) -> int:
        """Takes an address from all users who have it: how many had. The users stay, for they are the account's."""
        return sum(self._erased(account, user.user_id, address_key) for user in self.of_address(account, address_key))

    def _erased(self, account: str, user_id: str, address_key: str) -> int:
        def attempt() -> int | None:
            row = directory.find(self._rows, account, keys.user(user_id))
            if row is None or not _is_of(_user(row), address_key):
                return 0
            changed = self._rows(account, row.item, data=_data(_user(row)._replace(address=None)))
            return 1 if is_done(lambda: changed.save(condition=directory.is_as_read(self._rows, row))) else None

        return until_done(attempt)


def _is_of(user: User, address_key: str) -> bool:
    return user.address is not None and key_of(user.address) == address_key


def _data(user: User) -> dict[str, Any]:
    return {"name": user.name, "address": user.address, "groups": list(user.groups)}


def _user(row: AccountRow) -> User:
    data = row.data
    return User(row.item.removeprefix(keys.USERS), data["name"], data["address"], tuple(data["groups"]))
