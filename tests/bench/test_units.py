"""The project's goals for what a mail, an open and a click ask of AWS: exact counts, so they are held by tests."""

import pytest

from bench import units
from tests.bench.measured import a_journey


@pytest.fixture(scope="module")
def found():
    return a_journey()


@pytest.mark.parametrize("kind", ["open", "click"])
def test_a_hit_is_one_call_one_write_unit_and_no_read(found, kind):
    step = found.steps[kind]
    assert [call.operation for call in step.calls] == ["PutItem"]
    assert (step.write_units, step.read_units) == (1, 0)


def test_a_mail_from_accepted_to_folded_costs_at_most_16_write_units(found):
    table = next(iter(units.tables_of(found)))
    told = [figure for figure in table.figures if figure.what.startswith(("write units, accepted", "of that"))]
    whole, *parts = (figure.value for figure in told)
    assert whole == sum(parts) <= 16


def test_no_goal_is_missed(found):
    figures = [figure for table in units.tables_of(found) for figure in table.figures]
    assert [figure.what for figure in figures if figure.is_missed] == []
    assert sum(figure.goal is not None for figure in figures) == 7


def test_a_fold_writes_the_message_only_and_reads_it_once(found):
    for what in ("fold Send", "fold Delivery", "fold open", "fold click"):
        step = found.steps[what]
        assert {name for call in step.calls for name in call.writes} == {"messages"}
        assert [call.operation for call in step.calls] == ["GetItem", "Query", "UpdateItem"]


def test_events_that_come_together_are_folded_in_one_write(found):
    together, alone = found.steps["fold Send and Delivery at once"], found.steps["fold Send"]
    assert together.count("dynamodb", "UpdateItem") == alone.count("dynamodb", "UpdateItem") == 1


def test_a_sweep_of_what_is_folded_writes_nothing(found):
    assert found.steps["sweep of the mails"].write_units == 0
    assert found.steps["sweep of the mails"].read_units > found.steps["sweep of no mail"].read_units


def test_every_hit_leaves_its_metric_and_nothing_else_in_the_log(found):
    assert (found.steps["open"].metrics, found.steps["open"].log_lines) == (["OpenRecorded"], 1)
    assert (found.steps["click"].metrics, found.steps["click"].log_lines) == (["ClickRecorded"], 1)


def test_what_stays_of_a_mail_is_its_items_its_entries_and_its_contents(found):
    assert set(found.stored["mail"]) == {
        *("messages", "messages/by_account", "messages/by_ses_message_id"),
        *("events", "account", "contents"),
    }
    assert set(found.stored["open"]) == {"events", "messages"}


def test_where_units_go_is_told_with_the_most_first(found):
    text = units.where([found.steps["accept"]])
    costs = [float(part.rpartition(" ")[2]) for part in text.split(", ")]
    assert costs == sorted(costs, reverse=True)
    assert sum(costs) == found.steps["accept"].write_units
