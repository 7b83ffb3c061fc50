"""After a change of time zone every mail counts on the day and in the hour of the new one, whatever dies meanwhile."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import cell
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.behind import SETTLED
from chalicelib.core.change import Change
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold, Step
from chalicelib.core.summary import summarise
from chalicelib.flow import rezone
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.every_mail import EveryMail
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.core.happenings import ANNA, happened
from tests.moto_stack import REGION

LATE = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # the next day in Berlin
ASKED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = ASKED + SETTLED


class Died(Exception):
    """The worker is gone."""


class Mortal:
    """Any store, whose user dies at one of its calls, before or after it is done."""

    def __init__(self, store: Any, dies_at: int, lives: list[int]) -> None:
        self._store, self._dies_at, self._lives = store, dies_at, lives

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any) -> Any:
            self._lives[0] += 1
            if self._lives[0] == self._dies_at:
                raise Died
            done = getattr(self._store, name)(*given)
            self._lives[0] += 1
            if self._lives[0] == self._dies_at:
                raise Died
            return done

        return call


class World:
    """Mails of an account that are folded by UTC, and a worker who moves them to another time zone."""

    def __init__(self) -> None:
        self.messages = Messages("messages", REGION)
        self.cells = CellTable("reports", REGION)
        self.behind = Behind("reports", REGION, lambda: ASKED)
        self.every = EveryMail("messages", REGION)
        self.folds = Folds(self.messages, Events("events", REGION), self.cells, Notices("outbox", REGION))
        self.calls_moved: list[str] = []

    def mail(self, number: int, due_at: datetime = LATE) -> Message:
        made = Message(
            f"{number:032x}", "acme", due_at, Envelope("me@a.test", (ANNA,)), Tracking(True, True), user="ina"
        )
        self.messages.add(made)
        events = [happened(Kind.SENT, 1, ses_message_id=f"ses-{number}")._replace(occurred_at=due_at)]
        events.append(happened(Kind.DELIVERED, 2, recipient=ANNA)._replace(occurred_at=due_at))
        state = summarise(events)
        counted = cell.counted_of(made, state, UTC)
        added = cell.difference(made, cell.NOTHING, counted)
        assert self.folds.store([Change(made, Step(Fold(state=state, counted=counted), (), False), added)])
        return made

    def run(self, zone: str = "Asia/Kolkata", now: datetime = LATER, dies_at: int = 0) -> rezone.Rezoned:
        lives = [0]
        errors: list[Exception] = []
        behind, every, folds = (Mortal(one, dies_at, lives) for one in (self.behind, self.every, self.folds))

        def move(account: str, to: Any, may_go_on: Any) -> bool:
            self.calls_moved.append(account)
            return True

        parts = rezone.Parts(
            behind, every, folds, lambda _: AccountPolicy(time_zone=zone), move, lambda _, error: errors.append(error)
        )
        done = rezone.rezone_all(parts, now=now)
        for error in errors:
            raise error
        return done

    def drift(self) -> list[str]:
        """The days whose cells are not what their mails count for."""
        found = list(self.messages.folds_between("acme", LATE - timedelta(days=9), LATE + timedelta(days=9)))
        wanted = cell.total(cell.difference(message, cell.NOTHING, fold.counted) for message, fold in found)
        days = {place.day for place in wanted} | {"2026-11-21", "2026-11-22"}
        return [
            day
            for day in sorted(days)
            if self.cells.of_day("acme", day) != {place: row for place, row in wanted.items() if place.day == day}
        ]

    def days(self) -> set[str]:
        found = self.messages.folds_between("acme", LATE - timedelta(days=9), LATE + timedelta(days=9))
        return {fold.counted.day for _, fold in found}


@pytest.fixture
def world(stack) -> World:
    return World()


def test_every_mail_moves_and_the_mark_is_gone(world):
    for number in range(45):
        world.mail(number)
    world.behind.rezone("acme")
    assert world.run() == rezone.Rezoned(mails=45, accounts=1)
    assert (world.days(), world.drift(), world.behind.rezonings()) == ({"2026-11-22"}, [], [])
    assert world.calls_moved == ["acme"]
    assert {mark.day for mark in world.behind.all()} >= {"2026-11-21", "2026-11-22"}


def test_nothing_moves_before_the_last_fold_by_the_old_zone_must_be_over(world):
    world.mail(1)
    world.behind.rezone("acme")
    assert world.run(now=LATER - timedelta(seconds=1)) == rezone.Rezoned()
    assert world.days() == {"2026-11-21"}


def test_who_goes_on_goes_on_where_the_last_one_stopped(world):
    for number in range(150):
        world.mail(number, LATE + timedelta(seconds=number))
    world.behind.rezone("acme")
    turns = iter([True, True, False, True, True, True, True])
    parts = rezone.Parts(
        world.behind,
        world.every,
        world.folds,
        lambda _: AccountPolicy(time_zone="Asia/Kolkata"),
        lambda *_: True,
        lambda _, error: pytest.fail(str(error)),
    )
    first = rezone.rezone_all(parts, now=LATER, may_go_on=lambda: next(turns))
    assert (first.mails, first.accounts) == (100, 0)
    second = rezone.rezone_all(parts, now=LATER, may_go_on=lambda: next(turns))
    assert (second.mails, second.accounts, world.drift()) == (50, 1, [])


def test_a_mail_that_was_folded_meanwhile_is_counted_anew_by_itself(world):
    made = world.mail(1)
    world.mail(2)
    stale = world.every.folds_behind("acme", "0", 100)
    found, fold = world.messages.find(made.message_id)
    assert world.folds.store([Change(found, Step(fold, (), False))])
    world.behind.rezone("acme")

    class Stale:
        def folds_behind(self, account: str, place: str, limit: int):
            return stale

    parts = rezone.Parts(
        world.behind,
        Stale(),
        world.folds,
        lambda _: AccountPolicy(time_zone="Asia/Kolkata"),
        lambda *_: True,
        lambda _, error: pytest.fail(str(error)),
    )
    rezone.rezone_all(parts, now=LATER)
    assert (world.days(), world.drift()) == ({"2026-11-22"}, [])


def test_there_and_back_leaves_the_cells_as_they_were(world):
    world.mail(1)
    before = {day: world.cells.of_day("acme", day) for day in ("2026-11-21", "2026-11-22")}
    for zone in ("Asia/Kolkata", "UTC"):
        world.behind.rezone("acme")
        world.run(zone)
    assert {day: world.cells.of_day("acme", day) for day in before} == before


@pytest.mark.parametrize("dies_at", range(1, 13))
def test_whichever_call_it_dies_at_the_next_run_makes_up_for_it(world, dies_at):
    for number in range(3):
        world.mail(number)
    world.behind.rezone("acme")
    with suppress(Died):
        world.run(dies_at=dies_at)
    assert world.drift() == [], "cells and what mails count for never part"
    world.run()
    assert (world.days(), world.drift(), world.behind.rezonings()) == ({"2026-11-22"}, [], [])
