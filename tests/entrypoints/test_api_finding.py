"""Finding mails through the API: by status, source and reason; by their latest open; and why a hit counts or not."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.change import Change, change_of
from chalicelib.core.event import Event, Kind
from chalicelib.core.refold import Step
from chalicelib.core.summary import summarise
from chalicelib.core.tracking import GUARDS
from chalicelib.core.user import User
from chalicelib.entrypoints import api_emails
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.users import Users
from tests.entrypoints.test_api_emails import MAIL, Api
from tests.moto_stack import REGION
from tests.noon import NOON

START = NOON - timedelta(hours=1)
ANNA = "anna@example.com"


class Desk(Api):
    """An API with mails to which something happened."""

    def sent(self, *happened: tuple, **changes) -> str:
        message_id = self.call("POST", "/v1/emails", MAIL | changes)[1]["id"]
        self.happen(message_id, happened)
        return message_id

    def happen(self, message_id: str, happened) -> None:
        """`happened` are (kind, seconds, data); they are stored and folded."""
        table, made = Events("events", REGION), []
        for number, (kind, seconds, data) in enumerate(happened):
            made.append(events.make(message_id, f"{number:02}", kind, START + timedelta(seconds=seconds), **data))
            table.put(made[-1], START + timedelta(days=1))
        folds = Folds(Messages("messages", REGION), table, CellTable("reports", REGION), Notices("outbox", REGION))
        found, fold = folds.find(message_id)
        assert folds.store([Change(found, Step(fold._replace(state=summarise(made)), (), False))])

    def counted(self, *happened: tuple, **changes) -> str:
        """A mail that is in the report cells, as the function `fold` brings it there."""
        message_id = self.sent(*happened, **changes)
        messages, cells = Messages("messages", REGION), CellTable("reports", REGION)
        folds = Folds(messages, Events("events", REGION), cells, Notices("outbox", REGION))
        found, fold = folds.find(message_id)
        assert folds.store([change_of(found, fold, Step(fold, (), False), AccountPolicy(), START)])
        return message_id

    def found(self, query: str) -> list[str]:
        status, page, _ = self.call("GET", query)
        assert status == 200, page
        return [mail["id"] for mail in page["data"]]


@pytest.fixture
def desk(stack):
    api_emails._parts.cache_clear()
    yield Desk(stack)
    api_emails._parts.cache_clear()


SENT = (Kind.SENT, 0, {"ses_message_id": "ses-1"})
DELIVERED = (Kind.DELIVERED, 1, {"recipient": ANNA})
BOUNCED = (Kind.BOUNCED, 2, {"recipient": ANNA, "type": "hard", "reason": "gone"})


def opened(seconds: float, **data) -> tuple:
    return Kind.OPENED, seconds, {"method": "GET", **data}


def clicked(seconds: float, position: int = 0) -> tuple:
    return Kind.CLICKED, seconds, {"method": "GET", "position": position}


def test_a_mail_is_found_by_each_status(desk):
    stories = {
        "sent": [SENT],
        "delivered": [SENT, DELIVERED],
        "opened": [SENT, DELIVERED, opened(60)],
        "clicked": [SENT, DELIVERED, opened(60), clicked(70)],
        "bounced": [SENT, BOUNCED],
    }
    ids = {status: desk.sent(*story) for status, story in stories.items()}
    desk.sent()
    for status, message_id in ids.items():
        assert desk.found(f"/v1/emails?status={status}") == [message_id]
    assert desk.found("/v1/emails?status=received") == []
    assert len(desk.found("/v1/emails")) == 6


def test_a_mail_is_found_by_its_source_and_by_both(desk):
    mass, single = desk.sent(SENT, source="mass_email"), desk.sent(SENT)
    assert desk.found("/v1/emails?source=mass_email") == [mass]
    assert desk.found("/v1/emails?source=individual&status=sent") == [single]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"html": "", "text": "Hi"}, "plain_text"),
        ({"bcc": "c@d.test"}, "multiple_recipients"),
        ({"tracking": {"opens": False, "clicks": False}}, "mail_off"),
    ],
)
def test_a_mail_is_found_by_the_reason_why_it_is_not_tracked(desk, changes, reason):
    desk.sent()
    untracked = desk.sent(**changes)
    assert desk.found(f"/v1/emails?reason={reason}") == [untracked]
    assert all(desk.found(f"/v1/emails?reason={other}") == [] for other in set(GUARDS) - {reason})


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=read", "/status"),
        ("source=pigeon", "/source"),
        ("reason=", "/reason"),
        ("source=imap&status=opened", "/status"),
        ("colour=red", "/colour"),
        ("status=sent&status=opened", "/status"),
    ],
)
def test_what_no_mail_can_be_is_refused_by_name(desk, query, pointer):
    status, problem, _ = desk.call("GET", f"/v1/emails?{query}")
    assert (status, problem["errors"][0]["pointer"]) == (422, pointer)


def test_opened_mails_are_listed_by_their_latest_open_and_paged(desk):
    ids = [desk.sent(SENT, DELIVERED, opened(seconds)) for seconds in (500, 100, 300)]
    desk.sent(SENT, DELIVERED, opened(900, method="HEAD"))
    first = desk.call("GET", "/v1/opens?limit=2")[1]
    assert [mail["id"] for mail in first["data"]] == [ids[0], ids[2]]
    assert first["has_more"]
    assert desk.found(f"/v1/opens?after={first['after']}") == [ids[1]]
    assert desk.call("GET", "/v1/opens", key=desk.new_key("other"))[1]["data"] == []
    assert desk.call("GET", f"/v1/emails?after={first['after']}")[0] == 422, "a cursor is of one list"


def test_each_hit_says_who_made_it_and_why_and_nothing_of_where_it_came_from(desk):
    sweep = [clicked(60 + place, place) for place in range(3)]
    proxied = opened(99, client="privacy_proxy", **{"from": "0123456789abcdef"})
    message_id = desk.sent(SENT, DELIVERED, *sweep, proxied, opened(200))
    shown = desk.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    verdicts = {(one["type"], one["occurred_at"]): one["verdict"] for one in shown}
    assert [verdict["maker"] for (kind, _), verdict in verdicts.items() if kind == "clicked"] == ["machine"] * 3
    machine = next(verdict for (kind, _), verdict in verdicts.items() if kind == "clicked")
    assert machine["reasons"][0]["name"] == "burst"
    assert machine["reasons"][0]["words"].startswith("Three or more different links")
    assert machine["rules_version"] == 1
    assert [verdict["maker"] for (kind, _), verdict in verdicts.items() if kind == "opened"] == ["human", "proxy"]
    assert [verdict for (kind, _), verdict in verdicts.items() if kind in ("sent", "delivered")] == [None, None]
    assert "0123456789abcdef" not in str(shown)
    mail = desk.call("GET", f"/v1/emails/{message_id}")[1]
    assert (mail["opens"]["count"], mail["opens"]["proxy"], mail["clicks"]["machine"]) == (1, 1, 3)


def test_a_hit_on_a_page_of_events_is_judged_with_those_on_other_pages(desk):
    message_id = desk.sent(SENT, DELIVERED, *(clicked(60 + place, place) for place in range(3)))
    after, makers = "", []
    for _ in range(3):
        page = desk.call("GET", f"/v1/emails/{message_id}/events?limit=1{after}")[1]
        makers += [one["verdict"]["maker"] for one in page["data"]]
        after = f"&after={page['after']}"
    assert makers == ["machine"] * 3


def test_an_event_of_which_nothing_is_known_is_shown_as_it_is(desk):
    message_id = desk.sent((Kind.UNKNOWN, 5, {"payload": "{}"}))
    shown: list[Event] = desk.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    assert [(one["type"], one["verdict"]) for one in shown] == [("unknown", None)]


def test_the_mails_behind_a_figure_are_found_by_day_dimension_and_column(desk):
    raj = desk.counted(SENT, DELIVERED, opened(60), user="raj", record={"module": "leads", "record_id": "1"})
    ina = desk.counted(SENT, DELIVERED, user="ina")
    none = desk.counted(SENT, BOUNCED)
    desk.sent()
    days = f"from={START.date()}&to={datetime.now(UTC).date()}"
    assert desk.found(f"/v1/emails?{days}") == [none, ina, raj]
    assert desk.found("/v1/emails?period=last_7_days&counted_as=sent") == [none, ina, raj]
    assert desk.found(f"/v1/emails?{days}&counted_as=opened") == [raj]
    assert desk.found("/v1/emails?counted_as=bounced") == [none]
    assert desk.found(f"/v1/emails?{days}&user=raj&user=ina&counted_as=delivered") == [ina, raj]
    assert desk.found("/v1/emails?user=&counted_as=sent") == [none]
    assert desk.found("/v1/emails?module=leads") == [raj]
    assert len(desk.found("/v1/emails?module=&template=")) == 3
    assert desk.found("/v1/emails?from=2026-01-01&to=2026-01-02") == []


def test_a_group_is_the_users_who_are_in_it_and_of_this_account(desk):
    users = Users("account", REGION)
    users.put("acme", User("raj", "Raj", None, ("north",)))
    users.put("other", User("ina", "Ina", None, ("south",)))
    raj, _ = desk.sent(SENT, user="raj"), desk.sent(SENT, user="ina")
    assert desk.found("/v1/emails?group=north") == [raj]
    assert desk.found("/v1/emails?group=north&user=ina") == []
    for group in ("south", "", "x" * 999):
        status, problem, _ = desk.call("GET", f"/v1/emails?group={group}")
        assert (status, problem["errors"][0]["pointer"]) == (422, "/group")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-02-02&to=2026-02-01", "/to"),
        ("from=2024-01-01&to=2025-12-31", "/from"),
        ("from=2999-01-01", "/from"),
        ("from=yesterday", "/from"),
        ("to=2026-02-01", "/from"),
        ("period=ever", "/period"),
        ("from=2026-02-01&from=2026-02-02", "/from"),
        ("counted_as=eaten", "/counted_as"),
        ("source=external&counted_as=opened", "/counted_as"),
        ("group=nobody", "/group"),
        ("template=a&template=b", "/template"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_name(desk, query, pointer):
    status, problem, _ = desk.call("GET", f"/v1/emails?{query}")
    assert (status, problem["errors"][0]["pointer"]) == (422, pointer)
