"""Templates with other requests and crashes between any two steps."""

from datetime import UTC, datetime, timedelta
from itertools import count

import boto3
import pytest

from chalicelib.core.template_body import Written
from chalicelib.flow.template import Lost, Stores, put, remove, whole
from chalicelib.gateways.template_contents import Bodies, TemplateContents
from chalicelib.storage.templates import Templates
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ONE = Written("One", "Hi", "<p>one</p>", None)
TWO = Written("Two", "Ho", "<p>two</p>", "two")


class Shelf:
    """Templates of one account. `crashes_at` is the call to the bucket or the table that never comes about; `meanwhile`
    is done once, before an item is written."""

    def __init__(self, stack) -> None:
        s3 = boto3.client("s3", region_name=REGION)
        self.bucket, self.s3 = stack.bucket, s3
        self.register, self.contents = Templates("account", REGION), TemplateContents(s3, stack.bucket)
        self.calls, self.crashes_at, self.meanwhile = count(1), 0, None
        self.ids = count(1)

    def step(self) -> None:
        if next(self.calls) == self.crashes_at:
            raise ConnectionError("crash")

    def put(self, new, template_id="a", now=NOON, *, is_calm=False):
        stores = Stores(self.register, self.contents) if is_calm else Stores(Stepping(self), Stepping(self))
        return put("acme", template_id, new, stores, new_id=lambda: str(next(self.ids)), now=now)

    def found(self, template_id="a"):
        return whole("acme", template_id, Stores(self.register, self.contents))

    def says(self, template_id="a"):
        found = self.found(template_id)
        return found and Written(found.name, found.subject, found.html, found.text)

    def kept(self) -> int:
        """How many bodies lie in the bucket."""
        return len(self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", []))


class Stepping:
    """The stores with a crash or another request in between."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def get(self, account, name):
        self.shelf.step()
        return self.shelf.register.get(account, name)

    def change(self, account, template_id, change):
        self.shelf.step()

        def changed(before):
            after = change(before)
            meanwhile, self.shelf.meanwhile = self.shelf.meanwhile, None
            if meanwhile:
                meanwhile()
            return after

        return self.shelf.register.change(account, template_id, changed)

    def put(self, account, content_id, bodies):
        self.shelf.step()
        self.shelf.contents.put(account, content_id, bodies)

    def delete(self, account, content_id):
        self.shelf.step()
        self.shelf.contents.delete(account, content_id)


@pytest.fixture
def shelf(stack) -> Shelf:
    return Shelf(stack)


def test_a_template_is_as_it_was_put_last_and_old_bodies_are_gone(shelf):
    first = shelf.put(ONE)
    second = shelf.put(TWO, now=LATER)
    assert shelf.found() == second
    assert (second.created_at, second.updated_at) == (first.created_at, LATER) == (NOON, LATER)
    assert shelf.says() == TWO
    assert shelf.kept() == 1


def test_putting_the_same_again_changes_nothing(shelf):
    first = shelf.put(ONE)
    assert shelf.put(ONE, now=LATER) == first == shelf.found()
    renamed = shelf.put(ONE._replace(name="New"), now=LATER)
    assert (renamed.name, renamed.html, renamed.updated_at) == ("New", ONE.html, LATER)
    assert (shelf.says(), shelf.kept()) == (ONE._replace(name="New"), 1)


@pytest.mark.parametrize("step", range(1, 5))
def test_after_a_crash_at_any_step_a_template_is_whole_and_can_be_put_again(shelf, step):
    shelf.put(ONE, is_calm=True)
    shelf.crashes_at = step
    with pytest.raises(ConnectionError):
        shelf.put(TWO)
    assert shelf.says() == (ONE if step < 4 else TWO)
    shelf.put(TWO)
    assert shelf.says() == TWO


OTHERS = {
    "another": lambda shelf: shelf.put(ONE._replace(html="<p>other</p>"), is_calm=True),
    "the same": lambda shelf: shelf.put(TWO, is_calm=True),
    "none any more": lambda shelf: remove("acme", "a", Stores(shelf.register, shelf.contents)),
    "one that was deleted and made anew": lambda shelf: (OTHERS["none any more"](shelf), OTHERS["another"](shelf)),
    "one that was and is again": lambda shelf: (OTHERS["another"](shelf), shelf.put(ONE, is_calm=True)),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("is_there", [True, False])
def test_of_two_at_once_the_later_one_stays_and_is_whole(shelf, other, is_there):
    if is_there:
        shelf.put(ONE, is_calm=True)
    shelf.meanwhile = lambda: other(shelf)
    shelf.put(TWO)
    assert shelf.says() == TWO
    assert shelf.kept() == 1


def test_a_template_that_is_replaced_while_it_is_read_is_read_again(shelf):
    shelf.put(ONE)

    class Replaced:
        def get(self, account, content_id):
            if shelf.says() == ONE:
                shelf.put(TWO)
            return shelf.contents.get(account, content_id)

    found = whole("acme", "a", Stores(shelf.register, Replaced()))
    assert found and found.html == TWO.html


def test_a_template_whose_bodies_are_lost_says_what_to_do(shelf):
    made = shelf.put(ONE)
    shelf.contents.delete("acme", made.content_id)
    with pytest.raises(Lost, match="PUT"):
        shelf.found()


def test_a_removed_template_leaves_nothing(shelf):
    stores = Stores(shelf.register, shelf.contents)
    shelf.put(ONE)
    assert [remove("acme", "a", stores), remove("acme", "a", stores)] == [True, False]
    assert (shelf.found(), shelf.kept()) == (None, 0)


def test_templates_are_listed_by_their_ids_without_bodies(shelf):
    for name in ("b", "ä", "a"):
        shelf.put(ONE._replace(name=name), template_id=name)
    assert [one.template_id for one in shelf.register.all("acme")] == ["a", "b", "ä"]
    page = shelf.register.page("acme", 2)
    assert ([one.name for one in page.templates], page.has_more, page.after) == (["a", "b"], True, "b")
    rest = shelf.register.page("acme", 2, after=page.after)
    assert ([one.html for one in rest.templates], rest.has_more) == ([None], False)
    assert shelf.register.all("other") == []


def test_bodies_are_kept_as_they_are(shelf):
    bodies = Bodies("<p>ä😀\r\n</p>" * 100_000, None)
    shelf.contents.put("acme", "x", bodies)
    assert shelf.contents.get("acme", "x") == bodies
    assert shelf.contents.get("other", "x") is None
