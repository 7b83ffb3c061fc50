"""The table `account`: accounts, their API keys, and the Idempotency-Keys they used.

Hash key `account`, range key `item`. Access: an account's settings (account, "settings"), which policies.py changes;
the register of accounts ("accounts", account); an API key (key#<id>, "key"), found by its unguessable id; an
Idempotency-Key (account, idempotency#…), with TTL. Other items are described in consents.py and suppressions.py.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.core import instant, rate_limit
from chalicelib.core.apikey import BEARER, ApiKey
from chalicelib.core.message import Message
from chalicelib.storage import keys
from chalicelib.storage.messages import Messages
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import until_done


class AccountRow(Model):
    account = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    data = JSONAttribute()
    version = NumberAttribute(null=True)  # grows by one with each change, where several may change an item
    expires_at = NumberAttribute(null=True)


class Claim(NamedTuple):
    """A used Idempotency-Key: a hash of the body it came with, and the id of what is made of it. While it is open,
    that may not be made yet."""

    key: str
    body_hash: str
    made_id: str
    expires_at: datetime
    is_open: bool = False


class Account:
    """Reads and writes what belongs to an account."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def create(self, account: str, name: str) -> None:
        """Registers an account; one that is there already is left as it is."""
        for hash_key, item in ((account, keys.SETTINGS), (keys.ACCOUNTS, account)):
            row = self._rows(hash_key, item, data={"name": name})
            is_done(partial(row.save, condition=self._rows.item.does_not_exist()))

    def exists(self, account: str) -> bool:
        """Whether an account of this id is registered."""
        try:
            self._rows.get(account, keys.SETTINGS, attributes_to_get=["account", "item"])
        except self._rows.DoesNotExist:
            return False
        return True

    def all(self) -> Iterator[str]:
        """The ids of all accounts."""
        for row in self._rows.query(keys.ACCOUNTS):
            yield row.item

    def add_key(self, key: ApiKey) -> None:
        """Stores an API key; only the hash of its secret."""
        data = {
            "account": key.account,
            "name": key.name,
            "scopes": sorted(key.scopes),
            "secret_hash": key.secret_hash,
            "created_at": instant.show(key.created_at),
            "expires_at": instant.show(key.expires_at) if key.expires_at else None,
            "revoked_at": instant.show(key.revoked_at) if key.revoked_at else None,
            "kind": key.kind,
            "rate_limit": key.rate_limit,
        }
        self._rows(keys.api_key(key.key_id), keys.API_KEY, data=data).save()

    def key(self, key_id: str) -> ApiKey | None:
        """The API key with this id."""
        try:
            data = self._rows.get(keys.api_key(key_id), keys.API_KEY).data
        except self._rows.DoesNotExist:
            return None
        return ApiKey(
            key_id=key_id,
            account=data["account"],
            name=data["name"],
            scopes=frozenset(data["scopes"]),
            secret_hash=data["secret_hash"],
            created_at=instant.parse(data["created_at"]),
            expires_at=instant.parse(data["expires_at"]) if data["expires_at"] else None,
            revoked_at=instant.parse(data["revoked_at"]) if data["revoked_at"] else None,
            kind=data.get("kind", BEARER),
            rate_limit=data.get("rate_limit", rate_limit.USUAL),
        )

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Ends an API key for good; False if there is none with this id. One that is revoked keeps its first time."""
        try:
            row = self._rows.get(keys.api_key(key_id), keys.API_KEY, consistent_read=True)
        except self._rows.DoesNotExist:
            return False
        if row.data["revoked_at"]:
            return True
        ended = self._rows.data.set({**row.data, "revoked_at": instant.show(at)})
        return is_done(lambda: row.update(actions=[ended], condition=self._rows.item.exists()))

    def claim(self, account: str, key: str, now: datetime) -> Claim | None:
        """What this Idempotency-Key stands for, if it was used in the last 24 hours."""
        try:
            row = self._rows.get(account, key, consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        if row.expires_at is None or row.expires_at <= now.timestamp():  # TTL deletes up to two days late
            return None
        expires_at = instant.from_milliseconds(int(row.expires_at) * 1000)
        data = row.data
        return Claim(key, data["body_hash"], data["made_id"], expires_at, is_open=data["is_open"])

    def claim_first(self, account: str, claim: Claim, now: datetime) -> Claim:
        """Stores a used Idempotency-Key before anything is made of it; the one that is there, if another was faster."""
        row = self._claimed(account, claim)
        is_stored = partial(row.save, condition=self._is_free(now))
        return until_done(lambda: claim if is_done(is_stored) else self.claim(account, claim.key, now))

    def close(self, account: str, claim: Claim) -> None:
        """Notes that it is made. Of a key that is forgotten already there is nothing to note."""
        row = self._claimed(account, claim._replace(is_open=False))
        closed = self._rows.data.set(row.data)
        is_done(lambda: row.update(actions=[closed], condition=self._rows.item.exists()))

    def accept(self, claim: Claim, message: Message, messages: Messages, now: datetime) -> bool:
        """Stores a message together with its Idempotency-Key, both or neither; False if the key is used already."""
        row, is_free = self._claimed(message.account, claim), self._is_free(now)

        def write() -> None:
            with messages.transaction() as transaction:
                transaction.save(row, condition=is_free)
                messages.put_in(transaction, message)

        return is_done(write)

    def _claimed(self, account: str, claim: Claim) -> AccountRow:
        data = {"body_hash": claim.body_hash, "made_id": claim.made_id, "is_open": claim.is_open}
        return self._rows(account, claim.key, data=data, expires_at=int(claim.expires_at.timestamp()))

    def _is_free(self, now: datetime) -> Condition:
        """The condition that a key was not used in the last 24 hours."""
        is_free = self._rows.item.does_not_exist() | (self._rows.expires_at <= int(now.timestamp()))
        assert isinstance(is_free, Condition)
        return is_free
