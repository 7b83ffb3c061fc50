"""The order in which a notification becomes events of a message."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Message, Sending
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
        self.added: dict[str, Message] = {}

    def id_by_ses(self, ses_message_id: str) -> str | None:
        self.asked.append(ses_message_id)
        return self.known.get(ses_message_id)

    def until_of(self, message_id: str) -> datetime | None:
        return self.until

    def add(self, message: Message) -> None:
        self.added.setdefault(message.message_id, message)


class Accounts:
    def exists(self, account: str) -> bool:
        return account == "acme"


ACCOUNTS = Accounts()


def load(name: str) -> Notification:
    return parse((SES / name).read_text())


def test_events_with_our_tag_are_stored_without_asking_whose_they_are() -> None:
    events, messages = Events(), Messages()
    outcome = ingest(
        load("event-bounce-several.json"), events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT
    )
    assert outcome is Outcome.STORED
    assert events.told == [
        (TAGGED, Kind.BOUNCED, "recipient1@example.com"),
        (TAGGED, Kind.BOUNCED, "recipient2@example.com"),
    ]
    assert messages.asked == []


def test_events_without_our_tag_belong_to_the_message_with_that_ses_id() -> None:
    events, messages = Events(), Messages({BOUNCE_ID: FOUND})
    outcome = ingest(
        load("identity-bounce-no-dsn.json"), events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT
    )
    assert outcome is Outcome.STORED
    assert events.told == [
        (FOUND, Kind.BOUNCED, "jane@example.com"),
        (FOUND, Kind.BOUNCED, "richard@example.com"),
    ]


def test_the_same_notification_again_stores_nothing() -> None:
    events, messages = Events(), Messages()
    ingest(load("event-delivery.json"), events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT)
    before = dict(events.stored)
    assert (
        ingest(load("event-delivery.json"), events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT + DAY)
        is Outcome.KNOWN
    )
    assert events.stored == before


def test_what_an_interrupted_run_left_out_is_stored_by_the_next() -> None:
    events, messages = Events(), Messages()
    several = load("event-bounce-several.json")
    ingest(
        several._replace(events=several.events[:1]), events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT
    )
    assert ingest(several, events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT) is Outcome.STORED
    assert len(events.stored) == 2


@pytest.mark.parametrize("name", ["identity-delivery.json", "identity-bounce-no-dsn.json"])
def test_an_unknown_mail_is_tried_again_for_a_quarter_of_an_hour_after_its_sending(name: str) -> None:
    notification = load(name)
    assert notification.sent_at
    events, messages = Events(), Messages()
    for late in (timedelta(0), 15 * MINUTE - timedelta(milliseconds=1), -MINUTE):
        with pytest.raises(NotYetKnown, match=notification.ses_message_id):
            ingest(notification, events=events, messages=messages, accounts=ACCOUNTS, now=notification.sent_at + late)
    outcome = ingest(
        notification, events=events, messages=messages, accounts=ACCOUNTS, now=notification.sent_at + 15 * MINUTE
    )
    assert outcome is Outcome.UNATTRIBUTED
    assert events.stored == {}


@pytest.mark.parametrize("name", ["event-topic-validated.txt", "identity-topic-set.json"])
def test_what_says_nothing_about_a_mail_is_left(name: str) -> None:
    events, messages = Events(), Messages()
    assert ingest(load(name), events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT) is Outcome.EMPTY
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
    ingest(
        load("identity-bounce-dsn.json")._replace(message_id=FOUND),
        events=events,
        messages=Messages(),
        accounts=ACCOUNTS,
        now=now,
    )
    assert [expiry for _, expiry in events.stored.values()] == [expires_at]


@pytest.mark.parametrize(("days", "kept"), [(1, 107), (100, 107), (400, 407)])
def test_an_event_lives_as_long_as_the_hits_of_its_mail(days: int, kept: int) -> None:
    events, messages = Events(), Messages(until=BOUNCED_AT + days * DAY)
    notification = load("identity-bounce-dsn.json")._replace(message_id=FOUND)
    ingest(notification, events=events, messages=messages, accounts=ACCOUNTS, now=BOUNCED_AT)
    assert [expiry for _, expiry in events.stored.values()] == [BOUNCED_AT + kept * DAY]


def test_an_event_dated_at_the_edge_of_what_is_accepted_can_be_kept() -> None:
    events = Events()
    text = (SES / "event-delivery.json").read_text().replace("2016-10-19T23:21:04.133Z", "2199-12-31T23:59:59Z")
    assert ingest(parse(text), events=events, messages=Messages(), accounts=ACCOUNTS, now=BOUNCED_AT) is Outcome.STORED


# ------------------------------------------------------------------------------------------------- mails sent past us


def tagged(name: str, **tags: str) -> Notification:
    """A notification of a mail that did not go through us, with these tags."""
    payload = json.loads((SES / name).read_text())
    payload["mail"]["tags"] = {tag: [value] for tag, value in tags.items()}
    return parse(json.dumps(payload))


ELSEWHERE = {"event-send.json", "event-delivery.json", "event-bounce.json", "event-complaint.json"}


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_a_mail_that_names_an_account_of_ours_becomes_a_message_by_whichever_event_comes_first(name: str) -> None:
    events, messages = Events(), Messages()
    notification = tagged(name, mailsight_account="acme", mailsight_source="webform", mailsight_user="ina")
    assert run(notification, events, messages) is Outcome.STORED
    (message,) = messages.added.values()
    assert (message.account, message.source, message.user) == ("acme", "webform", "ina")
    assert (message.sending, message.ses_message_id) == (Sending.SENT, notification.ses_message_id)
    assert message.sent_at == message.accepted_at == notification.sent_at
    assert (message.tracking.is_on, message.tracking.reason) == (False, "sent_elsewhere")
    assert {message_id for message_id, _, _ in events.told} == {message.message_id}
    assert run(notification, events, messages) is Outcome.KNOWN


def test_events_of_one_such_mail_in_any_order_make_one_message() -> None:
    ids = set()
    for names in (sorted(ELSEWHERE), sorted(ELSEWHERE, reverse=True)):
        events, messages = Events(), Messages()
        for name in names:
            one = tagged(name, mailsight_account="acme")
            run(one._replace(ses_message_id="one-and-the-same"), events, messages)
        ids |= messages.added.keys()
    assert len(ids) == 1


def test_the_message_is_there_before_its_first_event() -> None:
    class Down(Events):
        def put(self, one: Event, expires_at: datetime) -> bool:
            raise ConnectionError

    messages = Messages()
    with pytest.raises(ConnectionError):
        run(tagged("event-send.json", mailsight_account="acme"), Down(), messages)
    assert len(messages.added) == 1


@pytest.mark.parametrize("account", ["nobody", "", "Acme GmbH", "x" * 41])
def test_a_mail_that_names_no_account_of_ours_is_somebody_else_s(account: str) -> None:
    events, messages = Events(), Messages()
    notification = tagged("event-delivery.json", mailsight_account=account)
    assert run(notification, events, messages) is Outcome.UNATTRIBUTED
    assert (events.stored, messages.added) == ({}, {})


def test_a_mail_that_is_known_by_its_ses_id_is_not_made_again() -> None:
    notification = tagged("event-delivery.json", mailsight_account="nobody")
    events, messages = Events(), Messages({notification.ses_message_id: FOUND})
    assert run(notification, events, messages) is Outcome.STORED
    assert messages.added == {}


def run(notification: Notification, events: Events, messages: Messages) -> Outcome:
    """An hour after the mail was sent."""
    assert notification.sent_at
    now = notification.sent_at + timedelta(hours=1)
    return ingest(notification, events=events, messages=messages, accounts=ACCOUNTS, now=now)
