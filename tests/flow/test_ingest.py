"""The order in which a notification becomes events of a message."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.core.event import Event, Kind
from chalicelib.core.notification import Notification, parse
from chalicelib.flow.ingest import NotYetKnown, Outcome, ingest

SES = Path(__file__).parents[1] / "events" / "ses"
TAGGED = "0123456789abcdef0123456789abcdef"
FOUND = "f" * 32
BOUNCE_ID = "00000137860315fd-34208509-5b74-41f3-95c5-22c1edc3c924-000000"
BOUNCED_AT = datetime(2016, 1, 27, 14, 59, 38, 237000, UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Events:
    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], tuple[Event, datetime]] = {}

    def put(self, one: Event, expires_at: datetime) -> bool:
        place = (one.message_id, one.key)
        is_new = place not in self.stored
        self.stored.setdefault(place, (one, expires_at))
        return is_new

    @property
    def told(self) -> list[tuple[str, Kind, str]]:
        return [(one.message_id, one.kind, one.data.get("recipient", "")) for one, _ in self.stored.values()]


class Messages:
    def __init__(self, known: dict[str, str] | None = None, until: datetime | None = None) -> None:
        self.known, self.until = known or {}, until
        self.asked: list[str] = []

    def id_by_ses(self, ses_message_id: str) -> str | None:
        self.asked.append(ses_message_id)
        return self.known.get(ses_message_id)

    def until_of(self, message_id: str) -> datetime | None:
        return self.until


def load(name: str) -> Notification:
    return parse((SES / name).read_text())


def test_events_with_our_tag_are_stored_without_asking_whose_they_are() -> None:
    events, messages = Events(), Messages()
    outcome = ingest(load("event-bounce-several.json"), events=events, messages=messages, now=BOUNCED_AT)
    assert outcome is Outcome.STORED
    assert events.told == [
        (TAGGED, Kind.BOUNCED, "recipient1@example.com"),
        (TAGGED, Kind.BOUNCED, "recipient2@example.com"),
    ]
    assert messages.asked == []


def test_events_without_our_tag_belong_to_the_message_with_that_ses_id() -> None:
    events, messages = Events(), Messages({BOUNCE_ID: FOUND})
    outcome = ingest(load("identity-bounce-no-dsn.json"), events=events, messages=messages, now=BOUNCED_AT)
    assert outcome is Outcome.STORED
    assert events.told == [
        (FOUND, Kind.BOUNCED, "jane@example.com"),
        (FOUND, Kind.BOUNCED, "richard@example.com"),
    ]


def test_the_same_notification_again_stores_nothing() -> None:
    events, messages = Events(), Messages()
    ingest(load("event-delivery.json"), events=events, messages=messages, now=BOUNCED_AT)
    before = dict(events.stored)
    assert ingest(load("event-delivery.json"), events=events, messages=messages, now=BOUNCED_AT + DAY) is Outcome.KNOWN
    assert events.stored == before


def test_what_an_interrupted_run_left_out_is_stored_by_the_next() -> None:
    events, messages = Events(), Messages()
    several = load("event-bounce-several.json")
    ingest(several._replace(events=several.events[:1]), events=events, messages=messages, now=BOUNCED_AT)
    assert ingest(several, events=events, messages=messages, now=BOUNCED_AT) is Outcome.STORED
    assert len(events.stored) == 2


@pytest.mark.parametrize("name", ["identity-delivery.json", "identity-bounce-no-dsn.json"])
def test_an_unknown_mail_is_tried_again_for_a_quarter_of_an_hour_after_its_sending(name: str) -> None:
    notification = load(name)
    assert notification.sent_at
    events, messages = Events(), Messages()
    for late in (timedelta(0), 15 * MINUTE - timedelta(milliseconds=1), -MINUTE):
        with pytest.raises(NotYetKnown, match=notification.ses_message_id):
            ingest(notification, events=events, messages=messages, now=notification.sent_at + late)
    outcome = ingest(notification, events=events, messages=messages, now=notification.sent_at + 15 * MINUTE)
    assert outcome is Outcome.UNATTRIBUTED
    assert events.stored == {}


@pytest.mark.parametrize("name", ["event-topic-validated.txt", "identity-topic-set.json"])
def test_what_says_nothing_about_a_mail_is_left(name: str) -> None:
    events, messages = Events(), Messages()
    assert ingest(load(name), events=events, messages=messages, now=BOUNCED_AT) is Outcome.EMPTY
    assert (events.stored, messages.asked) == ({}, [])


@pytest.mark.parametrize(
    ("now", "expires_at"),
    [
        (BOUNCED_AT, BOUNCED_AT + 107 * DAY),
        (BOUNCED_AT + 77 * DAY, BOUNCED_AT + 107 * DAY),
        (BOUNCED_AT + 78 * DAY, BOUNCED_AT + 108 * DAY),
        (BOUNCED_AT + 3_650 * DAY, BOUNCED_AT + 3_680 * DAY),
    ],
)
def test_an_event_lives_as_long_as_its_window_and_a_month_from_now_at_least(
    now: datetime, expires_at: datetime
) -> None:
    events = Events()
    ingest(load("identity-bounce-dsn.json")._replace(message_id=FOUND), events=events, messages=Messages(), now=now)
    assert [expiry for _, expiry in events.stored.values()] == [expires_at]


@pytest.mark.parametrize(("days", "kept"), [(1, 107), (100, 107), (400, 407)])
def test_an_event_lives_as_long_as_the_hits_of_its_mail(days: int, kept: int) -> None:
    events, messages = Events(), Messages(until=BOUNCED_AT + days * DAY)
    notification = load("identity-bounce-dsn.json")._replace(message_id=FOUND)
    ingest(notification, events=events, messages=messages, now=BOUNCED_AT)
    assert [expiry for _, expiry in events.stored.values()] == [BOUNCED_AT + kept * DAY]


def test_an_event_dated_at_the_edge_of_what_is_accepted_can_be_kept() -> None:
    events = Events()
    text = (SES / "event-delivery.json").read_text().replace("2016-10-19T23:21:04.133Z", "2199-12-31T23:59:59Z")
    assert ingest(parse(text), events=events, messages=Messages(), now=BOUNCED_AT) is Outcome.STORED
