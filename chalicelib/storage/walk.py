"""A list that is spread over several partitions of an index, read page by page in the order of its places.

A filter makes DynamoDB read what it does not return, so a walk ends after so many items, whatever it found; then the
place where it stopped is told, and the next request goes on from there.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition

PAGE_ITEMS = 500
MOST_PAGES = 4
"""Of one partition in one request with a filter. 2,000 items are some 500 KB, or 60 read units."""


class Walk(NamedTuple):
    """An index, its attribute that gives the places, and which of its items are wanted."""

    index: Any
    place: Any
    only: Condition | None = None


class Found(NamedTuple):
    """Places in the order of the walk; `onward` is where it stopped although there may be more, None at the end."""

    places: list[str]
    onward: str | None = None

    @property
    def has_more(self) -> bool:
        return self.onward is not None


def walked(walk: Walk, partition: str, limit: int, after: str | None, before: str | None) -> Found:
    """The places of one partition next to `after` (older) or `before` (newer): more than `limit`, if there are."""
    key = (walk.place > before) if before else (walk.place < after) if after else None
    pages = walk.index.query(
        partition,
        key,
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
        places.extend(item[name]["S"] for item in page["Items"])
        last = page.get("LastEvaluatedKey")
        if last is None:
            return Found(places)
        if len(places) > limit:
            break
    return Found(places, last[name]["S"])


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
