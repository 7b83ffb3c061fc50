"""A list that is spread over several partitions of an index, read page by page in the order of its places.

A filter makes DynamoDB read what it does not return, so a walk ends after so many items, whatever it found; then the
place where it stopped is told, and the next request goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition

PAGE_ITEMS = 500
MOST_PAGES = 4
"""Of one partition in one request with a filter. 2,000 items are some 500 KB, or 60 read units."""


class Walk(NamedTuple):
    """An index, its attribute that gives the places, and which of its items are wanted: where there are such, those
    between `start` and `end`, at which nothing stands; by what DynamoDB sorts out; and by what is looked at here."""

    index: Any
    place: Any
    only: Condition | None = None
    start: str | None = None
    end: str | None = None
    is_wanted: Callable[[Mapping[str, Any]], bool] | None = None


class Found(NamedTuple):
    """Places in the order of the walk; `onward` is where it stopped although there may be more, None at the end."""

    places: list[str]
    onward: str | None = None

    @property
    def has_more(self) -> bool:
        return self.onward is not None


def walked(walk: Walk, partition: str, limit: int, after: str | None, before: str | None) -> Found:
    """The places of one partition next to `after` (older) or `before` (newer): more than `limit`, if there are."""
    if _is_nowhere(walk, after, before):
        return Found([])
    pages = walk.index.query(
        partition,
        _range(walk, after, before),
        walk.only,
        scan_index_forward=before is not None,
        page_size=limit + 1 if walk.only is None else PAGE_ITEMS,
    ).page_iter
    places: list[str] = []
    name = walk.place.attr_name
    for _ in range(MOST_PAGES):
        page = next(pages, None)
        if page is None:
            return Found(places)
        places.extend(item[name]["S"] for item in page["Items"] if _is_found(walk, item, after, before))
        last = page.get("LastEvaluatedKey")
        if last is None:
            return Found(places)
        if len(places) > limit:
            break
    return Found(places, last[name]["S"])


def _is_nowhere(walk: Walk, after: str | None, before: str | None) -> bool:
    """Whether there can be no place between these; DynamoDB refuses to look then."""
    start, end = _ends(walk, after, before)
    return start is not None and end is not None and start >= end


def _ends(walk: Walk, after: str | None, before: str | None) -> tuple[str | None, str | None]:
    """Between which places the walk goes."""
    starts = [place for place in (walk.start, before) if place]
    ends = [place for place in (walk.end, after) if place]
    return max(starts, default=None), min(ends, default=None)


def _range(walk: Walk, after: str | None, before: str | None) -> Any:
    """The condition on the places. Of two ends DynamoDB takes in both, though nothing stands at those of a walk."""
    start, end = _ends(walk, after, before)
    if start is not None and end is not None:
        return walk.place.between(start, end)
    if start is not None:
        return walk.place > start
    return walk.place < end if end is not None else None


def _is_found(walk: Walk, item: Mapping[str, Any], after: str | None, before: str | None) -> bool:
    place = item[walk.place.attr_name]["S"]
    return place not in (after, before) and (walk.is_wanted is None or walk.is_wanted(item))


def merged(each: Sequence[Found], limit: int, *, is_newest_first: bool) -> Found:
    """At most `limit` places of several walks in one direction, none of them beyond a place up to which another one
    came: what it would have found there is not known."""
    nearest = max if is_newest_first else min
    ends = [found.onward for found in each if found.onward is not None]
    end = nearest(ends) if ends else None

    def is_known(place: str) -> bool:
        return end is None or (place >= end if is_newest_first else place <= end)

    known = sorted((place for found in each for place in found.places if is_known(place)), reverse=is_newest_first)
    if len(known) > limit:
        return Found(known[:limit], known[limit - 1])
    return Found(known, end)
