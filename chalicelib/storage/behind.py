"""What the report tables are behind with, in the table `reports`: `behind#shard`, account and day.

A mark says that cells of a day changed, and stays until the day's table has been built so long after it that every
change that it announced must be in it. It is set *before* the change: whoever dies in between leaves a mark for
nothing, and never a change without one. Access: all marks, by shard; those of an account, for what its reports say of
themselves. An account whose time zone changed has a mark of another kind, until all its mails count on the right days.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.core import instant
from chalicelib.core.behind import Mark, Rezoning, has_all, kept_for
from chalicelib.storage import keys
from chalicelib.storage.tables import bind, is_done

MOST_KNOWN = 10_000


class BehindRow(Model):
    """`changed_at` is the latest mark, `since` the first one that is not built yet; `built_at` and `cells` are of the
    last build, and `begun_at` of one that has not ended. Of a change of time zone `place` is how far it got."""

    owner = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    changed_at = UnicodeAttribute()
    since = UnicodeAttribute()
    built_at = UnicodeAttribute(null=True)
    cells = NumberAttribute(null=True)
    begun_at = UnicodeAttribute(null=True)
    place = UnicodeAttribute(null=True)


def _now() -> datetime:
    return datetime.now(UTC)


class Behind:
    """Sets marks and takes them away. It remembers for some minutes what it marked."""

    def __init__(self, table_name: str, region: str, clock: Callable[[], datetime] = _now) -> None:
        self._rows = bind(BehindRow, table_name, region)
        self._clock = clock
        self._known: dict[tuple[str, str], datetime] = {}

    def mark(self, days: Iterable[tuple[str, str]]) -> None:
        """Says of these (account, day) that their cells are about to change."""
        for account, day in sorted(set(days)):
            now = self._clock()
            marked_at = self._known.get((account, day))
            if marked_at is None or not timedelta(0) <= now - marked_at < kept_for(day, now):
                self._set(account, keys.behind(account, day), now)
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[account, day] = now

    def _set(self, account: str, item: str, now: datetime) -> None:
        """A mark that somebody set later stays as it is: what it announced is longer on its way."""
        rows, text = self._rows, instant.show(now)
        actions: list[Action] = [rows.changed_at.set(text), rows.since.set(rows.since | text)]
        is_older = rows.changed_at.does_not_exist() | (rows.changed_at < text)
        is_done(lambda: rows(keys.behind_shard(account), item).update(actions=actions, condition=is_older))

    def all(self) -> list[Mark]:
        """Every mark of a day."""
        found = (row for shard in keys.behind_shards() for row in self._rows.query(shard, consistent_read=True))
        return [_mark(row) for row in found if not keys.is_rezoning(row.item)]

    def since(self, account: str, first: str, last: str) -> datetime | None:
        """Until when everything is in the tables of these days, None for until now."""
        shard, begin = keys.behind_shard(account), self._rows.item.startswith(keys.behind(account, ""))
        rows = list(self._rows.query(shard, begin, consistent_read=True))
        zones = [instant.parse(row.since) for row in rows if keys.is_rezoning(row.item)]
        marks = [_mark(row) for row in rows if first <= keys.behind_day(row.item) <= last]
        return min([*zones, *(mark.since for mark in marks if not has_all(mark))], default=None)

    def begun(self, mark: Mark, at: datetime) -> None:
        """Notes that somebody begins to build a day's table."""
        rows, row = self._rows, self._rows(keys.behind_shard(mark.account), keys.behind(mark.account, mark.day))
        actions: list[Action] = [rows.begun_at.set(instant.show(at))]
        is_done(lambda: row.update(actions=actions, condition=rows.item.exists()))

    def built(self, mark: Mark, at: datetime, cells: int) -> None:
        """Notes that a day's table was built from its cells as they were from this time on."""
        rows, row = self._rows, self._rows(keys.behind_shard(mark.account), keys.behind(mark.account, mark.day))
        text = instant.show(at)
        actions: list[Action] = [
            rows.since.set(text),
            rows.built_at.set(text),
            rows.cells.set(cells),
            rows.begun_at.remove(),
        ]
        is_done(lambda: row.update(actions=actions, condition=rows.item.exists()))

    def settle(self, mark: Mark) -> bool:
        """Takes a mark away, unless it was set anew."""
        rows, row = self._rows, self._rows(keys.behind_shard(mark.account), keys.behind(mark.account, mark.day))
        return is_done(lambda: row.delete(condition=rows.changed_at == instant.show(mark.changed_at)))

    def rezone(self, account: str) -> None:
        """Says that the account's time zone is about to change; a change before that begins anew."""
        rows, now = self._rows, instant.show(self._clock())
        actions: list[Action] = [rows.changed_at.set(now), rows.since.set(rows.since | now), rows.place.remove()]
        rows(keys.behind_shard(account), keys.rezoning(account)).update(actions=actions)

    def rezonings(self) -> list[Rezoning]:
        """The accounts whose mails may still count on the days of another time zone."""
        found = (row for shard in keys.behind_shards() for row in self._rows.query(shard, consistent_read=True))
        return [
            Rezoning(keys.rezoned(row.item), instant.parse(row.changed_at), row.place)
            for row in found
            if keys.is_rezoning(row.item)
        ]

    def is_rezoning(self, account: str) -> bool:
        """Whether the account's mails may still count on the days of another time zone."""
        found = self._rows.query(
            keys.behind_shard(account), self._rows.item == keys.rezoning(account), consistent_read=True
        )
        return any(found)

    def rezoned(self, rezoning: Rezoning, place: str | None) -> bool:
        """Notes up to which place its mails count right, None for all of them; False if it was to begin anew."""
        rows, row = self._rows, self._rows(keys.behind_shard(rezoning.account), keys.rezoning(rezoning.account))
        condition = rows.changed_at == instant.show(rezoning.asked_at)
        if place is None:
            return is_done(lambda: row.delete(condition=condition))
        return is_done(lambda: row.update(actions=[rows.place.set(place)], condition=condition))


def _mark(row: BehindRow) -> Mark:
    account, day = keys.behind_of(row.item)
    built_at, begun_at = (instant.parse(at) if at else None for at in (row.built_at, row.begun_at))
    changed_at, since = instant.parse(row.changed_at), instant.parse(row.since)
    return Mark(account, day, changed_at, since, built_at, int(row.cells or 0), begun_at)
