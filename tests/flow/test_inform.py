"""A report goes to each of its users once, wherever a run dies and however late it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import mail_sheet, mail_view, submission
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.report_mail import without_addresses
from chalicelib.core.report_schedule_body import added
from chalicelib.core.sheet import Sheet
from chalicelib.core.summary import EMPTY, Bounce, Delivery, RecipientState, State
from chalicelib.core.user import User
from chalicelib.flow import inform
from tests.core.reports import report

BODY = {"report": "email-analytics", "every": "day", "users": ["kim", "raj"], "from": "Acme <me@acme.example>"}
MADE = datetime(2026, 11, 1, tzinfo=UTC)
EIGHT = datetime(2026, 11, 22, 7, tzinfo=UTC)  # in Berlin
DAY = timedelta(days=1)
ANNA = "anna@example.com"


class Killed(Exception):
    """The worker died."""


class World:
    """An account in Berlin with Kim and Raj, and whatever was handed over; its worker dies after `life` calls."""

    def __init__(self, **changes: Any) -> None:
        made = added(BODY | changes, "1" * 32, date(2026, 11, 1), MADE)
        self.schedules = {made.schedule_id: made}
        self.users = {"kim": User("kim", "Kim", "kim@acme.example"), "raj": User("raj", "Raj", "raj@acme.example")}
        self.mails: dict[str, Mapping[str, Any]] = {}
        self.asked: list[tuple[str, Mapping[str, Any], datetime]] = []
        self.failures: list[str] = []
        self.life = 10_000
        self.suppressed: set[str] = set()
        self.broken: Exception | None = None
        self.listed: list[dict[str, Any]] = []
        self.sheets: list[Sheet] = []

    def all(self):
        return ["acme"]

    def of(self, account):
        return self.schedules

    def change(self, account, change):
        self._live()
        self.schedules = change(self.schedules)
        self._live()
        return self.schedules

    def report_of(self, account, name, query, at):
        self.asked.append((name, query, at))
        if self.broken:
            raise self.broken
        return report(name, **({"emails": {"data": self.listed, "has_more": False}} if self.listed else {}))

    def hand_over(self, account, body, mail_id):
        mail = submission.parse(body)  # whatever is handed over must be a mail that the API would take
        mail.read_content()
        if body["to"] in self.suppressed:
            raise BadInput([wrong("/to/0", "gets no mail")])
        self._live()
        assert mail_id not in self.mails, "it is there already"
        self.mails[mail_id] = body
        self._live()

    def write(self, file_format, sheet):
        self.sheets.append(sheet)
        return b"file"

    def _live(self) -> None:
        self.life -= 1
        if self.life == 0:
            raise Killed

    def run(self, now: datetime = EIGHT, may_go_on: Callable[[], bool] = lambda: True) -> inform.Informed:
        def note(account, schedule_id, error):
            if isinstance(error, Killed):
                raise error
            self.failures.append(f"{schedule_id}: {error}")

        parts = inform.Parts(
            accounts=self,
            schedules=self,
            user_of=lambda account, user_id: self.users.get(user_id),
            policy_of=lambda account: AccountPolicy(time_zone="Europe/Berlin"),
            report_of=self.report_of,
            draw=lambda chart: b"png",
            write=self.write,
            has_mail=lambda account, mail_id: mail_id in self.mails,
            hand_over=self.hand_over,
            page_of=lambda name, query: f"https://mail.example.com/reports/{name}?{sorted(query)}",
            report=note,
        )
        return inform.inform_all(parts, now, may_go_on=may_go_on)

    @property
    def schedule(self):
        return self.schedules["1" * 32]

    @property
    def recipients(self) -> list[str]:
        return sorted(body["to"] for body in self.mails.values())


BOTH = ["kim@acme.example", "raj@acme.example"]


def test_a_report_that_is_due_goes_to_each_of_its_users():
    world = World(format="xlsx")
    assert world.run() == inform.Informed(sent=2)
    assert world.recipients == BOTH and len(world.asked) == 1
    mail = next(iter(world.mails.values()))
    assert (mail["from"], mail["source"]) == ("Acme <me@acme.example>", "export_email")
    assert mail["tracking"] == {"opens": False, "clicks": False}
    assert [(file["filename"], file.get("content_id")) for file in mail["attachments"]] == [
        ("chart.png", "chart"),
        ("email-analytics_2026-11-20_2026-11-22.xlsx", None),
    ]
    assert world.schedule.sent_for == "2026-11-22"


def test_before_its_time_and_again_after_it_nothing_is_sent():
    world = World()
    world.run(EIGHT - DAY)
    for late in range(1, 24):
        assert world.run(EIGHT - DAY + timedelta(hours=late)).sent == 0
    assert world.run(EIGHT).sent == 2


def test_neither_the_mail_nor_its_file_has_an_address_of_the_mails_that_it_lists():
    """A mail is kept when a person whose mail it lists is erased."""
    bounce = Bounce(0, EIGHT, f"550 5.1.1 <{ANNA}>: user unknown")
    bounced = State(Delivery(recipients={ANNA: RecipientState(bounce=bounce)}))
    people = Envelope(ANNA, (ANNA,), (f"Anna <{ANNA}>",), (ANNA,), (ANNA,), "Hi")
    listed = Message("0" * 32, "acme", EIGHT, people, Tracking(True, True), failure=Failure("x", ANNA), state=bounced)
    listed = replace(listed, sent_at=EIGHT, sending=Sending.SENT)
    world = World(report="sent-email-status", format="csv")
    world.listed = [mail_view.show(listed), mail_view.show(replace(listed, state=EMPTY))]
    assert world.run().sent == 2, world.failures
    told = [*(body[part] for body in world.mails.values() for part in ("subject", "html", "text"))]
    cells = [str(value) for sheet in world.sheets for row in sheet.rows for value in row]
    assert len(cells) == 2 * len(mail_sheet.COLUMNS) and "hard" in cells
    assert not [text for text in [*told, *cells] if "@" in text]
    assert "@" not in repr(without_addresses({"emails": {"data": world.listed}})), "nor has what they are made of"


@pytest.mark.parametrize("life", range(1, 8))
@pytest.mark.parametrize("pause", [timedelta(minutes=15), timedelta(hours=23)])
def test_wherever_a_run_dies_each_user_has_one_mail_in_the_end(life, pause):
    world = World()
    world.life = life
    try:
        world.run()
    except Killed:
        world.run(EIGHT + pause)
    assert world.recipients == BOTH
    assert world.run(EIGHT + timedelta(hours=23, minutes=30)).sent == 0


def test_of_a_monthly_report_no_mail_is_doubled_after_days():
    world = World(every="month")
    world.schedules = {"1" * 32: replace(world.schedule, since=MADE - 40 * DAY)}
    world.life = 2
    with pytest.raises(Killed):
        world.run(EIGHT)
    assert len(world.mails) == 1
    world.run(EIGHT + 5 * DAY)
    assert world.recipients == BOTH


def test_after_an_outage_one_report_is_sent_of_the_days_of_when_it_was_due():
    world = World(query={"period": "yesterday"})
    world.run(EIGHT)
    world.run(EIGHT + 5 * DAY + timedelta(hours=9))
    assert len(world.mails) == 4
    assert world.asked[-1] == (
        "email-analytics",
        {"by": ["date"], "period": ("yesterday",)},
        EIGHT + 5 * DAY,
    )


def test_who_has_no_address_or_gets_no_mail_is_told_of_and_the_others_get_theirs():
    world = World()
    world.users["kim"] = User("kim", "Kim")
    assert world.run().sent == 1 and world.recipients == ["raj@acme.example"]
    assert world.schedule.problem.endswith(": kim")
    world.suppressed = {"raj@acme.example"}
    assert world.run(EIGHT + DAY) == inform.Informed()
    assert world.schedule.problem.endswith(": kim, raj") and "raj@" not in world.schedule.problem
    world.users["kim"], world.suppressed = User("kim", "Kim", "kim@acme.example"), set()
    assert world.run(EIGHT + 2 * DAY).sent == 2 and world.schedule.problem is None


def test_a_report_that_can_never_be_made_says_why_and_is_not_tried_all_day():
    world = World(query={"group": "gone"})
    world.broken = BadInput([wrong("/group", "there is no such group")])
    assert world.run() == inform.Informed()
    assert "there is no such group" in world.schedule.problem
    assert world.run(EIGHT + timedelta(minutes=15)) == inform.Informed() and len(world.asked) == 1


def test_what_fails_for_another_reason_is_tried_again_and_stops_no_other_schedule():
    world = World()
    other = replace(world.schedule, schedule_id="2" * 32, report="top-users")
    world.schedules = {**world.schedules, "2" * 32: other}
    world.broken = RuntimeError("the table is slow")
    assert world.run() == inform.Informed(failed=2)
    assert world.failures == [f"{one * 32}: the table is slow" for one in "12"]
    world.broken = None
    assert world.run(EIGHT + timedelta(minutes=15)).sent == 4


def test_what_there_is_no_time_for_is_left_to_the_next_run():
    world = World()
    assert world.run(may_go_on=lambda: False) == inform.Informed(left=1)
    assert world.run().sent == 2


def test_a_schedule_that_is_removed_meanwhile_stays_removed():
    world = World()
    hand_over = world.hand_over

    def removing(*mail):
        hand_over(*mail)
        world.schedules = {}

    world.hand_over = removing
    world.run()
    assert world.schedules == {}


def test_the_file_of_a_list_has_as_many_mails_as_that_of_the_api_and_the_link_says_no_limit():
    world = World(report="sent-email-status", query={"status": "bounced"}, format="xlsx")
    world.run()
    assert world.asked[0][1] == {"status": ("bounced",), "limit": ["100"]}
    mail = next(iter(world.mails.values()))
    assert "reports/sent-email-status?['from', 'status', 'to']" in mail["text"]


def test_the_link_leads_to_the_very_days_of_the_report():
    world = World(query={"period": "last_week", "module": "leads"})
    world.run()
    mail = next(iter(world.mails.values()))
    assert "reports/email-analytics?['by', 'from', 'module', 'to']" in mail["text"]
