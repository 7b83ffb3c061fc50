"""Settings are read once, typed, and what is missing or malformed is named."""

from datetime import timedelta

import pytest

from chalicelib import settings
from chalicelib.settings import BadSettings

SECRET = "0123456789abcdef" * 4


def test_what_is_missing_is_named_as_the_variable_to_set():
    with pytest.raises(BadSettings, match="MAILSIGHT_EVENTS_TABLE, MAILSIGHT_BLOB_BUCKET"):
        settings.read({"MAILSIGHT_LINKS_TABLE": "links"}).require("events_table", "links_table", "blob_bucket")


@pytest.mark.parametrize("url", ["https://t.example.com", "http://127.0.0.1:8601", "https://x.example.com/api"])
def test_urls_are_plain(url):
    assert settings.read({"MAILSIGHT_TRACKING_URL": url}).require("tracking_url").tracking_url == url


@pytest.mark.parametrize(
    "url", ["https://t.example.com/", "t.example.com", "https://t.example.com?a=1", "https://ä.de"]
)
def test_a_url_that_could_break_a_link_is_refused(url):
    with pytest.raises(BadSettings, match="MAILSIGHT_TRACKING_URL"):
        settings.read({"MAILSIGHT_TRACKING_URL": url}).require("tracking_url")


def test_token_keys_are_read_with_their_ids():
    read = settings.read({"MAILSIGHT_TOKEN_KEYS": f'{{"1": "{SECRET}", "7": "{SECRET}"}}'}).keys
    assert (sorted(read.secrets), read.newest) == ([1, 7], 7)


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"x": "y"}', '{"1": "short"}', f'{{"256": "{SECRET}"}}'])
def test_malformed_token_keys_are_refused_without_being_shown(text):
    with pytest.raises(BadSettings, match="MAILSIGHT_TOKEN_KEYS"):
        settings.read({"MAILSIGHT_TOKEN_KEYS": text}).keys  # noqa: B018  # reading it is what raises


@pytest.mark.parametrize(
    ("environ", "stage"), [({"MAILSIGHT_STAGE": "prod"}, "prod"), ({"MAILSIGHT_STAGE": " "}, "none"), ({}, "none")]
)
def test_there_is_always_a_stage_for_metrics_to_name(environ, stage):
    assert settings.read(environ).stage == stage
    assert settings.Settings().stage == "none"


def test_hits_settle_for_as_long_as_is_said_and_as_sqs_can_hold_a_message_back():
    def settles(text: str) -> timedelta | None:
        return settings.read({"MAILSIGHT_WEBHOOK_SETTLE_SECONDS": text}).webhook_settles

    assert [settles(text) for text in ("", "0", "900")] == [None, timedelta(0), timedelta(minutes=15)]
    for text in ("901", "-1", "1.5", "soon", "٣"):
        with pytest.raises(BadSettings, match="MAILSIGHT_WEBHOOK_SETTLE_SECONDS"):
            settles(text)
