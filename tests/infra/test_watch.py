"""Alarms ring for what somebody must look at, look at what there is, and each has its runbook."""

import re
from typing import Any

import pytest

from chalicelib.core import metric
from infra.local.functions import FEEDS
from tests.infra.watched import (
    ALARMS,
    APP,
    CONFIG,
    DATA,
    ROOT,
    STAGE,
    WATCH,
    evaluated,
    metrics_of,
    names_in,
    of_type,
    shown,
    text_of,
)

OPERATIONS = (ROOT / "docs" / "OPERATIONS.md").read_text()
RUNBOOKS = {
    title: text
    for section in re.findall(r"^## Alarms\n(.*?)(?=^## )", OPERATIONS, re.M | re.S)
    for title, text in re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", section, re.M | re.S)
}
FUNCTIONS = {"api" if name == "api_handler" else name for name in CONFIG["lambda_functions"]} | {"track"}
TABLES = {text_of(table["TableName"]): table for table in of_type("AWS::DynamoDB::Table", DATA).values()}
INDEXES = {
    (("TableName", name), ("GlobalSecondaryIndexName", index["IndexName"]))
    for name, table in TABLES.items()
    for index in table.get("GlobalSecondaryIndexes", [])
}
QUEUES = {
    logical: text_of(queue["QueueName"])
    for whole in (DATA, APP)
    for logical, queue in of_type("AWS::SQS::Queue", whole).items()
}
API = (("ApiName", text_of(APP["Resources"]["RestAPI"]["Properties"]["Name"])), ("Stage", CONFIG["api_gateway_stage"]))

each_alarm = pytest.mark.parametrize("name", sorted(ALARMS))


def expression_of(alarm: dict[str, Any]) -> str:
    (found,) = [text_of(one["Expression"]) for one in alarm["Metrics"] if "Expression" in one]
    return found.replace("${SesDailyQuota}", "50000")


def rings(name: str, **values: float | None) -> bool:
    """Whether values of an alarm's metrics, all in one window, are over its threshold; what is not named is missing."""
    alarm = ALARMS[name]
    known = {**dict.fromkeys(metrics_of(alarm)), **values}
    assert known.keys() == metrics_of(alarm).keys()
    return evaluated(expression_of(alarm), known) >= float(alarm["Threshold"])


# ------------------------------------------------------------------------------------------------------ who is told


def test_an_alarm_has_a_runbook_and_a_runbook_an_alarm():
    assert RUNBOOKS.keys() == ALARMS.keys()


@each_alarm
def test_an_alarm_says_in_a_sentence_what_is_wrong_and_where_its_runbook_is(name):
    sentence, _, runbook = ALARMS[name]["AlarmDescription"].rpartition(" ")
    assert runbook == f"docs/OPERATIONS.md#{name}"
    assert 30 < len(sentence) < 200 and sentence.endswith(".") and ". " not in sentence


@each_alarm
def test_a_runbook_says_how_to_look_what_to_do_and_when_it_is_harmless(name):
    text = RUNBOOKS[name]
    assert text.index("```sh\n") < text.index("\n**Do:** ") < text.index("\n**Harmless:** ")


@each_alarm
def test_an_alarm_tells_when_it_rings_and_when_it_is_over_and_knows_what_no_data_means(name):
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
    assert "ActionsEnabled" not in alarm
    assert alarm["TreatMissingData"] in ("notBreaching", "breaching", "ignore")


def test_only_our_alarms_publish_to_the_topic_and_an_address_is_told_if_there_is_one():
    (statement,) = WATCH["Resources"]["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert text_of(statement["Condition"]["ArnLike"]["AWS:SourceArn"]).endswith(f":alarm:{STAGE}-*")
    subscription = WATCH["Resources"]["AlarmSubscription"]
    assert subscription["Condition"] == "HasAlarmEmail"
    assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}
    assert WATCH["Parameters"]["AlarmEmail"]["Default"] == ""


def test_the_alarm_of_the_quota_exists_where_the_quota_is_known():
    assert WATCH["Resources"]["SesQuotaAlarm"]["Condition"] == "HasSesQuota"
    assert WATCH["Conditions"]["HasSesQuota"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "SesDailyQuota"}, 0]}]}
    conditional = {name for name, one in WATCH["Resources"].items() if "Condition" in one}
    assert conditional == {"AlarmSubscription", "SesQuotaAlarm"}


# ----------------------------------------------------------------------------------------------- CloudWatch's own rules


@each_alarm
def test_an_alarm_keeps_to_what_cloudwatch_allows(name):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    alarm, metrics = ALARMS[name], metrics_of(ALARMS[name])
    (period,) = {one.period for one in metrics.values()}
    assert len(metrics) <= 10
    assert period % 60 == 0
    assert period * alarm["EvaluationPeriods"] <= (86_400 if period < 3600 else 604_800)
    assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"]
    assert {one.statistic for one in metrics.values()} <= {"Sum", "Maximum"}


@each_alarm
def test_an_alarm_of_several_metrics_has_one_expression_that_speaks_of_all_of_them_and_of_no_other(name):
    alarm = ALARMS[name]
    if "MetricName" in alarm:
        assert "Metrics" not in alarm
        return
    assert not {"Period", "Statistic", "Namespace", "Dimensions"} & alarm.keys()
    ids = [one["Id"] for one in alarm["Metrics"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", one) for one in ids)
    assert all(one.get("ReturnData", True) is ("Expression" in one) for one in alarm["Metrics"])
    assert names_in(expression_of(alarm)) == metrics_of(alarm).keys()
    assert len(expression_of(alarm)) <= 1024


def test_nothing_is_used_that_the_emulator_refuses():
    types = {resource["Type"] for resource in WATCH["Resources"].values()}
    assert types == {
        "AWS::CloudWatch::Alarm",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SNS::Subscription",
    }


# ------------------------------------------------------------------------------------------------- what is looked at


def looked_at() -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Namespace, name and dimensions of every metric in an alarm or on the dashboard."""
    watched = [one for alarm in ALARMS.values() for one in metrics_of(alarm).values()]
    return [*((one.namespace, one.name, one.dimensions) for one in watched), *shown()]


def test_metrics_of_ours_are_those_that_the_code_counts_and_each_is_looked_at():
    ours = [(name, dimensions) for namespace, name, dimensions in looked_at() if namespace == metric.NAMESPACE]
    assert {name for name, _ in ours} == metric.COUNTS | metric.SECONDS
    assert {dimensions for _, dimensions in ours} == {((metric.DIMENSION, "${Stage}"),)}


def test_what_alarms_and_the_dashboard_look_at_exists():
    """A metric of a name that nobody has is no error for CloudWatch: it has no data, and all seems well."""
    configuration_set = text_of(DATA["Resources"]["ConfigurationSet"]["Properties"]["Name"])
    topics = of_type("AWS::SNS::Topic", DATA).values()
    known: dict[str, set[tuple[tuple[str, str], ...]]] = {
        "AWS/Lambda": {(("FunctionName", f"{STAGE}-{name}"),) for name in FUNCTIONS},
        "AWS/SQS": {(("QueueName", name),) for name in QUEUES.values()},
        "AWS/DynamoDB": {(("TableName", name),) for name in TABLES} | INDEXES,
        "AWS/ApiGateway": {(("ApiId", "${TrackApi}"),), (("ApiId", "${SesApi}"),), API},
        "AWS/SES": {(), (("ses:configuration-set", configuration_set),)},
        "AWS/SNS": {(("TopicName", text_of(topic["TopicName"])),) for topic in topics},
        "AWS/Logs": {(("LogGroupName", f"/aws/lambda/{STAGE}-{name}"),) for name in FUNCTIONS},
        metric.NAMESPACE: {((metric.DIMENSION, "${Stage}"),)},
    }
    for namespace, name, dimensions in looked_at():
        assert dimensions in known[namespace], (namespace, name, dimensions)


def test_functions_are_those_of_the_app():
    assert {feed.name for feed in FEEDS} | {"api", "track"} == FUNCTIONS


OF_WEBHOOKS = {"deliver", "notify", "remind"}
OF_REPORTS = {"inform", "report"}
"""Functions with alarms of their own, for an alarm takes ten metrics at most."""


def looked_at_by(alarm: str, name: str) -> set[tuple[tuple[str, str], ...]]:
    """Dimensions of an alarm's metrics of this name, each of which makes it ring alone."""
    found = {key: one.dimensions for key, one in metrics_of(ALARMS[alarm]).items() if one.name == name}
    assert all(rings(alarm, **{key: 1}) for key in found)
    return set(found.values())


@pytest.mark.parametrize(("alarm", "name"), [("errors", "Errors"), ("throttles", "Throttles")])
def test_errors_and_throttles_of_every_function_ring(alarm, name):
    def of(functions: set[str]) -> set[tuple[tuple[str, str], ...]]:
        return {(("FunctionName", f"{STAGE}-{one}"),) for one in functions}

    assert looked_at_by(alarm, name) == of(FUNCTIONS - OF_WEBHOOKS - OF_REPORTS)
    assert looked_at_by(f"webhook-{alarm}", name) == of(OF_WEBHOOKS)
    assert looked_at_by("report-errors", name) == of(OF_REPORTS)


@pytest.mark.parametrize(
    ("alarm", "name"), [("write-throttles", "WriteThrottleEvents"), ("read-throttles", "ReadThrottleEvents")]
)
def test_throttles_of_every_table_and_index_ring_and_the_alarm_ends_with_them(alarm, name):
    found = looked_at_by(alarm, name) | looked_at_by("webhook-throttles", name)
    assert found == {(("TableName", table),) for table in TABLES} | INDEXES
    for one in (alarm, "webhook-throttles"):
        assert set(re.findall(r"FILL\((\w+), 0\)", expression_of(ALARMS[one]))) == metrics_of(ALARMS[one]).keys()


def test_every_queue_where_failures_end_has_an_alarm_of_its_own():
    ends = {queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for queue in _redriven()}
    for logical in ends | {"FoldFailedQueue", "NotifyFailedQueue", "ScheduleFailedQueue"}:
        alarm = ALARMS[QUEUES[logical].removeprefix(f"{STAGE}-")]
        (watched,) = metrics_of(alarm).values()
        assert watched.name == "ApproximateNumberOfMessagesVisible"
        assert watched.dimensions == (("QueueName", QUEUES[logical]),)
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)


def _redriven() -> list[dict[str, Any]]:
    return [queue for queue in of_type("AWS::SQS::Queue", DATA).values() if "RedrivePolicy" in queue]


# ---------------------------------------------------------------------------------------------------- when they ring


@pytest.mark.parametrize(
    ("name", "metric_name", "threshold"),
    [("bounce-rate", "Reputation.BounceRate", 0.05), ("complaint-rate", "Reputation.ComplaintRate", 0.001)],
)
def test_the_reputation_of_the_account_rings_where_ses_reviews_it(name, metric_name, threshold):
    alarm = ALARMS[name]
    (watched,) = metrics_of(alarm).values()
    assert (watched.namespace, watched.name, watched.dimensions) == ("AWS/SES", metric_name, ())
    assert alarm["Threshold"] == threshold
    assert alarm["TreatMissingData"] == "ignore"


@each_alarm
def test_at_or_over_its_threshold_an_alarm_rings(name):
    assert ALARMS[name]["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert ALARMS[name]["Threshold"] > 0


def test_the_quota_is_counted_over_a_day():
    assert {one.period for one in metrics_of(ALARMS["ses-quota"]).values()} == {86_400}
    assert ALARMS["ses-quota"]["Threshold"] == 80


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("ses-quota", {"account": 39_999, "ours": 39_999}, False),
        ("ses-quota", {"account": 40_000}, True),
        ("ses-quota", {"account": 900, "ours": 40_000}, True),
        ("ses-quota", {}, False),
        ("not-sending", {"delayed": 3}, True),
        ("not-sending", {"failed": 2, "delayed": 1}, True),
        ("not-sending", {"failed": 2}, False),
        ("not-sending", {"sent": 1, "delayed": 500}, False),
        ("unheard", {"sent": 5}, True),
        ("unheard", {"sent": 4}, False),
        ("unheard", {"sent": 500, "hard": 1}, False),
        ("unheard", {"sent": 500, "delivered": 1}, False),
        ("queue-age", {"mails": 1800}, True),
        ("queue-age", {"notifications": 1800}, True),
        ("queue-age", {"deliveries": 1800, "mails": 1}, True),
        ("queue-age", {"mails": 900, "notifications": 900, "deliveries": 900}, False),
        ("stream-age", {"behind": 300_000}, True),
        ("stream-age", {"behind": 2_000, "lag": 300}, True),
        ("stream-age", {"behind": 299_000, "lag": 299}, False),
        ("spill-left", {"waiting": 1, "held": 0}, True),
        ("spill-left", {"held": 1}, True),
        ("spill-left", {"incomplete": 1}, True),
        ("spill-left", {"waiting": 0, "held": 0}, False),
        ("api-5xx", {"api": 1}, True),
        ("api-5xx", {"ses": 1}, True),
        ("tracking-5xx", {"failed": 1}, True),
        ("tracking-5xx", {"unavailable": 1}, True),
        ("sweep-errors", {"failed": 1}, True),
        ("sweep-errors", {"left": 1}, True),
        ("schedules", {"sweeps": 4, "replays": 12, "reminders": 12}, False),
        ("schedules", {"replays": 12, "reminders": 12}, True),
        ("schedules", {"sweeps": 4, "reminders": 12}, True),
        ("schedules", {"sweeps": 4, "replays": 12}, True),
        ("schedules", {}, True),
    ],
)
def test_an_alarm_of_several_metrics_rings_for_what_it_is_about(name, values, expected):
    assert rings(name, **values) is expected


def test_schedules_that_say_nothing_do_not_run():
    assert ALARMS["schedules"]["TreatMissingData"] == "breaching"
    assert {one.period for one in metrics_of(ALARMS["schedules"]).values()} == {3600}


def test_what_heals_by_itself_must_happen_twice_and_what_does_not_rings_at_once():
    def of(name: str) -> tuple[int, int]:
        return ALARMS[name].get("DatapointsToAlarm", 1), ALARMS[name]["EvaluationPeriods"]

    assert {of(name) for name in ("spill", "tracking-5xx", "api-5xx", "fold-errors")} == {(2, 12)}
    assert {of(name) for name in ("hit-failed", "mail-unknown", "notification-malformed", "sweep-errors")} == {(1, 1)}
    assert of("event-logged") == (1, 24), "an alarm that is over sounds as if somebody had replayed"
