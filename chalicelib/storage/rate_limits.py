"""How many calls of each minute are leased, in items of the table `account`: (key#<id>, rate#<minute>), with TTL."""

from datetime import timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.core import rate_limit
from chalicelib.core.problem import MailsightError
from chalicelib.storage import keys
from chalicelib.storage.tables import bind

KEPT = timedelta(minutes=5)


class CounterDown(MailsightError):
    """A counter could not be reached; the calls are not counted."""


class RateRow(Model):
    account = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    leased = NumberAttribute()
    expires_at = NumberAttribute()


class RateLimits:
    """The counters that all processes share."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(RateRow, table_name, region)

    def lease(self, key_id: str, window: int, number: int) -> int:
        """Adds so many calls to those that are leased in this minute; the sum. One write. Raises CounterDown.

        A write that is repeated because its answer was lost counts twice: the key is stopped early, never late.
        """
        row = self._rows(keys.api_key(key_id), keys.rate(window))
        expires_at = rate_limit.ends_at(window) + KEPT
        actions: list[Action] = [self._rows.leased.add(number), self._rows.expires_at.set(int(expires_at.timestamp()))]
        try:
            row.update(actions=actions)
        except PynamoDBException as error:
            raise CounterDown(f"the rate of a key cannot be counted: {error}") from error
        return int(row.leased)
