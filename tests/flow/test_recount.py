"""The recount: what the cells hold is what the mails count for, or it says by how much not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.core import recount as core
from chalicelib.core.account_policy import LONGEST_WINDOW_DAYS, AccountPolicy
from chalicelib.core.cell import NOTHING, Counted, Place, counted_of, difference, total
from chalicelib.core.event import GRACE, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.recount import Misnoted
from chalicelib.core.refold import Fold
from chalicelib.core.summary import EMPTY, summarise
from chalicelib.flow.recount import AGES, Parts, Recounted, days_of, recount_all
from tests.core.happenings import happened, opened

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)
PLACE = Place("acme", "2026-03-01", source="individual")
OPENED = Counted("2026-03-01", frozenset({"sent", "tracked", "opened"}), "sun_14")
STATE = summarise([happened(Kind.SENT, ses_message_id="x"), opened(7_200)])


def mail(number: int, counted: Counted, accepted_at=NOON) -> tuple[Message, Fold]:
    envelope = Envelope("me@example.com", ("anna@example.com",))
    message = Message(f"{number:032x}", "acme", accepted_at, envelope, Tracking(True, True))
    return message, Fold(EMPTY if counted == NOTHING else STATE, counted=counted)


def noted(counted: Counted) -> tuple[Message, Fold]:
    """A mail that was opened, and is noted to count for this."""
    message, fold = mail(1, OPENED)
    return message, fold._replace(counted=counted)


class World:
    """Mails of one account, and cells that agree with their notes; `restless` readings of them find something new."""

    zone = "UTC"
    moving = False

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

    def find(self, message_id):
        return next(one for one in self.mails if one[0].message_id == message_id)

    def recount(self, changes):
        changed = {one.message.message_id: one for one in changes}
        if any(self.find(one)[0].version != changed[one].message.version for one in changed):
            return False
        self.mails = tuple(
            (replace(message, version=message.version + 1), fold._replace(counted=changed[message.message_id].counted))
            if message.message_id in changed
            else (message, fold)
            for message, fold in self.mails
        )
        for one in changes:
            self.add(one.cells)
        return True

    def run(self, *days: date, repair: bool = False, **options) -> Recounted:
        def policy_of(account):
            return AccountPolicy(time_zone=self.zone)

        parts = Parts(self, self, self, policy_of, lambda *what: self.reported.append(what))
        parts = parts._replace(calls_of_day=lambda account, day: self.calls, is_moving=lambda account: self.moving)
        return recount_all(lambda account: days or [DAY], parts, repair=self if repair else None, **options)


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
    late = mail(1, OPENED, accepted_at=NOON - timedelta(hours=20))
    assert World(late).run() == Recounted(days=1)


@pytest.mark.parametrize(
    ("counted", "size", "lacking"),
    [
        (NOTHING, 4, {PLACE: {"sent": 1, "tracked": 1, "opened": 1, "sun_14": 1}}),
        (OPENED._replace(hour="sun_15"), 2, {PLACE: {"sun_14": 1, "sun_15": -1}}),
        (OPENED._replace(columns=OPENED.columns | {"clicked"}), 1, {PLACE: {"clicked": -1}}),
    ],
)
def test_a_mail_that_is_noted_for_something_else_than_its_state_says_is_told_though_the_cells_agree(
    counted, size, lacking
):
    world = World(noted(counted), mail(2, OPENED))
    before = world.cells
    assert world.run() == Recounted(days=1, drift=size)
    ((account, day, told),) = world.reported
    assert (account, day, told.mails, told.size) == ("acme", "2026-03-01", 1, size)
    assert [(one.message.message_id, one.cells) for one in told.first] == [(f"{1:032x}", lacking)]
    assert world.cells == before


def test_a_mail_that_is_noted_wrongly_is_put_right_on_demand_and_the_cells_with_it():
    world = World(noted(NOTHING), mail(2, OPENED))
    world.add({PLACE: {"clicked": 1}})  # and beside it the cells are wrong by themselves
    assert world.run(repair=True) == Recounted(days=1, drift=5)
    assert world.cells == World(mail(1, OPENED), mail(2, OPENED)).cells
    assert world.run() == Recounted(days=1)


def test_notes_that_are_wrong_for_one_another_are_told_though_the_sum_is_right():
    later = summarise([happened(Kind.SENT, ses_message_id="x"), opened(3 * 3_600)])
    message = mail(2, OPENED)[0]
    world = World(noted(OPENED._replace(hour="sun_15")), (message, Fold(later, counted=OPENED)))
    right = world.cells
    assert world.run(repair=True) == Recounted(days=1, drift=4)
    assert world.run() == Recounted(days=1)
    assert world.cells == right


def test_a_mail_that_is_noted_on_another_day_is_told_on_the_day_that_it_counts_for_and_moved():
    world = World(noted(OPENED._replace(day="2026-02-28")))
    yesterday = DAY - timedelta(days=1)
    assert world.run(yesterday) == Recounted(days=1)
    assert world.run().drift == 8
    assert world.run(repair=True).drift == 8
    assert world.cells == World(mail(1, OPENED)).cells
    assert world.run(yesterday, DAY) == Recounted(days=2)


def test_a_mail_that_no_fold_has_counted_yet_is_left_to_the_fold():
    came_in = mail(1, NOTHING)[0]
    came_in = replace(came_in, is_inbound=True)
    assert counted_of(came_in, EMPTY, UTC) != NOTHING
    world = World((came_in, Fold()))
    assert world.run(repair=True) == Recounted(days=1)
    assert not world.cells


def test_while_mails_move_to_another_time_zone_no_note_is_told_or_changed():
    world = World(mail(1, OPENED))
    world.zone, world.moving = "Pacific/Auckland", True
    before = world.cells
    tomorrow = DAY + timedelta(days=1)
    assert world.run(DAY, tomorrow, repair=True) == Recounted(days=2)
    assert (world.cells, world.reported) == (before, [])
    world.moving = False
    assert world.run(DAY, tomorrow).drift == 8, "the sweep has left it behind"


def test_a_time_zone_that_changes_while_a_day_is_counted_makes_no_drift():
    world = World(mail(1, OPENED))
    zones = iter(["Pacific/Auckland", "UTC"])
    parts = Parts(world, world, world, lambda account: AccountPolicy(time_zone=next(zones)), lambda *what: None)
    assert recount_all(lambda account: [DAY + timedelta(days=1)], parts) == Recounted(days=1)


def test_mails_that_are_moved_to_another_time_zone_right_after_they_were_read_make_no_drift():
    """One each time that the day is counted; when it is asked whether any are moving, the last one is through."""
    zone, world = ZoneInfo("Pacific/Auckland"), World(*(mail(number, OPENED) for number in range(3)))
    world.zone, world.moving = zone.key, True
    given, left = world.folds_between, [0, 1, 2]

    def read(*asked):
        yield from list(given(*asked))
        if left:
            message, fold = world.mails[left[0]]
            there = counted_of(message, fold.state, zone)
            world.add(difference(message, fold.counted, there))
            moved = (message, fold._replace(counted=there))
            world.mails = tuple(moved if number == left[0] else one for number, one in enumerate(world.mails))
            left.pop(0)
        world.moving = bool(left)

    world.folds_between = read
    assert world.run(DAY + timedelta(days=1)) == Recounted(restless=1)
    assert not world.reported
    assert world.run(DAY, DAY + timedelta(days=1)) == Recounted(days=2)


def test_a_time_zone_that_changes_while_wrong_notes_are_counted_once_more_makes_no_drift():
    world = World(noted(NOTHING))
    given, counts = world.folds_between, []

    def read(*asked):
        counts.append(asked)
        world.moving = len(counts) > 1
        return given(*asked)

    world.folds_between = read
    assert world.run() == Recounted(days=1)
    assert not world.reported and len(counts) == 2
    world.folds_between = given
    world.moving = False
    assert world.run().drift == 4, "the note is wrong all the same, and told when nothing moves"


def test_a_fold_that_comes_first_is_not_undone_by_the_repair():
    world = World(noted(NOTHING))
    given = world.folds_between

    def stale(*asked):
        """As it was read before a fold came."""
        found = list(given(*asked))
        world.mails = ((replace(found[0][0], version=found[0][0].version + 1), found[0][1]),)
        return iter(found)

    world.folds_between = stale
    assert world.run(repair=True).drift == 4
    assert world.mails[0][1].counted == OPENED
    assert world.cells == World(mail(1, OPENED)).cells


def test_of_many_mails_that_are_noted_wrongly_all_are_counted_and_put_right_but_only_some_named():
    wrong = [(replace(message, message_id=f"{n:032x}"), fold) for n in range(250) for message, fold in [noted(NOTHING)]]
    world = World(*wrong)
    assert world.run(repair=True) == Recounted(days=1, drift=1_000)
    told = world.reported[0][2]
    assert isinstance(told, Misnoted)
    assert (told.mails, len(told.first)) == (250, core.MOST_NAMED)
    assert world.run() == Recounted(days=1)


def test_the_last_day_that_is_looked_at_is_behind_the_longest_window_and_its_grace():
    assert AGES[-1] > LONGEST_WINDOW_DAYS + GRACE.days


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
