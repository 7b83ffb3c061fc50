"""The simulated dispatch: that it draws what it says it draws, and counts what it drew."""

import random
from collections import Counter

import pytest

from bench import readers, scanners, sweeps
from bench.readers import OPENS_AFTER, PROGRAMS, Habits
from bench.scanners import CLICKS, MACHINES, OPENS, PEOPLE, Dispatch, simulate
from bench.sweeps import FLEETS, PATTERNS, PIXEL_BEFORE_SWEEP, SWEEP_BEGINS, UNSUBSCRIBE

SMALL = Dispatch(mails=400)
NOBODY = Habits(opens=0)


def of(pattern: str, seed: int = 1, fleet: int = 0) -> list[sweeps.Request]:
    made = {name: made for name, _, made in PATTERNS}[pattern]
    return list(made(random.Random(seed), 10, FLEETS[fleet]))


def test_a_seed_makes_the_same_dispatch_again_and_another_does_not() -> None:
    assert simulate(SMALL) == simulate(SMALL)
    assert simulate(SMALL) != simulate(SMALL._replace(seed=1))


@pytest.mark.parametrize("quantiles", [SWEEP_BEGINS, PIXEL_BEFORE_SWEEP, OPENS_AFTER])
def test_published_shares_are_all_of_them_and_are_drawn(quantiles: sweeps.Quantiles) -> None:
    assert sum(share for share, *_ in quantiles.parts) == pytest.approx(1)
    chance = random.Random(1)
    drawn = [quantiles.draw(chance) for _ in range(5_000)]
    for share, start, end in quantiles.parts:
        assert sum(start <= one <= end for one in drawn) / 5_000 == pytest.approx(share, abs=0.03)


def test_half_of_the_sweeps_begin_after_43_seconds_and_hardly_any_within_ten() -> None:
    chance = random.Random(1)
    drawn = sorted(SWEEP_BEGINS.draw(chance) for _ in range(10_001))
    assert drawn[5_000] == pytest.approx(43, abs=1)
    assert sum(one < 10 for one in drawn) < 100


def test_shares_of_patterns_and_of_programs_are_all_of_them() -> None:
    assert sum(share for _, share, _ in PATTERNS) == pytest.approx(1)
    assert sum(share for _, share, _ in PROGRAMS) == pytest.approx(1)
    assert sum(Habits().links) == pytest.approx(1)


@pytest.mark.parametrize("pattern", [name for name, *_ in PATTERNS if name != "one link only"])
def test_a_sweep_asks_for_every_link_and_the_page(pattern: str) -> None:
    asked = {one.link for one in of(pattern)}
    assert asked - {None} == {*range(10), UNSUBSCRIBE}


def test_the_pixel_of_a_sweep_comes_first_and_the_links_within_a_second() -> None:
    for seed in range(50):
        pixel, *links = of("sweep as a browser", seed)
        times = [one.at for one in links]
        assert pixel.link is None and pixel.at < min(times)
        assert max(times) - min(times) < 1


def test_a_fleet_asks_from_as_many_networks_as_it_says() -> None:
    numbers = [len({one.ip.rpartition(".")[0] for one in of("sweep as a browser", 1, n)}) for n in range(3)]
    assert numbers[0] == 1 < numbers[1] <= 3 < numbers[2]


def test_most_people_leave_little_and_none_of_it_before_delivery() -> None:
    chance = random.Random(1)
    mails = [list(readers.requests(chance, 10, Habits(), is_at_work=False, company="185.1.1")) for _ in range(2_000)]
    kinds = Counter(one.link is None for mail in mails for one in mail)
    assert kinds[True] > kinds[False] > 0
    assert all(one.at > 0 and one.method == "GET" for mail in mails for one in mail)
    assert sum(not mail for mail in mails) > 500


def test_without_scanners_no_hit_is_a_scanners() -> None:
    tally = simulate(SMALL._replace(scanned=0))
    assert tally.mails == tally.number(tally.made, MACHINES, (*OPENS, *CLICKS)) == 0
    assert tally.number(tally.made, [PEOPLE], CLICKS) > 0


def test_where_nobody_reads_nobody_is_lost_and_nothing_is_hidden() -> None:
    tally = simulate(SMALL._replace(scanned=1, habits=NOBODY))
    assert tally.mails == SMALL.mails and tally.people == 0
    by_head = tally.number(tally.made, ["HEAD only"], CLICKS)
    assert tally.number(tally.taken, ["HEAD only"], CLICKS) == by_head > 0
    single = tally.number(tally.made, ["one link only"], CLICKS)
    assert tally.number(tally.taken, ["one link only"], CLICKS) < single / 10


def test_the_tables_hold_every_pattern_and_the_goals() -> None:
    people, patterns, variants = scanners.tables(SMALL, [("small", SMALL)])
    assert {(figure.goal.sense, figure.goal.bound) for figure in people.figures if figure.goal} == {("≥", 95), ("≤", 1)}
    assert {figure.what.rpartition(":")[0] for figure in patterns.figures} == set(MACHINES)
    assert [figure.what for figure in variants.figures] == ["small"]
    assert all(0 <= figure.value <= 100 for table in (people, patterns, variants) for figure in table.figures)


def test_of_ten_thousand_mails_no_goal_is_missed_but_that_of_scanners_opens() -> None:
    """Of which those over a minute before the sweep are known to be missed; nothing tells them from a person's."""
    goals = {figure.what: figure.is_missed for figure in next(scanners.tables()).figures if figure.goal}
    assert (goals["scanners' clicks"], goals["people's clicks"]) == (False, False)
    assert {what for what, is_missed in goals.items() if is_missed} <= {"scanners' opens"}
