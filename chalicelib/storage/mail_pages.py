"""Pages of an account's mails, read from the indexes of the table `messages`.

What a filter asks of the index is sorted out there (storage/wanted.py). What mails count for only they themselves tell,
so those that may be wanted are read and looked at; how many in one request has a limit, like the walk itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from chalicelib.core.mail_filter import Only
from chalicelib.core.message import Message
from chalicelib.storage import keys, wanted
from chalicelib.storage.message_row import MessageRow, fold_of, message_of
from chalicelib.storage.walk import Found, Walk, merged, walked

MOST_AT_ONCE = 100
"""So many items does DynamoDB read by their keys in one call."""

MOST_LOOKED_AT = 300
"""So many mails are read in one request to find those that count in a column, beyond as many as are asked for. They are
some 300 read units."""


class Page(NamedTuple):
    """A page of an account's messages, newest first. It may hold fewer than were asked for, or none, and still have
    more: then as many were looked at as one request may. `after` and `before` are the places from which to go on to
    older and newer ones, None where there is nothing to go on from."""

    messages: list[Message]
    has_more: bool
    after: str | None = None
    before: str | None = None


class Part(NamedTuple):
    """Which part of a list is asked for: so many messages older than the place `after`, or newer than `before`."""

    limit: int
    after: str | None = None
    before: str | None = None

    @property
    def is_newest_first(self) -> bool:
        return self.before is None

    def onward(self, place: str | None, limit: int) -> "Part":
        """What comes behind a place in the same direction; from where it begins if there is none."""
        if place is None:
            return self._replace(limit=limit)
        return Part(limit, after=place) if self.is_newest_first else Part(limit, before=place)


def page(rows: type[MessageRow], account: str, part: Part, only: Only) -> Page:
    """The messages by when they were due, those of them that are wanted."""
    if wanted.is_for_none(only):
        return Page([], has_more=False)
    days = wanted.days_of(only)
    walk = Walk(
        rows.by_account,
        rows.accepted_key,
        wanted.condition_of(rows, only),
        start=days.earliest if days else None,
        end=days.end if days else None,
        is_wanted=wanted.is_wanted(only),
    )
    if only.is_of_counted:
        return _counted(rows, account, walk, part, only)
    return plain(rows, account, walk, part)


def plain(rows: type[MessageRow], account: str, walk: Walk, part: Part) -> Page:
    """All messages that a walk finds; its places have their ids."""
    found = _walked(account, walk, part)
    return _page_of([(place, _message(row)) for place, row in _read(rows, found.places)], found, part)


def _counted(rows: type[MessageRow], account: str, walk: Walk, part: Part, only: Only) -> Page:
    """Those of the messages that count as they are to. First only as many are read as are asked for: mostly that will
    do."""
    kept: list[tuple[str, Message]] = []
    found = Found([])
    for limit in (part.limit, MOST_LOOKED_AT):
        found = _walked(account, walk, part.onward(found.onward, limit))
        for place, row in _read(rows, found.places):
            if only.holds_for(fold_of(row).counted):
                kept.append((place, _message(row)))
            if len(kept) == part.limit:
                onward = found.onward if place == found.places[-1] else place
                return _page_of(kept, found._replace(onward=onward), part)
        if not found.has_more:
            break
    return _page_of(kept, found, part)


def _walked(account: str, walk: Walk, part: Part) -> Found:
    each = [walked(walk, shard, *part) for shard in keys.account_shards(account)]
    return merged(each, part.limit, is_newest_first=part.is_newest_first)


def _read(rows: type[MessageRow], places: Iterable[str]) -> Iterator[tuple[str, MessageRow]]:
    """The items of these places, in their order, read as they are needed."""
    left = iter(places)
    while batch := list(islice(left, MOST_AT_ONCE)):
        ids = {place.partition("#")[2]: place for place in batch}
        found = {row.message_id: row for row in rows.batch_get(list(ids))}
        yield from ((place, found[message_id]) for message_id, place in ids.items() if message_id in found)


def _message(row: MessageRow) -> Message:
    return message_of(row, fold_of(row).state)


def _page_of(kept: Sequence[tuple[str, Message]], found: Found, part: Part) -> Page:
    """The page of these messages, which stand in the order of the walk. At its end the way on leads to where the walk
    stopped, and the way back from its first message."""
    newest_first = list(kept) if part.is_newest_first else list(reversed(kept))
    first, last = (newest_first[0][0], newest_first[-1][0]) if newest_first else (None, None)
    onward = found.onward
    return Page(
        [message for _, message in newest_first],
        found.has_more,
        after=onward if part.is_newest_first and onward else last,
        before=onward if not part.is_newest_first and onward else first,
    )
