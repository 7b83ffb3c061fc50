"""What feeds a function here is what feeds it on AWS: batch sizes, rates, timeouts and queues are said in one voice."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from infra import template
from infra.local import api_host
from infra.local.functions import FEEDS, QueueSource, Schedule, StreamSource

ROOT = Path(__file__).parents[2]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
DATA = template.load(ROOT / "infra" / "data.yaml")
APP = template.load(ROOT / "infra" / "app.yaml")
SOURCES = {source.name: source for source in importlib.import_module("app").app.event_sources}

each_feed = pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)


def seconds(value: Any) -> int:
    """A number, or the number that a Fn::FindInMap points at."""
    if isinstance(value, dict):
        first, second, third = value["Fn::FindInMap"]
        value = DATA["Mappings"][first][second][third]
    return int(value)


def test_every_event_source_of_the_app_is_fed_and_no_other():
    assert {feed.name for feed in FEEDS} == set(SOURCES)


@each_feed
def test_a_feed_is_the_event_source_that_the_app_declares(feed):
    declared = SOURCES[feed.name]
    assert feed.handler == declared.handler_string
    if isinstance(feed.source, QueueSource):
        name = DATA["Resources"][feed.source.queue]["Properties"]["QueueName"]["Fn::Sub"]
        assert name.replace("-${Stage}", "") == declared.queue
        assert feed.source.batch_size == declared.batch_size
    elif isinstance(feed.source, StreamSource):
        table = feed.source.stream.removesuffix("StreamArn") + "Table"
        name = DATA["Resources"][table]["Properties"]["TableName"]["Fn::Sub"]
        assert name.replace("-${Stage}", "") == declared.stream_arn.rpartition(":")[2]
        assert feed.source.batch_size == declared.batch_size
    else:
        assert isinstance(feed.source, Schedule)
        assert feed.source.expression == declared.schedule_expression


STREAMS = [feed for feed in FEEDS if isinstance(feed.source, StreamSource)]


@pytest.mark.parametrize("feed", STREAMS, ids=lambda feed: feed.name)
def test_a_stream_is_filtered_as_it_is_deployed(feed):
    (event_source,) = APP["Resources"][feed.name.capitalize()]["Properties"]["Events"].values()
    (pattern,) = event_source["Properties"]["FilterCriteria"]["Filters"]
    expected: dict[str, Any] = {"eventName": sorted(feed.source.event_names)}
    if feed.source.key_begins:
        name, beginning = feed.source.key_begins
        expected["dynamodb"] = {"Keys": {name: {"S": [{"prefix": beginning}]}}}
    assert json.loads(pattern["Pattern"]) == expected


@each_feed
def test_a_feed_has_the_timeout_that_is_deployed(feed):
    assert feed.timeout_seconds == CONFIG["lambda_functions"][feed.name]["lambda_timeout"]


def test_the_api_has_the_timeout_that_is_deployed():
    assert CONFIG["lambda_timeout"] == api_host.TIMEOUT_SECONDS


READERS = [(feed.name, feed.source.queue) for feed in FEEDS if isinstance(feed.source, QueueSource)]


@pytest.mark.parametrize(("name", "queue"), [*READERS, ("replay", "SpillQueue")])
def test_a_message_stays_invisible_for_six_times_the_timeout_of_who_reads_it(name, queue):
    timeout = CONFIG["lambda_functions"][name]["lambda_timeout"]
    assert DATA["Mappings"][name]["function"]["Timeout"] == timeout
    assert seconds(DATA["Resources"][queue]["Properties"]["VisibilityTimeout"]) >= 6 * timeout
