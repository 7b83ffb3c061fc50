"""The recount: what the cells hold is what the mails count for, or it says by how much not."""

from datetime import UTC, date, datetime, timedelta

from chalicelib.core import recount as core
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import NOTHING, Counted, Place, difference, total
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold
from chalicelib.flow.recount import AGES, Parts, Recounted, days_of, recount_all

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)
PLACE = Place("acme", "2026-03-01", source="individual")
OPENED = Counted("2026-03-01", frozenset({"sent", "opened"}), "sun_14")


def mail(number: int, counted: Counted, accepted_at=NOON) -> tuple[Message, Fold]:
    envelope = Envelope("me@example.com", ("anna@example.com",))
    message = Message(f"{number:032x}", "acme", accepted_at, envelope, Tracking(True, True))
    return message, Fold(counted=counted)


class World:
    """Mails of one account, and its cells; `restless` readings of them find something new."""

    def __init__(self, *mails: tuple[Message, Fold], restless: int = 0) -> None:
        self.mails = mails
        self.cells = total(difference(message, NOTHING, fold.counted) for message, fold in mails)
        self.restless = restless
        self.reported: list = []
        self.calls: dict = {}

    def all(self):
        return ["acme"]

    def folds_between(self, account, start, end):
        return (one for one in self.mails if start <= one[0].due_at < end)

    def of_day(self, account, day):
        if self.restless:
            self.restless -= 1
            self.add({PLACE: {"clicked": 1}})
        return {place: columns for place, columns in self.cells.items() if place.day == day}

    def renew(self, account, day):
        pass

    def add(self, cells):
        self.cells = total([self.cells, cells])

    def run(self, *days: date, **options) -> Recounted:
        parts = Parts(self, self, self, lambda account: AccountPolicy(), lambda *what: self.reported.append(what))
        parts = parts._replace(calls_of_day=lambda account, day: self.calls)
        return recount_all(lambda account: days or [DAY], parts, **options)


def test_cells_that_are_right_have_no_drift():
    world = World(mail(1, OPENED), mail(2, OPENED), mail(3, NOTHING))
    assert world.run() == Recounted(days=1)
    assert not world.reported


def test_cells_that_are_wrong_are_told_with_what_they_lack_and_left_as_they_are():
    world = World(mail(1, OPENED), mail(2, OPENED))
    world.add({PLACE: {"sent": 5, "opened": -1}})
    assert world.run() == Recounted(days=1, drift=6)
    assert world.reported == [("acme", "2026-03-01", {PLACE: {"sent": -5, "opened": 1}})]
    assert world.run().drift == 6


def test_telephone_calls_count_in_the_cells_too():
    world = World(mail(1, OPENED))
    told = {PLACE._replace(source="", user="ina"): {"calls_outbound": 1, "call_seconds": 90}}
    world.calls = told
    assert world.run().drift == 91
    world.add(told)
    assert world.run() == Recounted(days=1)


def test_on_demand_they_are_put_right():
    world = World(mail(1, OPENED))
    world.add({PLACE._replace(user="ina"): {"sent": 1}})
    assert world.run(repair=True).drift == 1
    assert world.run() == Recounted(days=1)


def test_a_day_that_changes_meanwhile_is_counted_again_and_given_up_if_it_never_rests():
    assert World(mail(1, OPENED), restless=0).run().restless == 0
    world = World(mail(1, OPENED), restless=99)
    assert world.run() == Recounted(restless=1)
    assert not world.reported


def test_mails_count_for_their_day_also_where_that_is_not_the_day_of_their_acceptance():
    late = mail(1, OPENED, accepted_at=NOON - timedelta(hours=40))
    assert World(late).run() == Recounted(days=1)


def test_a_day_that_cannot_be_counted_is_told_and_the_others_are_counted():
    world = World(mail(1, OPENED))
    broken = world.of_day

    def of_day(account, day):
        if day == "2026-02-28":
            raise OSError("no answer")
        return broken(account, day)

    world.of_day = of_day
    assert world.run(date(2026, 2, 28), DAY) == Recounted(days=1, failed=1)


def test_what_time_is_not_left_for_is_said():
    assert World().run(DAY, may_go_on=lambda: False) == Recounted(left=1)


def test_a_night_takes_days_of_some_ages_where_the_account_is():
    world = World()
    auckland = AccountPolicy(time_zone="Pacific/Auckland")
    parts = Parts(world, world, world, lambda account: auckland, lambda *what: None)
    assert days_of("acme", AGES, parts, now=NOON)[:2] == [date(2026, 3, 1), date(2026, 2, 28)]


def test_every_mail_that_may_count_for_a_day_is_looked_at():
    start, end = core.span_of(DAY)
    first = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(hours=14)  # where the day begins first
    last = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=12)  # and where it ends last
    assert start <= first - timedelta(hours=24)
    assert end >= last


def test_cells_that_change_and_change_back_while_mails_are_read_are_no_drift():
    """A mail is read before it moves out of a column, and stands in it again before the cells are read."""
    world = World(mail(1, OPENED), mail(2, OPENED))
    whole = world.folds_between
    counts = iter([[mail(1, OPENED)]])
    world.folds_between = lambda *asked: next(counts, None) or whole(*asked)
    right = world.cells
    assert world.run(repair=True) == Recounted(days=1)
    assert not world.reported
    assert world.cells == right


def test_a_drift_that_no_two_counts_in_a_row_agree_on_is_not_told():
    world = World(mail(1, OPENED), mail(2, OPENED))
    counts = iter([[], [mail(1, OPENED)], []])
    world.folds_between = lambda *asked: next(counts)
    assert world.run(repair=True) == Recounted(restless=1)
    assert not world.reported


def test_a_day_of_many_mails_ends_when_time_is_up_and_is_left():
    world = World(*(mail(number, OPENED) for number in range(1_000)))
    asked = iter([True, True, True, False])
    assert world.run(DAY, DAY - timedelta(days=9), may_go_on=lambda: next(asked, False)) == Recounted(left=2)
    assert not world.reported


def test_accounts_come_in_any_order_so_that_none_is_always_left():
    world, firsts = World(), set()
    world.all = lambda: [f"a{number}" for number in range(9)]
    world.of_day = lambda account, day: firsts.add(account) or {}
    for _ in range(200):
        asked = iter([True, False])
        assert world.run(may_go_on=lambda asked=asked: next(asked, False)) == Recounted(days=1, left=8)
    assert len(firsts) > 1
