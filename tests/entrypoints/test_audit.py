"""The nightly look for events that should be gone, as the function `recount` makes it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.core import event
from chalicelib.core.event import Kind
from chalicelib.entrypoints import recount
from chalicelib.storage.events import Events
from tests.entrypoints.metric_lines import told_in
from tests.entrypoints.test_fold_and_sweep import scheduled
from tests.entrypoints.test_metrics import Lambda
from tests.moto_stack import REGION, Stack

MESSAGE_ID = "a" * 32


@pytest.fixture(autouse=True)
def _new_parts(stack: Stack) -> Iterator[None]:
    recount._parts.cache_clear()
    yield
    recount._parts.cache_clear()


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What a night counts."""
    recount.recount(scheduled(), Lambda())
    return {name: number for one in told_in(capsys.readouterr().out) for name, number in one.metrics.items()}


def keep_until(expires_at: datetime) -> None:
    one = event.make(MESSAGE_ID, "e" * 32, Kind.OPENED, datetime.now(UTC) - timedelta(days=200), method="GET")
    Events("events", REGION).put(one, expires_at)


def test_an_event_that_outlived_its_window_is_counted_and_named(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    keep_until(datetime.now(UTC) - timedelta(days=2))
    assert counted(capsys) == {}
    Events("events", REGION).delete_all(MESSAGE_ID)
    keep_until(datetime.now(UTC) - timedelta(days=4))
    assert counted(capsys) == {"EventOverdue": 1}
    (line,) = [vars(one) for one in caplog.records if one.getMessage() == "events_overdue"]
    assert (line["events"], MESSAGE_ID in str(line["first"])) == (1, True)


def test_a_night_that_cannot_look_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName="events")
    assert counted(capsys) == {"RecountFailed": 1}
