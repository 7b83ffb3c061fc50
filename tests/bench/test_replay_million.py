"""The proof that counting is exact, small, and that it can fail: every store here but the first is broken."""

import random

import pytest

from bench import replay_million
from bench.replay_mails import POLICIES, Mails
from bench.replay_million import Plan, prove
from bench.replay_reports import ReportTables
from bench.replay_store import Store
from bench.replay_stream import Chances

HARD = Chances(death=0.02, error=0.02, rival=0.02, lost=0.02)
"""A few thousand events must meet as many faults as a million do."""


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_doubled_late_or_killed_everything_is_counted_once(seed):
    proof = prove(Plan(2_300, seed, chances=HARD, batch=5))
    assert not proof.differences
    assert " 0 deaths" not in proof.figures["faults"]
    assert ", of which 0 " not in proof.figures["notices"], "something must be taken back"
    assert not proof.figures["reports"].startswith("0 tables") and " 0 " not in proof.figures["reports"]


def test_whole_batches_are_exact_too():
    assert not prove(Plan(1_000, 4, chances=HARD)).differences


def test_mails_are_the_same_for_the_same_seed_and_others_for_another():
    def drawn(seed: int) -> list[str]:
        return [mail.message.message_id for mail in Mails(500, seed)]

    assert drawn(1) == drawn(1) != drawn(2)


class Forgetful(Store):
    """Says that a transaction was done, and lost what belongs to the cells."""

    chance = random.Random(1)

    def add_cells(self, cells):
        if self.chance.random() > 0.01:
            super().add_cells(cells)


class Doubling(Store):
    """Adds to the cells once more, as one does that writes without a condition."""

    chance = random.Random(1)

    def add_cells(self, cells):
        super().add_cells(cells)
        if self.chance.random() < 0.01:
            super().add_cells(cells)


class Unconditional(Store):
    """Whoever comes last wins."""

    def _holds(self, change):
        return True


class Unmarked(Store):
    """Closes hits without marking them."""

    def _mark(self, message_id, key):
        pass


class Mute(Store):
    """Tells only every other notice."""

    def _apply(self, change):
        super()._apply(change._replace(notices=change.notices[::2]))


class Deaf(Store):
    """Takes an event for one that is there already, now and then."""

    chance = random.Random(1)

    def put(self, event):
        return self.chance.random() > 0.01 and super().put(event)


class Stale(Store):
    """Does not see the newest event, as a read that is not consistent."""

    def after(self, message_id, event_key, **named):
        return super().after(message_id, event_key, **named)[:-1]


class Unannounced(Store):
    """Changes cells without a word to the builders, now and then."""

    def __init__(self, policies):
        super().__init__(policies)
        self.reports = Silent()


class Silent(ReportTables):
    chance = random.Random(1)

    def mark(self, days):
        super().mark(day for day in days if self.chance.random() > 0.3)


class Early(ReportTables):
    """Takes a mark for done as soon as its table was built once, whatever comes after the mark."""

    def mark(self, days):
        super().mark(day for day in days if day not in self.tables)

    def built(self, mark, at, cells):
        self.settle(mark)


class Forgetting(Store):
    def __init__(self, policies):
        super().__init__(policies)
        self.reports = Early()


@pytest.mark.parametrize("broken", [Unannounced, Forgetting])
def test_tables_of_reports_that_are_left_behind_are_noticed(broken):
    differences = prove(Plan(600, 5, chances=HARD, batch=5), broken(POLICIES)).differences
    assert differences
    assert all(one.startswith("report of") for one in differences)


@pytest.mark.parametrize("broken", [Forgetful, Doubling, Unconditional, Unmarked, Mute, Deaf, Stale])
def test_a_broken_store_is_noticed(broken):
    plan = Plan(2_300 if broken is Unmarked else 600, 5, chances=HARD, batch=5)
    assert prove(plan, broken(POLICIES)).differences


class Greedy(Store):
    """Reads a mail from its beginning at each hit."""

    def after(self, message_id, event_key, **named):
        return super().after(message_id, None, **named)


class Repeating(Store):
    """Reads what it needs again and again."""

    def after(self, message_id, event_key, **named):
        for _ in range(200):
            super().after(message_id, event_key, **named)
        return super().after(message_id, event_key, **named)


def test_a_mail_with_very_many_hits_is_exact_and_each_of_them_costs_bounded_reads():
    proof = prove(Plan(2_600, 7, chances=HARD, batch=20, hot=2_000))
    assert not proof.differences
    assert proof.figures["hot mail"].startswith("2,002 events")


@pytest.mark.parametrize(("broken", "said"), [(Greedy, "at once"), (Repeating, "for a hit of the hot mail")])
def test_reads_that_grow_with_the_hits_are_noticed(broken, said):
    differences = prove(Plan(800, 8, chances=HARD, batch=20, hot=700), broken(POLICIES)).differences
    assert differences
    assert any(said in one for one in differences)


def test_the_command_ends_with_an_error_where_something_is_not_exact(capsys):
    lines = []
    replay_million.say(prove(Plan(300, 6), Mute(POLICIES)), lines.append)
    assert lines[-1] == "NOT EXACT"
    assert any(line.startswith("WRONG") for line in lines)
    assert replay_million.main(["--events", "300"]) == 0
    assert "exact: cells, messages, notices, suppressions, reports; no drift, bounded reads" in capsys.readouterr().out
