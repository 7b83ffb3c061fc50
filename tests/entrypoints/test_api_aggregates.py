"""The API of aggregates: what the mails of a day come to together, where nobody may know which of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.aggregate import LEAST_PEOPLE, aggregate_of
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.summary import summarise
from chalicelib.core.token import Mode
from chalicelib.entrypoints import api_aggregates
from chalicelib.storage.aggregates import Aggregates
from chalicelib.storage.messages import Messages
from tests.entrypoints.permitting import Office, may_only
from tests.moto_stack import REGION

PATH = "/v1/aggregates"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _forget_parts():
    api_aggregates._parts.cache_clear()
    yield
    api_aggregates._parts.cache_clear()


def add(account: str = "acme", days: int = 0, people: int = LEAST_PEOPLE) -> Message:
    """A day on which so many people got a mail, with an open and two clicks."""
    store, at = Aggregates("messages", REGION), NOON + timedelta(days=days)
    tracking = Tracking(True, True, until=NOON + timedelta(days=100), mode=Mode.AGGREGATE)
    mail = Message("a" * 32, account, at, Envelope("me@example.com", ("anna@example.com",)), tracking)
    one = aggregate_of(mail)
    store.ensure(one)
    for number in range(people):
        store.note_received(replace(mail, envelope=Envelope("me@example.com", (f"{number}@example.com",))))
    hits = [("o", Kind.OPENED, {}), ("c", Kind.CLICKED, {"position": 1}), ("d", Kind.CLICKED, {"position": 1})]
    happened = [events.make(one.message_id, name, kind, one.due_at, method="GET", **more) for name, kind, more in hits]
    Messages("messages", REGION).store_fold(one, Fold(summarise(happened)))
    return one


def days(page) -> list[str]:
    return [one["day"] for one in page["data"]]


def test_a_day_shows_its_sums_and_one_with_few_people_only_that_they_are_few(office: Office):
    add()
    add(days=1, people=LEAST_PEOPLE - 1)
    few, many = office.done("GET", PATH)["data"]
    assert few == {
        **{"object": "aggregate", "day": "2026-03-02", "withheld": "too_few_recipients"},
        **{"opens": None, "clicks": None},
    }
    assert many == {
        **{"object": "aggregate", "day": "2026-03-01", "withheld": None},
        "opens": {"count": 1, "proxy": 0, "machine": 0},
        "clicks": {"count": 2, "machine": 0, "links": [{"position": 1, "count": 2, "machine": 0}]},
    }


def test_days_are_listed_newest_first_between_two_and_page_by_page(office: Office):
    for day in range(4):
        add(days=day)
    assert days(office.done("GET", PATH)) == ["2026-03-04", "2026-03-03", "2026-03-02", "2026-03-01"]
    between = {"from": "2026-03-02", "to": "2026-03-03"}
    assert days(office.done("GET", PATH, **between)) == ["2026-03-03", "2026-03-02"]
    page = office.done("GET", PATH, limit=1, **between)
    assert (days(page), page["has_more"]) == (["2026-03-03"], True)
    page = office.done("GET", PATH, limit=1, after=page["after"], **between)
    assert (days(page), page["has_more"]) == (["2026-03-02"], False)


def test_it_is_no_mail_and_nobody_else_s(office: Office):
    one = add()
    assert add("berg").message_id != one.message_id
    assert days(office.done("GET", PATH)) == ["2026-03-01"]
    for path in (f"/v1/emails/{one.message_id}", f"/v1/emails/{one.message_id}/events"):
        assert office.ask("GET", path)[0] == 404
    assert office.done("GET", "/v1/emails")["data"] == office.done("GET", "/v1/opens")["data"] == []


def test_a_key_needs_the_scope_read(office: Office):
    assert may_only(office, PATH, "GET", "read")


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"from": "yesterday"}, ["/from"]),
        ({"from": "2026-03-02", "to": "2026-03-01"}, ["/to"]),
        ({"limit": 0}, ["/limit"]),
        ({"after": "x"}, ["/after"]),
        ({"day": "2026-03-01"}, ["/day"]),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(office: Office, query, pointers):
    assert office.refused("GET", PATH, **query) == pointers
