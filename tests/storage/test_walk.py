"""Walking partitions of an index with a filter that finds little: every request ends, and nothing is skipped."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.storage.walk import MOST_PAGES, PAGE_ITEMS, Found, Walk, merged, walked


class Place:
    """An attribute whose comparisons tell what to leave out."""

    attr_name = "place"

    def __gt__(self, other):
        return lambda place: place > other

    def __lt__(self, other):
        return lambda place: place < other

    def between(self, first, last):
        return lambda place: first <= place <= last


class Answer(NamedTuple):
    page_iter: object


class Index:
    """Partitions of places; what ends with `+` is wanted. Counts the pages that were read."""

    def __init__(self, **partitions: list[str]) -> None:
        self.partitions = partitions
        self.pages = 0

    def query(self, partition, key, only, *, scan_index_forward, page_size):
        places = sorted(self.partitions[partition], reverse=not scan_index_forward)
        return Answer(self._pages([place for place in places if key is None or key(place)], only, page_size))

    def _pages(self, places, only, size):
        for start in range(0, max(1, len(places)), size):
            page = places[start : start + size]
            self.pages += 1
            wanted = [{"place": {"S": place}} for place in page if only is None or place.endswith("+")]
            more = {"LastEvaluatedKey": {"place": {"S": page[-1]}}} if len(places) > start + size else {}
            yield {"Items": wanted, **more}


def walk(index: Index, limit: int, *, after=None, before=None) -> Found:
    every = [walked(Walk(index, Place(), "wanted"), name, limit, after, before) for name in index.partitions]
    return merged(every, limit, is_newest_first=before is None)


def test_a_walk_that_finds_nothing_ends_and_tells_where_to_go_on():
    places = [f"{number:05d}" for number in range(3 * PAGE_ITEMS * MOST_PAGES)]
    index = Index(a=places)
    found = walk(index, 20)
    assert (found.places, index.pages) == ([], MOST_PAGES)
    assert found.onward == places[-PAGE_ITEMS * MOST_PAGES]
    walk(index, 20, after=found.onward)
    assert walk(index, 20, after=walk(index, 20, after=found.onward).onward) == Found([])


def test_a_walk_ends_with_the_page_on_which_it_has_enough():
    index = Index(a=[f"{number:05d}+" for number in range(5_000)])
    assert len(walk(index, 20).places) == 20
    assert index.pages == 1


def test_what_lies_beyond_the_end_of_a_shorter_walk_waits_for_the_next_request():
    rare = [f"{number:05d}" for number in range(10_000)]
    index = Index(a=rare, b=["00001+", "09999+"])
    first = walk(index, 20)
    assert (first.places, first.has_more) == (["09999+"], True)
    seen, page = list(first.places), first
    while page.has_more:
        page = walk(index, 20, after=page.onward)
        seen += page.places
    assert seen == ["09999+", "00001+"]


@given(
    st.lists(st.tuples(st.integers(0, 99_999), st.booleans(), st.sampled_from("abc")), unique_by=lambda one: one[0]),
    st.integers(1, 7),
    st.booleans(),
)
def test_pages_in_either_direction_give_every_wanted_place_once_and_in_order(places, limit, is_newest_first):
    partitions = {name: [] for name in "abc"}
    for number, is_wanted, name in places:
        partitions[name].append(f"{number:05d}{'+' if is_wanted else ''}")
    wanted = sorted(place for some in partitions.values() for place in some if place.endswith("+"))
    index, seen = Index(**partitions), []
    page = walk(index, limit) if is_newest_first else walk(index, limit, before="0")
    seen += page.places
    while page.has_more:
        page = walk(index, limit, **{"after" if is_newest_first else "before": page.onward})
        seen += page.places
    expected = wanted[::-1] if is_newest_first else [place for place in wanted if place > "0"]
    assert seen == expected
