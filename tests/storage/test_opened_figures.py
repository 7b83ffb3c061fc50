"""Every figure opens: the list of its mails holds exactly as many as it says, each of them once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import botocore.handlers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import instant
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import Cells, Counted, Place
from chalicelib.core.change import change_of
from chalicelib.core.event import Event, Kind
from chalicelib.core.mail_filter import Only
from chalicelib.core.message import Message, Tracking
from chalicelib.core.refold import Step
from chalicelib.core.summary import summarise
from chalicelib.storage import keys
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.mail_pages import MOST_LOOKED_AT
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.core.happenings import HAPPENINGS, NOON, happened
from tests.core.test_cell import MESSAGE
from tests.moto_stack import REGION, data_stack

ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns")
SEVERAL_DAYS = timedelta(days=3)
HAPPENED = st.lists(HAPPENINGS, max_size=6)


def mail_of(hours: int, template: str, user: str, source: str, is_tracked: bool, is_inbound: bool) -> Message:
    """A mail that was due so many hours before what happened to it."""
    return replace(
        MESSAGE,
        accepted_at=NOON - timedelta(hours=hours),
        template=template or None,
        user=user or None,
        record=("leads", "1") if user else None,
        source="imap" if is_inbound else source,
        tracking=MESSAGE.tracking if is_tracked else Tracking(False, False, "mail_off"),
        is_inbound=is_inbound,
    )


MAILS = st.builds(
    mail_of,
    st.integers(0, 60),
    st.sampled_from(["", "welcome"]),
    st.sampled_from(["", "raj", "ina"]),
    st.sampled_from(["individual", "mass_email"]),
    st.booleans(),
    st.booleans(),
)


class Book:
    """An account with mails to which something happened."""

    def __init__(self, mails: list[tuple[Message, list[Event]]], zone: str) -> None:
        self.messages = Messages("messages", REGION)
        self.cells = CellTable("reports", REGION)
        self.policy = AccountPolicy(time_zone=zone)
        folds = Folds(self.messages, Events("events", REGION), self.cells, Notices("outbox", REGION))
        for number, (mail, events) in enumerate(mails):
            message = replace(mail, message_id=f"{number * 7919:08x}" + "0" * 24)
            self.messages.add(message)
            found, before = folds.find(message.message_id)
            step = Step(before._replace(state=summarise(events)), (), False)
            assert folds.store([change_of(found, before, step, self.policy, NOON)])

    def days(self) -> list[date]:
        return [(NOON - SEVERAL_DAYS).date() + timedelta(days=day) for day in range(6)]

    def figures(self) -> Cells:
        return {
            place: columns
            for day in self.days()
            for place, columns in self.cells.of_day("acme", day.isoformat()).items()
        }

    def listed(self, only: Only, *, is_newest_first: bool = True) -> list[str]:
        """The ids on all pages."""
        way, place = ("after", None) if is_newest_first else ("before", "0")
        ids: list[str] = []
        while True:
            page = self.messages.page("acme", 2, only=only, **{way: place})
            found = [message.message_id for message in page.messages]
            ids += found if is_newest_first else found[::-1]
            if not page.has_more:
                return ids
            place = getattr(page, way)


def of_cell(place: Place, column: str, zone: ZoneInfo | None) -> Only:
    return Only(
        source=place.source,
        first=place.day,
        last=place.day,
        users=frozenset({place.user}),
        template=place.template,
        module=place.module,
        column=column,
        zone=zone,
    )


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(MAILS, HAPPENED), min_size=1, max_size=8), st.sampled_from(ZONES), st.booleans())
def test_the_list_of_a_cell_and_column_holds_as_many_mails_as_the_figure_and_each_once(mails, name, is_zone_known):
    with data_stack():
        book, zone = Book(mails, name), ZoneInfo(name) if is_zone_known else None
        for place, columns in book.figures().items():
            for column in ("sent", "received", *columns):
                ids = book.listed(of_cell(place, column, zone))
                assert (len(ids), len(set(ids))) == (columns.get(column, 0), len(ids)), (place, column)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(MAILS, HAPPENED), min_size=1, max_size=8), st.sampled_from(ZONES))
def test_the_lists_of_all_days_together_hold_what_the_figures_add_up_to_in_either_direction(mails, name):
    with data_stack():
        book = Book(mails, name)
        first, last = (day.isoformat() for day in (book.days()[0], book.days()[-1]))
        figures = book.figures()
        for column in sorted({"bounced", "complained", *(name for columns in figures.values() for name in columns)}):
            parts = ("bounced_hard", "bounced_soft") if column == "bounced" else (column,)
            only = Only(first=first, last=last, column=column, zone=ZoneInfo(name))
            ids = book.listed(only)
            assert len(ids) == sum(columns.get(part, 0) for columns in figures.values() for part in parts), column
            assert book.listed(only, is_newest_first=False) == ids[::-1]


class Reads:
    """Counts what a client asks of DynamoDB: calls and items by operation."""

    def __init__(self) -> None:
        self.items: Counter[str] = Counter()

    def __call__(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        found = parsed.get("Items") or [item for items in parsed.get("Responses", {}).values() for item in items]
        self.items[model.name] += parsed.get("ScannedCount", len(found))


def ordinary(book: Book, number: int, *columns: str, late: bool = False) -> str:
    """A mail that is sent and tracked, and counts as this, too; of the day before where it is late."""
    due = NOON + timedelta(seconds=number) - (timedelta(hours=20) if late else timedelta(0))
    message = replace(MESSAGE, message_id=f"{number * 7919:08x}" + "0" * 24, accepted_at=due)
    book.messages.add(message)
    sent = happened(Kind.SENT, number, ses_message_id=f"ses-{number}")
    counted = Counted("2026-03-01", frozenset({"sent", "tracked", *columns}))
    found, fold = book.messages.find(message.message_id)
    assert book.messages.store_fold(found, fold._replace(state=summarise([sent]), counted=counted))
    return message.message_id


def fill(book: Book, numbers: Sequence[int]) -> None:
    """Ordinary mails, made by copying one."""
    table = boto3.resource("dynamodb", region_name=REGION).Table("messages")
    made = table.get_item(Key={"message_id": ordinary(book, numbers[0])})["Item"]
    with table.batch_writer() as batch:
        for number in numbers:
            message_id = f"{number * 7919:08x}" + "0" * 24
            at = instant.show(NOON + timedelta(seconds=number))
            place = {"account_shard": keys.account_shard("acme", message_id), "accepted_key": f"{at}#{message_id}"}
            batch.put_item({**made, "message_id": message_id, **place})


@pytest.fixture
def reads() -> Iterator[Reads]:
    """What is read by clients that are made from now on."""
    made = Reads()
    botocore.handlers.BUILTIN_HANDLERS.append(("after-call.dynamodb", made))
    yield made
    botocore.handlers.BUILTIN_HANDLERS.remove(("after-call.dynamodb", made))


def test_a_page_looks_at_so_many_mails_and_tells_where_to_go_on(stack, reads):
    book = Book([], "UTC")
    first = ordinary(book, 0, "opened_by_machine")
    fill(book, range(1, MOST_LOOKED_AT + 30))
    only = Only(first="2026-03-01", last="2026-03-01", column="opened_by_machine", zone=UTC)
    reads.items.clear()
    page = book.messages.page("acme", 20, only=only)
    assert (page.messages, page.has_more) == ([], True)
    assert reads.items["BatchGetItem"] == 20 + MOST_LOOKED_AT
    page = book.messages.page("acme", 20, after=page.after, only=only)
    assert ([message.message_id for message in page.messages], page.has_more) == ([first], False)


def test_where_all_mails_count_no_more_of_them_are_read_than_are_shown(stack, reads):
    book = Book([], "UTC")
    fill(book, range(60))
    reads.items.clear()
    page = book.messages.page("acme", 20, only=Only(first="2026-03-01", last="2026-03-01", column="sent", zone=UTC))
    assert (len(page.messages), page.has_more) == (20, True)
    assert reads.items["BatchGetItem"] == 20


def test_what_is_rare_is_found_without_a_look_at_other_mails(stack, reads):
    book = Book([], "UTC")
    complained = ordinary(book, 0, "complained")
    late = ordinary(book, 100, late=True)
    fill(book, range(1, 60))
    reads.items.clear()
    for_all = Only(first="2026-03-01", last="2026-03-01", column="complained", zone=UTC)
    assert book.listed(for_all) == [complained]
    assert reads.items["BatchGetItem"] <= 2
    reads.items.clear()
    next_day = Only(first="2026-03-02", last="2026-03-02", column="sent", zone=UTC)
    assert book.listed(next_day) == []
    assert reads.items["BatchGetItem"] <= 2, "of the mails that were due the day before only late ones are looked at"
    page = book.messages.page("acme", 100, only=for_all._replace(column="sent"))
    assert late in [message.message_id for message in page.messages]


def test_days_are_looked_at_in_the_time_zone_and_where_it_is_not_known_in_any(stack):
    sent = [(replace(MESSAGE, accepted_at=at), []) for at in (NOON, NOON + timedelta(hours=15))]
    book = Book(sent, "UTC")
    for number, day in ((0, "2026-03-01"), (1, "2026-03-02")):
        count(book, number, day)
    tokyo = ZoneInfo("Asia/Tokyo")
    assert len(book.listed(Only(first="2026-03-01", last="2026-03-01", zone=tokyo))) == 1
    assert len(book.listed(Only(first="2026-03-02", last="2026-03-02", zone=tokyo))) == 1
    assert len(book.listed(Only(first="2026-03-01", zone=tokyo))) == 2
    assert len(book.listed(Only(last="2026-03-01"))) == 1


def count(book: Book, number: int, day: str) -> None:
    found, fold = book.messages.find(f"{number * 7919:08x}" + "0" * 24)
    counted = fold.counted._replace(day=day, columns=frozenset({"sent"}))
    assert book.messages.store_fold(found, fold._replace(counted=counted))
