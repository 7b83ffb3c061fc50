"""Folding against tables that are overtaken, late and repeated."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import consent
from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import total
from chalicelib.core.event import Event, Kind
from chalicelib.core.evidence import evidence_of, sources_of
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold, Row, around
from chalicelib.core.suppression import Suppression
from chalicelib.core.token import Mode
from chalicelib.flow.fold import Overtaken, Parts, fold, is_folded, reclassify

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2


NEW = AccountPolicy()


class World:
    """One message and its events; `overtakes` folds of others come between reading and storing."""

    def __init__(self, *stored: Event, overtakes: int = 0, mode=Mode.FULL, policy=NEW, said=()) -> None:
        self.rows = {event.key: Row(event) for event in stored}
        self.fold = Fold()
        self.overtakes = overtakes
        self.stores = 0
        self.mode, self.policy, self.said = mode, policy, said
        self.salts = {NOON.date(): b"salt"}
        self.asked_for_sources = 0
        self.suppressed: list[str] = []
        self.cells: dict = {}
        self.told: list[tuple[str, str]] = []

    def find(self, message_id):
        tracking = Tracking(True, True, until=NOON + timedelta(days=100), mode=self.mode)
        envelope = Envelope("me@example.com", ("Anna <Anna@example.com>",))
        message = Message(MESSAGE_ID, "acme", NOON, envelope, tracking, state=self.fold.state)
        return (message, self.fold) if message_id == MESSAGE_ID else None

    def store(self, changes):
        ((_, step, cells, notices),) = changes
        self.stores += 1
        if self.overtakes:
            self.overtakes -= 1
            return False
        for key in step.marks:
            assert not self.rows[key].is_counted
            self.rows[key] = self.rows[key]._replace(is_counted=True)
        self.fold = step.fold
        self.cells = total([self.cells, cells])
        self.told += [(notice.type, notice.about.get("hit", "")) for notice in notices]
        return True

    def after(self, message_id, event_key, *, now):
        return [row for key, row in sorted(self.rows.items()) if not event_key or key > event_key]

    def near(self, message_id, event_key, *, now):
        first, last = around(event_key)
        return [row for key, row in sorted(self.rows.items()) if first <= key <= last]

    def note_own(self, message_id, event_key):
        event = self.rows[event_key].event
        self.rows[event_key] = Row(event._replace(data={**event.data, "own": True}))

    def delete(self, message_id, event_key):
        self.rows.pop(event_key, None)

    def said_by(self, account, address):
        return self.said if (account, address) == ("acme", "anna@example.com") else ()

    def sources_of(self, networks, day):
        self.asked_for_sources += 1
        return sources_of(networks, [self.salts[day]]) if day in self.salts else frozenset()

    def row(self, account, address):  # of soft bounces
        return ()

    def change(self, account, address, change):
        self.suppressed += [cause.reason.value for cause in change(Suppression(address)).causes]

    def change_both(self, account, address, change):
        self.suppressed += [cause.reason.value for cause in change(Suppression(address), ())[0].causes]

    @property
    def parts(self) -> Parts:
        return Parts(self, self, lambda account: self.policy, self.said_by, self.sources_of, self)

    def run(self, *arrived: Event, message_id=MESSAGE_ID, now=NOON + timedelta(days=1)) -> bool:
        keys = [event.key for event in arrived] if arrived else None
        return fold(message_id, keys, self.parts, now=now)

    @property
    def opens(self) -> int:
        return self.fold.state.engagement.opens.count


def opened(minutes: float, **data: object) -> Event:
    at = NOON + timedelta(minutes=minutes)
    return events.make(MESSAGE_ID, f"o{minutes}", Kind.OPENED, at, **{"method": "GET", **data})


def clicked(seconds: float, position: int) -> Event:
    at = NOON + timedelta(seconds=seconds)
    return events.make(MESSAGE_ID, f"c{seconds}", Kind.CLICKED, at, method="GET", position=position)


def test_a_new_event_changes_the_state_and_a_repeated_one_does_not_even_write():
    world = World(opened(1))
    assert world.run(opened(1))
    assert not world.run(opened(1))
    assert (world.opens, world.stores) == (1, 1)


def test_an_overtaken_fold_is_made_again_from_what_is_now():
    world = World(opened(1), overtakes=3)
    assert world.run(opened(1))
    assert (world.opens, world.stores) == (1, 4)


def test_a_fold_that_is_always_overtaken_asks_to_be_brought_again():
    with pytest.raises(Overtaken):
        World(opened(1), overtakes=1_000).run(opened(1))


def test_events_of_a_message_that_does_not_exist_change_nothing():
    assert not World(opened(1)).run(opened(1), message_id="f" * 32)


def test_a_late_event_of_a_long_story_is_counted_once():
    world = World(*(opened(minute) for minute in range(100, 700)))
    world.run(opened(100))
    assert world.fold.closed_until
    world.rows[opened(5).key] = Row(opened(5))
    assert world.run(opened(5))
    assert not world.run(opened(5))
    assert world.opens == 601


def test_the_sweep_finds_a_late_event_of_which_the_stream_never_told():
    world = World(*(opened(minute) for minute in range(100, 700)))
    world.run(opened(100))
    world.rows[opened(5).key] = Row(opened(5))
    assert world.run()
    assert not world.run()
    assert world.opens == 601


def test_what_came_after_a_withdrawal_is_dropped_and_deleted_and_what_came_before_it_stays():
    withdrawn = consent.withdrawn(NOON + timedelta(minutes=5), "by mail", "anna")
    world = World(opened(1), opened(6), said=[withdrawn])
    assert world.run(opened(1), opened(6))
    assert (world.opens, list(world.rows)) == (1, [opened(1).key])
    assert not world.run(opened(6)), "told again: there is nothing any more"
    assert is_folded(world.find(MESSAGE_ID), _cheap(world), now=NOON + timedelta(days=1))


def test_who_never_said_anything_is_not_dropped_by_the_fold_also_where_consent_is_required():
    """Such a mail went out untracked; one that is tracked was sent before the account required it."""
    world = World(opened(1), policy=AccountPolicy(consent_required=True))
    world.run(opened(1))
    assert world.opens == 1


def test_hits_from_the_accounts_own_networks_are_marked_and_stay_internal_when_the_salt_is_gone():
    own = opened(1, **evidence_of("GET", {}, "198.51.100.7", salt=b"salt"))
    other = opened(2, **evidence_of("GET", {"user-agent": "Mail"}, "203.0.113.7", salt=b"salt"))
    world = World(own, other, policy=AccountPolicy(own_networks=frozenset({"198.51.100.0/24"})))
    world.run(own, other)
    assert world.opens == 1
    world.salts.clear()
    assert not world.run(own), "still the same"
    assert "own" not in world.rows[other.key].event.data


def test_hits_older_than_any_salt_are_not_looked_up_and_a_batch_looks_up_each_day_once():
    own = [opened(minute, **{"from": "0123456789abcdef"}) for minute in range(20)]
    world = World(*own, policy=AccountPolicy(own_networks=frozenset({"198.51.100.0/24"})))
    world.run(*own, now=NOON + timedelta(days=3))
    assert (world.asked_for_sources, world.opens) == (0, 20)
    parts = world.parts.for_many()
    for _ in range(3):
        fold(MESSAGE_ID, [own[0].key], parts, now=NOON + timedelta(hours=1))
    assert world.asked_for_sources == 1


def test_who_agrees_to_less_than_a_mail_keeps_is_dropped_from_then_on():
    less = consent.given(
        NOON + timedelta(minutes=5), "by phone", "kim", NOON + timedelta(minutes=5), Mode.LAST_OPEN_DATE
    )
    world = World(opened(1), opened(6), said=[less])
    world.run(opened(1), opened(6))
    assert (world.opens, list(world.rows)) == (1, [opened(1).key])
    nothing = consent.given(NOON + timedelta(minutes=5), "by phone", "kim", NOON, Mode.OFF)
    world = World(opened(6), said=[nothing])
    world.run(opened(6))
    assert (world.opens, world.rows) == (0, {})


def test_a_withdrawal_holds_for_an_open_of_the_same_day_of_which_only_the_day_is_known():
    today = events.make(MESSAGE_ID, "last_open", Kind.OPENED, NOON.replace(hour=0))
    withdrawn = consent.withdrawn(NOON, "by mail", "anna")
    world = World(today, mode=Mode.LAST_OPEN_DATE, said=[withdrawn])
    world.run(today, now=NOON + timedelta(hours=3))
    assert (world.opens, world.rows) == (0, {})


def test_who_unsubscribes_again_after_a_lift_is_suppressed_again():
    first, again = (
        events.make(MESSAGE_ID, f"u{day}", Kind.UNSUBSCRIBED, NOON + timedelta(days=day), method="POST")
        for day in (1, 5)
    )
    world = World(first)
    world.run(first, now=NOON + timedelta(days=1))
    world.rows[again.key] = Row(again)
    world.run(again, now=NOON + timedelta(days=5))
    assert world.suppressed == ["unsubscribed", "unsubscribed"]


def test_a_switched_off_rule_gives_its_hits_back():
    sweep = [clicked(60, 0), clicked(61, 1), clicked(62, 2)]
    world = World(*sweep)
    world.run(*sweep)
    assert world.fold.state.engagement.clicks.count == 0
    world.policy = AccountPolicy(verdict_rules_off=frozenset({"burst"}))
    assert not is_folded(world.find(MESSAGE_ID), _cheap(world), now=NOON + timedelta(days=1)), "the sweep sees it"
    assert reclassify(MESSAGE_ID, world.parts, now=NOON + timedelta(days=1))
    assert world.fold.state.engagement.clicks.count == 3
    assert not reclassify(MESSAGE_ID, world.parts, now=NOON + timedelta(days=1))


def test_judging_anew_reaches_what_was_closed_and_is_made_again_when_overtaken():
    sweep = [clicked(60 + place, place) for place in range(3)]
    world = World(*sweep, *(opened(minute) for minute in range(100, 700)))
    world.policy = AccountPolicy(verdict_rules_off=frozenset({"burst"}))
    world.run(*sweep)
    assert world.fold.closed.clicks.count == 3
    world.policy, world.overtakes = AccountPolicy(), 2
    assert reclassify(MESSAGE_ID, world.parts, now=NOON + timedelta(days=1))
    assert (world.fold.state.engagement.clicks.count, world.fold.state.engagement.clicks.machine) == (0, 3)
    assert world.fold.state.engagement.opens.count == 600


def test_a_message_without_events_is_not_judged_anew():
    assert not reclassify(MESSAGE_ID, World().parts, now=NOON)
    assert not reclassify("f" * 32, World(opened(1)).parts, now=NOON)


def test_of_a_mail_of_which_only_the_last_open_may_be_known_nothing_else_is_kept():
    days = [events.make(MESSAGE_ID, "last_open", Kind.OPENED, NOON + timedelta(days=day)) for day in (1, 3, 2)]
    world = World(*days, mode=Mode.LAST_OPEN_DATE)
    world.run(*days)
    opens = world.fold.state.engagement.opens
    assert (opens.count, opens.first_at, opens.last_at) == (1, NOON + timedelta(days=3), NOON + timedelta(days=3))
    assert list(world.rows) == [days[1].key]
    later = events.make(MESSAGE_ID, "last_open", Kind.OPENED, NOON + timedelta(days=9))
    world.rows[later.key] = Row(later)
    world.run(later)
    assert (world.opens, world.fold.state.engagement.opens.last_at) == (1, NOON + timedelta(days=9))
    assert list(world.rows) == [later.key]


def test_a_hard_bounce_suppresses_before_the_state_is_stored_so_that_a_crash_repeats_it():
    bounced = events.make(MESSAGE_ID, "b", Kind.BOUNCED, NOON, recipient="anna@example.com", type="hard", reason="gone")
    world = World(bounced, overtakes=1)
    world.run(bounced)
    assert set(world.suppressed) == {"hard_bounce"}
    assert len(world.suppressed) >= 2, "again with the second try"


def _cheap(world: World) -> Parts:
    """As the sweep looks, whose reads may be old."""

    class Cheap:
        def after(self, message_id, event_key, *, now, may_be_old):
            return world.after(message_id, event_key, now=now)

    return world.parts._replace(events=Cheap())
