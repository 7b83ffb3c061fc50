"""Leases of what only one worker is to do at a time, in the table `reports`: `leases`, name.

They save work and keep nobody from being wrong: what is done under a lease must be right without it.
"""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.core import instant
from chalicelib.storage import keys
from chalicelib.storage.tables import bind, is_done


class LeaseRow(Model):
    """`holder` is the worker's mark."""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    holder = UnicodeAttribute()
    ends_at = UnicodeAttribute()


class Leases:
    """Gives leases, and takes them back."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(LeaseRow, table_name, region)

    def take(self, name: str, holder: str, now: datetime, ends_at: datetime) -> bool:
        """Whether the worker has it now: it was free, or theirs already, or its time was over."""
        rows = self._rows
        is_free = rows.item.does_not_exist() | (rows.ends_at <= instant.show(now)) | (rows.holder == holder)
        row = rows(keys.LEASES, name, holder=holder, ends_at=instant.show(ends_at))
        return is_done(lambda: row.save(condition=is_free))

    def give_back(self, name: str, holder: str) -> None:
        """Frees it, if it is still the worker's."""
        row = self._rows(keys.LEASES, name)
        is_done(lambda: row.delete(condition=self._rows.holder == holder))
