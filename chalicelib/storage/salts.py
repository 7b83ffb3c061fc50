"""The table `salts`: what the neighbourhoods of a day's hits are hashed with.

Hash key `day`, like 2026-11-21. Written by the tracking function with the first hit of a day (gateways/salts.py), read
here by that key for finding hits from an account's own networks. Two days later a salt is deleted, and from then on
nobody can tell where a hit came from; TTL stands behind that.
"""

from datetime import date, datetime, timedelta

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from chalicelib.storage.tables import bind

_LOOKED_BACK = 8
"""Days that are deleted together, so that what a sweep that did not run has left is gone with the next one."""


class SaltRow(Model):
    day = UnicodeAttribute(hash_key=True)
    salt = BinaryAttribute(legacy_encoding=False)
    expires_at = NumberAttribute()


class Salts:
    """Reads and deletes salts."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(SaltRow, table_name, region)

    def of(self, day: date, now: datetime) -> bytes | None:
        """The salt of a day (UTC); None if it is over or deleted, or if no hit has asked for one."""
        try:
            row = self._rows.get(day.isoformat(), consistent_read=True)
        except DoesNotExist:
            return None
        return bytes(row.salt) if row.expires_at > now.timestamp() else None  # TTL deletes up to days late

    def forget(self, day: date) -> None:
        """Deletes the salt of a day and those of the week before it; what is not there is no error."""
        days = [(day - timedelta(days=back)).isoformat() for back in range(_LOOKED_BACK)]
        for left in self._rows.batch_get(days, attributes_to_get=["day"]):  # most times there is none
            left.delete()
