"""The CloudWatch dashboard answers its questions in one screen, and its text is what CloudFormation takes."""

import json
from itertools import combinations
from typing import Any

import pytest

from infra import template
from infra.aws import package
from infra.aws.dashboard import BadDashboard, rendered
from tests.infra.watched import (
    ALARMS,
    APP,
    BOARD,
    CONFIG,
    DATA,
    PRICES,
    STAGE,
    evaluated,
    names_in,
    of_type,
    rows,
    text_of,
    widgets,
)

METRIC_WIDGETS = [widget for widget in widgets() if widget["type"] == "metric"]
QUESTIONS = (
    "Does mail go out?",
    "Is it delivered?",
    "Are hits recorded?",
    "Does fold keep up?",
    "Is what people see fresh?",
    "What does it cost?",
)

each_metric_widget = pytest.mark.parametrize("widget", METRIC_WIDGETS, ids=lambda one: one["properties"]["title"])


# ------------------------------------------------------------------------------------------------------- its text


def test_a_dashboard_becomes_one_text_in_which_prices_are_numbers_and_references_stay_open():
    body = {
        "widgets": [{"title": "${Stage}", "sum": ["{{price:mail}} * {{price:mail}}", {"expression": "{{price:gb}}"}]}]
    }
    (text,) = rendered(body, {"mail": 100, "gb": 0.5}).values()
    assert json.loads(text) == {"widgets": [{"title": "${Stage}", "sum": ["100 * 100", {"expression": "0.5"}]}]}
    assert rendered(body, {"mail": 1, "gb": 1}).keys() == {"Fn::Sub"}


@pytest.mark.parametrize(
    ("price", "text"), [(0.0000133334, "0.0000133334"), (1e-9, "0.000000001"), (3.0, "3.0"), (7, "7")]
)
def test_a_price_is_written_in_full_for_metric_math_reads_no_exponents(price, text):
    assert rendered({"a": "{{price:one}}"}, {"one": price}) == {
        "Fn::Sub": json.dumps({"a": text}, separators=(",", ":"))
    }


def test_a_price_that_nobody_knows_is_named():
    with pytest.raises(BadDashboard, match="'lambda_moon_second'"):
        rendered({"a": {"b": ["{{price:lambda_moon_second}}"]}}, {"lambda_arm64_gb_second": 1})


@pytest.mark.parametrize("text", ["${Stage", "${}", "$${ Stage}", '${PROP("Dim.stage")}', "${a b}"])
def test_what_cannot_be_substituted_is_refused(text):
    with pytest.raises(BadDashboard, match="substituted"):
        rendered({"label": text}, {})


@pytest.mark.parametrize("text", ["${AWS::Region}", "${Table.Arn}", "${!LABEL}", "$5", "{5}", "5 $ {x}"])
def test_what_can_be_substituted_or_is_no_substitution_passes(text):
    assert json.loads(rendered({"label": text}, {})["Fn::Sub"]) == {"label": text}


def test_what_a_name_holds_cannot_break_the_text():
    assert json.loads(rendered({"a": 'x"y\\z\n…'}, {})["Fn::Sub"]) == {"a": 'x"y\\z\n…'}


def test_the_dashboard_is_packaged_and_no_placeholder_is_left():
    resources: dict[str, Any] = {}
    for path in package.PARTS:
        resources |= template.load(path)["Resources"]
    assert resources["Dashboard"]["Properties"] == BOARD
    text = rendered(BOARD["DashboardBody"], PRICES)["Fn::Sub"]
    assert "{{" not in text
    assert text_of(BOARD["DashboardName"]) == STAGE


# ------------------------------------------------------------------------------------------------------- its screen


def test_widgets_fit_one_screen_of_24_columns_and_do_not_overlap():
    boxes = [(one["x"], one["y"], one["width"], one["height"]) for one in widgets()]
    assert all(x >= 0 and y >= 0 and width > 0 and height > 0 and x + width <= 24 for x, y, width, height in boxes)
    assert max(y + height for _, y, _, height in boxes) <= 24
    for (x, y, width, height), (x2, y2, width2, height2) in combinations(boxes, 2):
        assert x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y


def test_each_question_has_its_values_and_their_course_right_below():
    values = [one for one in METRIC_WIDGETS if one["properties"]["view"] == "singleValue"]
    assert [one["properties"]["title"].partition("?")[0] + "?" for one in values] == list(QUESTIONS)
    for one in values:
        assert one["properties"]["setPeriodToTimeRange"] is True
        (below,) = [
            other for other in METRIC_WIDGETS if (other["x"], other["y"]) == (one["x"], one["y"] + one["height"])
        ]
        assert below["width"] == one["width"]
        assert below["properties"]["view"] == "timeSeries"


def test_every_alarm_is_shown_but_the_one_that_may_not_exist():
    (shown,) = [one["properties"]["alarms"] for one in widgets() if one["type"] == "alarm"]
    names = [arn.rpartition(f":alarm:{STAGE}-")[2] for arn in shown]
    assert sorted(names) == sorted(ALARMS.keys() - {"ses-quota"})
    prefix = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    assert all(arn.startswith(prefix) for arn in shown)


@each_metric_widget
def test_expressions_of_a_widget_speak_of_its_own_ids(widget):
    assert widget["properties"]["region"] == "${AWS::Region}"
    lines = rows(widget)
    ids = [row.options["id"] for row in lines if "id" in row.options]
    assert len(set(ids)) == len(ids)
    for row in lines:
        assert bool(row.metric) != ("expression" in row.options)
        assert row.options.get("label") or row.options.get("visible") is False
        assert names_in(row.options.get("expression", "")) <= set(ids)


@each_metric_widget
def test_no_line_repeats_what_is_not_above_it(widget):
    above = 0
    for line in widget["properties"]["metrics"]:
        parts = [part for part in line if not isinstance(part, dict)]
        assert all(at < above for at, part in enumerate(parts) if part == ".")
        above = len(parts)


# --------------------------------------------------------------------------------------------------------- its cost


(COST,) = [one for one in METRIC_WIDGETS if one["properties"]["title"].startswith(QUESTIONS[-1])]
USAGE = {row.options["id"]: row.metric for row in rows(COST) if row.metric}
EXPRESSIONS = {row.options["id"]: row.options["expression"] for row in rows(COST) if not row.metric}


def dollars(**used: float) -> dict[str, float]:
    """What the widget shows for this usage, and none of anything else."""
    assert used.keys() <= USAGE.keys()
    values: dict[str, float | None] = {**dict.fromkeys(USAGE), **used}
    for name, expression in EXPRESSIONS.items():
        values[name] = evaluated(expression, values)
    return {name: values[name] or 0.0 for name in EXPRESSIONS}


def used_of(namespace: str, name: str, dimension: str) -> set[str]:
    """The last dimension of each metric of this name in the usage, such as the functions whose calls are counted."""
    return {one[-1] for one in USAGE.values() if one[:2] == (namespace, name) and one[-2] == dimension}


@pytest.mark.parametrize(
    ("what", "used", "price"),
    [
        ("ses", "mails", "ses_mails_per_million"),
        ("dynamodb", "write_events", "dynamodb_write_request_units_per_million"),
        ("dynamodb", "read_by_account", "dynamodb_read_request_units_per_million"),
        ("gateways", "hits", "api_gateway_http_requests_per_million"),
        ("gateways", "handed", "api_gateway_http_requests_per_million"),
        ("gateways", "requests", "api_gateway_rest_requests_per_million"),
        ("functions", "calls_track", "lambda_requests_per_million"),
        ("queues", "queue_send_empty", "sqs_requests_per_million"),
        ("queues", "told", "sns_publishes_per_million"),
        ("contents", "accepted", "s3_put_requests_per_million"),
        ("contents", "sent", "s3_get_requests_per_million"),
    ],
)
def test_a_million_costs_what_the_list_says(what, used, price):
    assert dollars(**{used: 1_000_000})[what] == pytest.approx(PRICES[price])


def test_a_gigabyte_of_log_costs_what_the_list_says():
    assert dollars(logged_track=2**30)["logs"] == pytest.approx(PRICES["cloudwatch_logs_ingested_gb"])


def test_the_total_is_the_sum_of_the_parts_each_once():
    parts = dollars(**{name: 1_000_000 for name in USAGE})
    total = parts.pop("total")
    assert total == pytest.approx(sum(parts.values()))
    assert all(part > 0 for part in parts.values())


def memory_of(function: str) -> int:
    if function == "track":
        return int(APP["Resources"]["Track"]["Properties"]["MemorySize"])
    own = CONFIG["lambda_functions"]["api_handler" if function == "api" else function]
    return int(own.get("lambda_memory_size", CONFIG["lambda_memory_size"]))


@pytest.mark.parametrize("function", ["api", "send", "ingest", "fold", "people", "sweep", "replay", "track"])
def test_an_hour_of_a_function_costs_by_the_memory_that_it_has(function):
    of_the_list = 3600 * memory_of(function) / 1024 * PRICES["lambda_arm64_gb_second"]
    assert dollars(**{f"ms_{function}": 3_600_000})["functions"] == pytest.approx(of_the_list)


def test_everything_that_is_paid_by_use_is_counted():
    names = {"api" if name == "api_handler" else name for name in CONFIG["lambda_functions"]} | {"track"}
    functions = {f"{STAGE}-{name}" for name in names}
    tables = of_type("AWS::DynamoDB::Table", DATA).values()
    indexes = {one["IndexName"] for table in tables for one in table.get("GlobalSecondaryIndexes", [])}
    for name in ("Invocations", "Duration"):
        assert used_of("AWS/Lambda", name, "FunctionName") == functions
    assert used_of("AWS/Logs", "IncomingBytes", "LogGroupName") == {f"/aws/lambda/{name}" for name in functions}
    for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"):
        assert used_of("AWS/DynamoDB", name, "TableName") == {text_of(table["TableName"]) for table in tables}
        assert used_of("AWS/DynamoDB", name, "GlobalSecondaryIndexName") == indexes
    for name in ("Sent", "Received", "Deleted"):
        whole = of_type("AWS::SQS::Queue", DATA).values()
        queues = {text_of(queue["QueueName"]) for queue in whole if "RedrivePolicy" in queue}
        assert used_of("AWS/SQS", f"NumberOfMessages{name}", "QueueName") == queues
    assert used_of("AWS/SQS", "NumberOfEmptyReceives", "QueueName") == queues
