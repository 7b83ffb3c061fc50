"""Suppressions and rows of soft bounces: kept whole, listed by their latest news, and never lost to another writer."""

from datetime import timedelta

import pytest

from chalicelib.core import suppression
from chalicelib.core.soft_bounces import Fate, Outcome, added
from chalicelib.core.suppression import Cause, Reason, Suppression
from chalicelib.storage.suppressions import ROW_LASTS, Suppressions
from tests.core.happenings import ANNA, NOON, at
from tests.moto_stack import REGION

RAJ, LI = "raj@example.com", "li@example.com"
COMPLAINT = Cause(Reason.COMPLAINT, at(1))
BOUNCE = Cause(Reason.HARD_BOUNCE, at(2), detail="550 no such user: ünbekannt")
BY_HAND = Cause(Reason.MANUAL, at(3), at(900), "left the company", "ina")
SOFT = Fate("a" * 32, NOON, Outcome.SOFT, at(60), "mailbox full")
ARRIVED = Fate("b" * 32, at(10), Outcome.ARRIVED, at(70))


@pytest.fixture
def suppressions(stack) -> Suppressions:
    return Suppressions("account", REGION)


def with_cause(cause):
    return lambda known: suppression.suppress(known, cause)


def with_fate(fate):
    return lambda known, row: (known, added(row, fate))


def items(suppressions, beginning):
    return [row.item for row in suppressions._rows.query("acme", suppressions._rows.item.startswith(beginning))]


def test_all_that_is_known_is_kept_for_this_account_and_address(suppressions):
    for cause in (COMPLAINT, BOUNCE, BY_HAND):
        suppressions.change("acme", ANNA, with_cause(cause))
    assert suppressions.get("acme", ANNA) == Suppression(ANNA, (COMPLAINT, BOUNCE, BY_HAND))
    lifted = suppressions.change("acme", ANNA, lambda known: suppression.lift(known, at(9), "ina"))
    assert (
        suppressions.get("acme", ANNA)
        == lifted
        == Suppression(ANNA, (), at(9), "ina", ((Reason.COMPLAINT, COMPLAINT.at),))
    )
    assert suppressions.get("acme", RAJ) is None
    assert suppressions.get("berg", ANNA) is None


def test_several_addresses_are_found_at_once_in_their_order(suppressions):
    suppressions.change("acme", ANNA, with_cause(COMPLAINT))
    suppressions.change("berg", RAJ, with_cause(COMPLAINT))
    known = Suppression(ANNA, (COMPLAINT,))
    many = [f"{number}@example.com" for number in range(47)]
    assert suppressions.of("acme", [RAJ, ANNA, LI, ANNA, *many])[:4] == [None, known, None, known]
    assert suppressions.of("acme", many) == [None] * 47


def test_an_address_stands_in_the_list_once_at_its_latest_news(suppressions):
    for address, cause in ((ANNA, COMPLAINT), (RAJ, BOUNCE), (ANNA, BY_HAND)):
        suppressions.change("acme", address, with_cause(cause))
    assert [one.address for one in suppressions.page("acme", 9).suppressions] == [ANNA, RAJ]
    suppressions.change("acme", RAJ, lambda known: suppression.lift(known, at(99), "ina"))
    page = suppressions.page("acme", 9)
    assert page.suppressions == [suppressions.get("acme", RAJ), suppressions.get("acme", ANNA)]
    assert len(items(suppressions, "suppressed#")) == 2


def test_the_list_is_paged_both_ways_and_holds_nothing_else(suppressions):
    suppressions._rows("acme", "settings", data={}).save()
    suppressions._rows("acme", "zzz", data={}).save()
    suppressions.change("berg", ANNA, with_cause(COMPLAINT))
    for number in range(5):
        suppressions.change("acme", f"{number}@example.com", with_cause(Cause(Reason.MANUAL, at(number))))

    def shown(**where):
        page = suppressions.page("acme", 2, **where)
        return page, [one.address[0] for one in page.suppressions], page.has_more

    first, *found = shown()
    assert found == [["4", "3"], True]
    second, *found = shown(after=first.after)
    assert found == [["2", "1"], True]
    third, *found = shown(after=second.after)
    assert found == [["0"], False]
    _, *found = shown(before=third.before)
    assert found == [["2", "1"], True]
    _, *found = shown(before=second.before)
    assert found == [["4", "3"], False]
    nothing, *found = shown(before=first.before)
    assert (found, nothing.after, nothing.before) == ([[], False], None, None)


def test_a_page_goes_on_where_an_address_moved_away(suppressions):
    for number in range(3):
        suppressions.change("acme", f"{number}@example.com", with_cause(Cause(Reason.MANUAL, at(number))))
    first = suppressions.page("acme", 2)
    suppressions.change("acme", "1@example.com", lambda known: suppression.lift(known, at(9), "ina"))
    assert [one.address for one in suppressions.page("acme", 2, after=first.after).suppressions] == ["0@example.com"]


def test_an_address_of_which_nothing_holds_any_more_is_in_no_list(suppressions):
    resting = Cause(Reason.SOFT_BOUNCES, at(5), at(100))
    suppressions.change("acme", ANNA, lambda known: suppression.rest(known, resting))
    suppressions.change("acme", ANNA, lambda known: suppression.rest(known, None))
    assert suppressions.page("acme", 9).suppressions == []
    assert suppressions.get("acme", ANNA) == Suppression(ANNA)


def test_a_row_is_kept_with_its_mails_until_no_rest_can_come_of_it(suppressions):
    for fate in (SOFT, ARRIVED):
        suppressions.change_both("acme", ANNA, with_fate(fate))
    assert suppressions.row("acme", ANNA) == (ARRIVED, SOFT)
    assert suppressions.row("acme", RAJ) == suppressions.row("berg", ANNA) == ()
    stored = suppressions._rows.get("acme", f"outcomes#{ANNA}")
    assert stored.expires_at == int((ARRIVED.sent_at + ROW_LASTS).timestamp())
    assert items(suppressions, "suppress") == [], "nothing is suppressed by that"
    assert timedelta(days=365 + 100 - 1) < ROW_LASTS


def test_what_changes_nothing_writes_nothing(suppressions):
    suppressions.change("acme", ANNA, with_cause(COMPLAINT))
    before = [row.version for row in suppressions._rows.query("acme")]
    for cause in (COMPLAINT, Cause(Reason.COMPLAINT, at(8))):
        suppressions.change("acme", ANNA, with_cause(cause))
    suppressions.change("acme", RAJ, lambda known: known)
    assert [row.version for row in suppressions._rows.query("acme")] == before


@pytest.mark.parametrize("is_known", [True, False])
def test_a_cause_that_another_adds_between_reading_and_writing_is_not_lost(suppressions, is_known):
    if is_known:
        suppressions.change("acme", ANNA, with_cause(BY_HAND))
    others = iter([COMPLAINT])

    def mine(known: Suppression) -> Suppression:
        for cause in others:
            suppressions.change("acme", ANNA, with_cause(cause))
        return suppression.suppress(known, BOUNCE)

    suppressions.change("acme", ANNA, mine)
    expected = (COMPLAINT, BOUNCE, BY_HAND) if is_known else (COMPLAINT, BOUNCE)
    assert suppressions.get("acme", ANNA).causes == expected
    assert len(items(suppressions, "suppressed#")) == 1


def test_a_fate_that_another_adds_between_reading_and_writing_is_not_lost(suppressions):
    others = iter([ARRIVED])

    def mine(known, row):
        for fate in others:
            suppressions.change_both("acme", ANNA, with_fate(fate))
        return known, added(row, SOFT)

    suppressions.change_both("acme", ANNA, mine)
    assert suppressions.row("acme", ANNA) == (ARRIVED, SOFT)


def test_a_suppression_is_not_made_of_a_row_that_has_changed_meanwhile(suppressions):
    """Else an address would rest although a mail has arrived since."""
    suppressions.change_both("acme", ANNA, with_fate(SOFT))
    others = iter([ARRIVED])

    def mine(known, row):
        for fate in others:
            suppressions.change_both("acme", ANNA, with_fate(fate))
        is_soft = row[0].outcome is Outcome.SOFT
        return suppression.rest(known, Cause(Reason.SOFT_BOUNCES, at(5), at(100)) if is_soft else None), row

    suppressions.change_both("acme", ANNA, mine)
    assert suppressions.get("acme", ANNA) is None
