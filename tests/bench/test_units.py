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


def test_a_mail_from_accepted_to_folded_costs_at_most_16_write_units_and_4_more_where_nothing_comes_together(found):
    figures = {figure.what: figure.value for figure in next(iter(units.tables_of(found))).figures}
    whole = figures["write units, accepted to folded, each event alone"]
    assert whole == sum(value for what, value in figures.items() if what.startswith("of that")) <= 20
    assert figures["write units where Send and Delivery are folded at once"] <= 16


def test_no_goal_is_missed(found):
    figures = [figure for table in units.tables_of(found) for figure in table.figures]
    assert [figure.what for figure in figures if figure.is_missed] == []
    assert sum(figure.goal is not None for figure in figures) == 7


def test_a_fold_writes_the_message_and_its_cells_in_one_transaction_and_reads_it_once(found):
    for what in ("fold Send", "fold Delivery", "fold open", "fold click"):
        calls = found.steps[what].calls
        assert {name.partition("/")[0] for call in calls for name in call.writes} == {"messages", "reports"}
        asked = [call.operation for call in calls if "messages" in call.reads | call.writes]
        assert asked == ["GetItem", "TransactWriteItems"]
        assert [call.operation for call in calls if "events" in call.reads] == ["Query"]


def test_a_fold_that_changes_no_cell_is_a_plain_write_of_the_message(found):
    step = found.steps["fold another open"]
    assert step.count("dynamodb", "UpdateItem") == 1
    assert {name for call in step.calls for name in call.writes} == {"messages", "messages/by_latest_open"}


def test_a_fold_costs_the_lists_one_write_where_what_they_are_narrowed_by_has_changed(found):
    def written(what, index):
        return sum(call.writes.get(f"messages/{index}", 0) for call in found.steps[what].calls)

    kinds = ("Send", "Delivery", "open", "click")
    assert [written(f"fold {kind}", "by_account") for kind in kinds] == [0, 1, 1, 1]
    assert [written(f"fold {kind}", "by_latest_open") for kind in kinds] == [0, 0, 1, 0]
    assert written("fold open and click at once", "by_account") == 1, "from delivered to clicked"


@pytest.mark.parametrize(
    ("what", "operations"),
    [
        ("fold Send", ["GetItem"]),  # settings
        ("fold Delivery", ["GetItem", "GetItem"]),  # and the row of soft bounces
        ("fold open", ["GetItem", "Query"]),  # and what the person said about tracking
        ("fold click", ["GetItem", "Query"]),
        ("send", ["BatchGetItem", "GetItem", "Query"]),  # suppressions, settings, what the person said
        ("accept without Idempotency-Key", ["BatchGetItem", "GetItem", "GetItem", "Query"]),  # and the API key
    ],
)
def test_what_is_asked_about_the_account_and_the_person_is_asked_once(found, what, operations):
    calls = [call for call in found.steps[what].calls if "account" in call.reads]
    assert sorted(call.operation for call in calls) == operations
    of_one = {"BatchGetItem": 2}  # of a suppression that of the address, and of its hash, should its person be erased
    assert all(call.reads["account"] <= of_one.get(call.operation, 1) for call in calls)


def test_events_that_come_together_are_folded_in_one_write(found):
    together, alone = found.steps["fold Send and Delivery at once"], found.steps["fold Send"]
    written = [step.count("dynamodb", "TransactWriteItems") for step in (together, alone)]
    assert written == [1, 1]


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
    lists = {"messages/by_account", "messages/by_latest_open"}
    assert set(found.stored["open"]) == {"events", "messages", *lists}
    status = len("opened") - len("delivered")
    assert found.stored["open"]["messages/by_account"] == status, "what it is narrowed by is another word"


def test_where_units_go_is_told_with_the_most_first(found):
    text = units.where([found.steps["accept"]])
    costs = [float(part.rpartition(" ")[2]) for part in text.split(", ")]
    assert costs == sorted(costs, reverse=True)
    assert sum(costs) == found.steps["accept"].write_units
