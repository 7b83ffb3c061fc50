"""The schedule's handler as Lambda imports it, and the operator's command, on the data stack in process."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from chalicelib import settings
from chalicelib.core import event
from chalicelib.core.event import Kind
from chalicelib.entrypoints import replay as entrypoint
from chalicelib.gateways import event_log
from infra import replay as command
from tests.moto_stack import REGION, Stack

MESSAGE_ID = "0123456789abcdef" * 2
AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
FAR = datetime(2090, 1, 1, tzinfo=UTC)
SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-11-21T08:35:00Z",
    "region": REGION,
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/replay"],
    "detail": {},
}
"""The example of https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html, with our names."""


class Context(NamedTuple):
    """Lambda's, as far as it is used."""

    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def an_item(event_id: str, ends_at: datetime = FAR) -> dict[str, dict[str, str]]:
    return event.as_item(event.make(MESSAGE_ID, event_id, Kind.CLICKED, AT, method="GET", position=1), ends_at)


class Aws:
    """The spill queue and the table of events."""

    def __init__(self, stack: Stack) -> None:
        self.url = stack.environment["MAILSIGHT_SPILL_QUEUE_URL"]
        self._sqs: Any = boto3.client("sqs", region_name=REGION)
        self._dynamodb: Any = boto3.client("dynamodb", region_name=REGION)

    def spill(self, *bodies: str) -> None:
        for body in bodies:
            self._sqs.send_message(QueueUrl=self.url, MessageBody=body)

    @property
    def queued(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    @property
    def items(self) -> list[Any]:
        return sorted(self._dynamodb.scan(TableName="events")["Items"], key=lambda item: item["event_key"]["S"])

    def lose_the_table(self) -> None:
        self._dynamodb.delete_table(TableName="events")


@pytest.fixture
def aws(stack: Stack) -> Iterator[Aws]:
    entrypoint._parts.cache_clear()
    yield Aws(stack)
    entrypoint._parts.cache_clear()


def run(milliseconds: int = 60_000) -> Any:
    return entrypoint.replay(SCHEDULED, Context(milliseconds))


EMPTY = {"replayed": 0, "already_there": 0, "expired": 0, "malformed": (), "stopped_by": ""}


def test_the_schedule_drains_the_queue(aws: Aws) -> None:
    items = [an_item(f"{number:02}") for number in range(13)]
    aws.spill(*map(json.dumps, items), json.dumps(items[0]), json.dumps(an_item("old", AT)))
    assert run() == {**EMPTY, "replayed": 13, "already_there": 1, "expired": 1}
    assert aws.items == items
    assert aws.queued == 0
    assert run() == EMPTY


def test_a_malformed_body_stays_for_the_dead_letter_queue_and_is_logged(aws: Aws) -> None:
    log = entrypoint._parts().log
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    log.addHandler(handler)
    aws.spill("not an item", json.dumps(an_item("1")))
    answer = run()
    log.removeHandler(handler)
    assert (answer["replayed"], len(answer["malformed"]), aws.queued) == (1, 1, 1)
    assert "replay_incomplete" in lines.getvalue()


def test_while_the_table_is_away_everything_stays(aws: Aws) -> None:
    aws.spill(json.dumps(an_item("1")), json.dumps(an_item("2")))
    aws.lose_the_table()
    answer = run()
    assert "ResourceNotFoundException" in answer["stopped_by"]
    assert (answer["replayed"], aws.queued) == (0, 2)


def test_a_run_without_time_leaves_the_queue_alone(aws: Aws) -> None:
    aws.spill(json.dumps(an_item("1")))
    assert run(milliseconds=entrypoint.SPARE_MILLISECONDS) == EMPTY
    assert aws.queued == 1


def test_a_missing_setting_is_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILSIGHT_SPILL_QUEUE_URL")
    with pytest.raises(settings.BadSettings, match="MAILSIGHT_SPILL_QUEUE_URL"):
        run()


# python -m infra.replay


def test_the_command_drains_the_queue_and_says_what_it_did(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.spill(json.dumps(an_item("1")), json.dumps(an_item("1")), json.dumps(an_item("old", AT)))
    assert command.main([]) == 0
    assert capsys.readouterr().out.split("\n") == [
        "       1 replayed",
        "       1 already there",
        "       1 expired",
        "       0 malformed",
        "",
    ]
    assert (aws.items, aws.queued) == ([an_item("1")], 0)


def test_the_command_drains_another_queue(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILSIGHT_SPILL_QUEUE_URL")
    aws.spill(json.dumps(an_item("1")))
    assert command.main(["--queue", aws.url]) == 0
    assert aws.items == [an_item("1")]


def test_the_command_fails_when_something_is_left(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.spill("not an item")
    assert command.main([]) == 1
    assert "1 malformed" in capsys.readouterr().out
    aws.spill(json.dumps(an_item("1")))
    aws.lose_the_table()
    assert command.main([]) == 1
    assert "stopped, run it again" in capsys.readouterr().out


def test_the_command_takes_the_local_stacks_environment(
    aws: Aws, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.spill(json.dumps(an_item("1")))
    monkeypatch.delenv("MAILSIGHT_EVENTS_TABLE")
    monkeypatch.delenv("MAILSIGHT_SPILL_QUEUE_URL")
    run_file = tmp_path / "run.json"
    assert command.main(["--local"], run_file) == 1
    assert "make run" in capsys.readouterr().err
    run_file.write_text(json.dumps({"dashboard_url": "http://127.0.0.1/", "environment": stack.environment}))
    assert command.main(["--local"], run_file) == 0
    assert aws.items == [an_item("1")]


def test_without_settings_the_command_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("MAILSIGHT_EVENTS_TABLE", "MAILSIGHT_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert command.main([]) == 1
    assert "MAILSIGHT_EVENTS_TABLE" in capsys.readouterr().err


def a_line(event_id: str) -> str:
    line = {"level": "ERROR", "message": "spilled_event", "reasons": ["a {", 'b "'], "spilled_event": an_item(event_id)}
    return json.dumps(line, separators=(",", ":"))


LOG = [
    "START RequestId: 53dc4d37 Version: $LATEST",
    a_line("01"),
    f"2026-11-21T08:30:00.123Z\t53dc4d37\tINFO {{not json}} {a_line('02')} and more {{",
    f"{a_line('03')}{a_line('04')}",
    json.dumps({"timestamp": 1795249800123, "message": a_line("05") + "\n", "logStreamName": "2026/11/21"}),
    f'            "message": {json.dumps(a_line("06"))},',
    json.dumps({"events": [{"message": a_line("07")}, {"message": "END"}, {"message": a_line("08")}]}),
    '{"level":"WARNING","message":"event written to the spill queue","reasons":["HTTP 500: "]}',
    a_line("01"),
    "",
]


def test_the_command_finds_spilled_events_in_a_log_whatever_is_around_them(
    aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "track.log"
    log.write_text("\n".join(LOG))
    assert command.main(["--log", str(log)]) == 0
    assert aws.items == [an_item(f"{number:02}") for number in range(1, 9)]
    assert capsys.readouterr().out.split("\n")[:2] == ["       8 replayed", "       1 already there"]
    assert command.main(["--log", str(log)]) == 0
    assert len(aws.items) == 8


def test_the_command_reads_a_log_from_standard_input(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(LOG)))
    assert command.main(["--log", "-"]) == 0
    assert len(aws.items) == 8


@pytest.mark.parametrize(
    "line",
    [
        a_line("1")[:-30],
        '{"spilled_event": null}',
        '{"spilled_event": {"message_id": {"S": "x"}}}',
        "spilled_event",
        json.dumps({"message": a_line("1")[:-30]}),
    ],
)
def test_a_line_that_was_cut_is_reported_and_the_others_are_replayed(
    line: str, aws: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "track.log"
    log.write_text("\n".join([a_line("2"), line, a_line("3")]))
    assert command.main(["--log", str(log)]) == 1
    assert aws.items == [an_item("2"), an_item("3")]
    out = capsys.readouterr().out
    assert "1 malformed" in out
    assert "malformed: line 2: " in out


def test_a_log_that_is_not_there_is_named(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--log", "/nowhere/track.log"]) == 1
    assert "/nowhere/track.log" in capsys.readouterr().err


def test_what_the_hot_path_spills_comes_back_unchanged(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": REGION}
    own = settings.Settings(events_table="events", spill_queue_url="http://127.0.0.1:1/spill")
    event_log.connect(own, settings.read_aws(environ)).record(an_item("1", FAR - timedelta(seconds=1)))
    [spilled] = command.spilled_in(capsys.readouterr().out.splitlines())
    assert json.loads(spilled.body) == an_item("1", FAR - timedelta(seconds=1))
