"""A made-up mail as a run is told of it; the run itself is `make replay-local`."""

import inspect
import json
import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from bench.replay_mails import Mail, Mails, Truth
from bench.replay_played import (
    ANSWERED,
    COMPLAINED,
    Played,
    Request,
    address_of,
    body_of,
    drawn_requests,
    note,
    played,
    without_foreign,
)
from chalicelib.core import notification
from chalicelib.core.event import Kind
from chalicelib.core.source import SENDABLE
from infra.local.ses import SesStandIn
from infra.local.ses_events import Accepted, message_id
from infra.local.ses_request import Outgoing

SENT_AT = datetime(2026, 11, 21, 8, 30, 0, 123_000, tzinfo=UTC)
OURS = "0" * 32


@pytest.fixture(scope="module")
def mails() -> list[Mail]:
    return [without_foreign(one) for one in Mails(6_000, 1, ("berlin",))]


def accepted(made: Mail, number: int) -> Accepted:
    tags = {notification.TAG: [OURS]}
    mail = Outgoing("me@example.com", "me@example.com", (address_of(made, number),), (), b"", "set", tags, {}, False)
    return Accepted(message_id(number, "0" * 36), SENT_AT, "127.0.0.1", "eu-west-1", mail)


def told(one: Played) -> Counter[Kind]:
    parsed = [notification.parse(json.dumps(told)) for told in [*one.told, *one.to_tell]]
    assert {one.message_id for one in parsed} == {OURS}
    return Counter(event.kind for one in parsed for event in one.events)


def test_what_is_told_and_written_is_what_must_be_known(mails):
    seen: Counter[Kind] = Counter()
    for number, made in enumerate(mails):
        one = played(made, OURS, accepted(made, number))
        kinds = told(one) + Counter(hit.kind for hit in one.hits)
        truth = one.truth
        assert kinds[Kind.SENT] == 1
        assert kinds[Kind.DELIVERED] == truth.is_delivered
        assert kinds[Kind.BOUNCED] == bool(truth.bounce)
        assert kinds[Kind.COMPLAINED] == bool(truth.complained_at)
        assert kinds[Kind.REJECTED] == truth.is_dropped
        assert kinds[Kind.UNSUBSCRIBED] == bool(truth.unsubscribed_at)
        assert len(one.event_keys) == kinds.total()
        assert not truth.opened or min(truth.opened) > SENT_AT
        seen += kinds
    missing = {Kind.SENT, Kind.DELIVERED, Kind.DELAYED, Kind.BOUNCED, Kind.COMPLAINED, Kind.REJECTED} - seen.keys()
    assert not missing


def test_a_repeated_notification_is_the_same_to_the_letter(mails):
    for number, made in enumerate(mails[:200]):
        assert played(made, OURS, accepted(made, number)) == played(made, OURS, accepted(made, number))


def test_times_of_answers_are_those_of_the_stand_in():
    delay = inspect.signature(SesStandIn).parameters["delay"].default
    assert (ANSWERED.total_seconds(), COMPLAINED.total_seconds()) == (delay, 2 * delay)


def test_every_mail_can_be_handed_over(mails):
    bodies = [body_of(made, number) for number, made in enumerate(mails)]
    assert {body["source"] for body in bodies} < set(SENDABLE)
    assert len({body["to"] for body in bodies}) == len(mails)


def test_requests_of_a_mail_never_follow_three_links():
    for seed in range(50):
        drawn = drawn_requests(random.Random(seed), 40)
        assert len(drawn) == 40
        assert len({one.position for one in drawn} - {None}) == 2


def test_a_request_is_known_by_who_makes_it():
    truth = Truth()
    for who in ("person", "proxy", "machine", "machine"):
        note(truth, Request(Kind.OPENED, "GET", "", who), SENT_AT)
    for who in ("person", "machine", "machine"):
        note(truth, Request(Kind.CLICKED, "GET", "", who, 3), SENT_AT)
    assert (truth.opened, truth.proxies, truth.machines) == ([SENT_AT], 1, 2)
    assert (truth.clicked, truth.clicks) == ([SENT_AT], {3: [1, 2]})
