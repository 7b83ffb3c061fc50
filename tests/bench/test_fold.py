"""The benchmark of the fold, with a handful of events."""

import pytest

from bench import fold, folding, stage
from bench.folding import ALL_OF_ONE, IN_LIFE, SIZES, Run
from bench.report import markdown

EVENTS = 6


@pytest.fixture(scope="module")
def runs():
    return [Run(*run) for run in stage.in_a_process("bench.folding", str(EVENTS))]


def test_each_case_is_measured_with_each_size(runs):
    assert {(run.case, run.size) for run in runs} == {(case, size) for case in (IN_LIFE, ALL_OF_ONE) for size in SIZES}
    assert all(run.events == EVENTS and run.cpu_ms > 0 for run in runs)


def test_events_of_one_mail_cost_less_in_larger_batches(runs):
    by_size = {run.size: run for run in runs if run.case == ALL_OF_ONE}
    assert by_size[1].writes > by_size[10].writes == by_size[100].writes
    assert by_size[1].reads > by_size[10].reads == by_size[100].reads


def test_alone_each_event_is_folded_by_itself(runs):
    (alone,) = (run for run in runs if run.case == IN_LIFE and run.size == 1)
    assert alone.mails_a_batch == 1
    assert alone.calls >= 3 * EVENTS


def test_a_table_tells_of_every_size(runs):
    text = markdown(fold.table_of(IN_LIFE, runs))
    assert all(f"batches of {size}: write units an event" in text for size in folding.SIZES)
    assert "of 60,000 mails" in text
