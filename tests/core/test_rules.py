"""Every rule, by labelled hits: what it meets, and what it must not."""

from pathlib import Path

import pytest

from chalicelib.core.rules import RULES, VERSION, Strength, explained, unknown_rules
from chalicelib.core.verdict import Maker, Verdict
from tests.core.labelled import Case, pixel, shown, verdict_on
from tests.core.labelled_clients import CLIENTS
from tests.core.labelled_hits import HITS

NAMES = [rule.name for rule in RULES]
CASES = [(rule, case) for rule, examples in HITS.items() for case in (*examples.met, *examples.missed)]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{rule}: {case.says}" for rule, case in CASES])
def test_a_hit_is_what_its_label_says(rule: str, case: Case) -> None:
    assert shown(verdict_on(case)) == case.expected


@pytest.mark.parametrize(("says", "agent", "expected"), CLIENTS, ids=[says for says, *_ in CLIENTS])
def test_an_open_is_what_its_client_makes_it(says: str, agent: str, expected: str) -> None:
    assert shown(verdict_on(Case(says, pixel(agent=agent), expected))) == expected


@pytest.mark.parametrize("rule", NAMES)
def test_a_rule_has_two_hits_that_it_meets_and_two_near_misses(rule: str) -> None:
    met = [case for case in HITS[rule].met if rule in verdict_on(case).reasons]
    missed = [case for case in HITS[rule].missed if rule not in verdict_on(case).reasons]
    assert (len(met), len(missed)) == (len(HITS[rule].met), len(HITS[rule].missed))
    assert min(len(met), len(missed)) >= 2


@pytest.mark.parametrize("rule", NAMES)
def test_a_rule_that_is_off_is_no_reason(rule: str) -> None:
    for case in HITS[rule].met:
        assert rule not in verdict_on(case._replace(off=case.off | {rule})).reasons


def test_there_are_labelled_hits_for_the_rules_that_there_are_and_enough_of_them() -> None:
    assert list(HITS) == NAMES
    assert len(CASES) + len(CLIENTS) >= 120


def test_names_are_each_given_once_and_each_strength_is_used() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {rule.strength for rule in RULES} == set(Strength)
    assert all(rule.on_opens or rule.on_links for rule in RULES)


def test_unknown_names_are_told_each_once_in_order() -> None:
    assert unknown_rules([*NAMES, "nonsense", "burst ", "Burst", "nonsense"]) == ("Burst", "burst ", "nonsense")
    assert unknown_rules(NAMES) == unknown_rules([]) == ()


@pytest.mark.parametrize("rule", NAMES)
def test_a_reason_is_explained_in_a_sentence_of_its_own(rule: str) -> None:
    sentence = explained(rule)
    assert sentence[0].isupper() and sentence.endswith(".") and 20 < len(sentence) < 120
    assert [name for name in NAMES if explained(name) == sentence] == [rule]
    assert "_" not in sentence


def test_a_reason_of_a_later_version_is_explained_too() -> None:
    assert "of_tomorrow" in explained("of_tomorrow")


def test_a_verdict_says_by_which_version_of_the_rules() -> None:
    assert Verdict(Maker.HUMAN).version == VERSION


def test_the_page_about_machines_tells_every_rule_in_its_words() -> None:
    page = (Path(__file__).parents[2] / "docs" / "MACHINES.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 5]
    assert [(row.split("`")[1], row.split("|")[2].strip(), row.split("|")[4].strip()) for row in rows] == [
        (rule.name, rule.strength.value, rule.words) for rule in RULES
    ]
