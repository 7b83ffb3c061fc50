"""Mails that are only added up: what their links carry, and how the hits of a day become its sums."""

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.aggregate import aggregate_id, aggregate_of
from chalicelib.core.event import Event, Kind
from chalicelib.core.mail_context import context_of
from chalicelib.core.message import Attachment, Content, Envelope, Message, Tracking
from chalicelib.core.refold import Fold, Row
from chalicelib.core.summary import summarise
from chalicelib.core.token import Keys, Mode, Purpose, verify
from chalicelib.flow import fold, instrument

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 6, 10, tzinfo=UTC)
KEYS = Keys({1: b"k" * 32})
HOST = "https://t.example.com"
LONG = "https://example.com/" + "x" * 700
HTML = f'<p><a href="https://example.com/a">A</a> <a href="{LONG}">B</a></p>'
LISTENING = {"email.opened": MIDNIGHT, "email.clicked": MIDNIGHT}


def mail(letter: str, at: datetime = NOON, **changes: object) -> Message:
    envelope = Envelope("me@example.com", (f"{letter}@example.com",))
    tracking = Tracking(True, True, until=UNTIL, mode=Mode.AGGREGATE)
    made = Message(letter * 32, "acme", at, envelope, tracking, has_unsubscribe=True)
    return replace(made, **changes)


# Going out


class Stores:
    """Keeps nothing but the order in which things came."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.aggregates: list[Message] = []

    def ensure(self, aggregate: Message) -> None:
        self.order.append("aggregate")
        self.aggregates.append(aggregate)

    def put(self, message_id, *_):
        self.order.append("links")

    def put_file(self, *_):
        return "key"

    def put_files(self, *_):
        self.order.append("files")


def going_out(message: Message, stores: Stores, content: Content) -> dict[str, list]:
    """What the URLs of ours in a mail say, by the letter of their path."""
    parts = instrument.Parts(stores, stores, KEYS, HOST, lambda: "b", stores)
    made = instrument.instrumented(message, content, parts)
    text = f"{made.html} {made.headers.get('List-Unsubscribe', '')}"
    urls = re.findall(rf"{HOST}/([ocau])/([\w-]+)", text)
    found: dict[str, list] = {letter: [] for letter in "ocau"}
    for letter, token in urls:
        found[letter].append(verify(token, Purpose(ord(letter)), KEYS))
    return found


CONTENT = Content(HTML, None, {}, (Attachment("a.txt", b"a", "text/plain", is_linked=True),))


def test_pixel_and_links_are_the_same_in_all_mails_of_a_day_and_name_none_of_them():
    stores = Stores()
    one, other = (going_out(message, stores, CONTENT) for message in (mail("a"), mail("b", NOON + timedelta(hours=11))))
    assert one["o"] == other["o"] and one["c"][0] == other["c"][0]
    for said in (*one["o"], one["c"][0]):
        assert (said.mode, said.message_id, said.until) == (Mode.AGGREGATE, aggregate_id(mail("a")), UNTIL)
    next_day = going_out(mail("c", NOON + timedelta(days=1)), stores, CONTENT)
    assert next_day["o"][0].message_id != one["o"][0].message_id


def test_what_is_the_mail_s_own_works_and_records_nothing():
    said = going_out(mail("a"), Stores(), CONTENT)
    own = [said["c"][1], *said["a"], *said["u"]]
    assert [(one.mode, one.message_id) for one in own] == [(Mode.OFF, "a" * 32)] * 3
    assert said["c"][1].is_stored and said["a"][0].is_stored


def test_the_aggregate_is_stored_before_anything_else():
    stores = Stores()
    going_out(mail("a"), stores, CONTENT)
    assert stores.order[0] == "aggregate"
    assert stores.aggregates == [aggregate_of(mail("a"))]


def test_a_mail_of_another_mode_has_none():
    for tracking in (Tracking(True, True, until=UNTIL), Tracking(False, False, "mail_off", mode=Mode.OFF)):
        stores = Stores()
        going_out(mail("a", tracking=tracking), stores, CONTENT)
        assert stores.aggregates == []


# Folding


class World:
    """An aggregate, or a mail, with its events in memory; every store counts how much it reads."""

    def __init__(self, message: Message) -> None:
        self.message, self.fold = message, Fold()
        self.rows: dict[str, Row] = {}
        self.read = 0
        self.received: list[str] = []
        self.notices: list = []
        self.dies = False

    def find(self, message_id):
        return (replace(self.message, state=self.fold.state), self.fold)

    def store(self, changes):
        ((_, step, cells, notices),) = changes
        assert not (cells and self.message.is_aggregate)
        if self.dies:
            raise ConnectionError
        for key in step.marks:
            assert not self.rows[key].is_counted
            self.rows[key] = self.rows[key]._replace(is_counted=True)
        self.fold = step.fold
        self.notices += notices
        return True

    def after(self, message_id, event_key, *, now):
        found = [row for key, row in sorted(self.rows.items()) if not event_key or key > event_key]
        self.read += len(found)
        return found

    def at(self, message_id, event_keys, *, now):
        found = [self.rows[key] for key in event_keys if key in self.rows]
        self.read += len(found)
        return found

    def near(self, message_id, event_key, *, now):
        raise AssertionError("of an aggregate nothing near bears on a verdict")

    def change(self, *_):
        raise AssertionError("an arrival suppresses nobody")

    def row(self, *_):
        return ()

    def parts(self, policy):
        return fold.Parts(
            *(self, self, lambda account: policy, lambda *_: (), lambda *_: frozenset(), self),
            note_received=lambda message: self.received.append(message.message_id),
        )

    def run(self, keys, now=NOON):
        parts = self.parts(AccountPolicy(listening=LISTENING))
        return fold.fold(self.message.message_id, keys, parts, now=now)

    def rejudge(self, policy):
        return fold.reclassify(self.message.message_id, self.parts(policy), now=NOON)


AGGREGATE = aggregate_of(mail("a"))


def hit(number: int, method: str = "GET", position: int | None = None) -> Event:
    digest = random.Random(number).randbytes(8).hex()  # like a gateway's ids: in no order
    data = {"method": method} | ({} if position is None else {"position": position})
    kind = Kind.OPENED if position is None else Kind.CLICKED
    return events.make(AGGREGATE.message_id, digest, kind, MIDNIGHT, **data)


@settings(deadline=None, max_examples=40)
@given(st.integers(), st.integers(0, 900), st.integers(1, 60))
def test_hits_of_a_day_are_counted_once_each_in_whatever_order_and_however_often_they_come(seed, number, batch):
    world, chance = World(AGGREGATE), random.Random(seed)
    hits = [hit(one, "HEAD" if one % 7 == 0 else "GET", one % 5 if one % 3 == 0 else None) for one in range(number)]
    arriving = hits + chance.sample(hits, number // 3)
    chance.shuffle(arriving)
    batch = max(batch, len(arriving) // 25)  # each fold judges the open tail anew; one by one it is only tried with few
    for start in range(0, len(arriving), batch):
        some = arriving[start : start + batch]
        world.rows |= {one.key: Row(one) for one in some if one.key not in world.rows}
        world.run([one.key for one in some], now=NOON + timedelta(minutes=start))
    expected = summarise(hits, context=context_of(AGGREGATE, AccountPolicy())).engagement
    found = world.fold.state.engagement
    assert (found.opens.count, found.opens.machine) == (expected.opens.count, expected.opens.machine)
    assert found.links == expected.links
    assert world.notices == [], "nobody is told of what is nobody's"
    world.run(None, now=NOON + timedelta(days=1))
    assert world.fold.state.engagement.opens == found.opens, "the sweep finds nothing more"


def test_a_hit_on_a_day_with_thousands_costs_no_more_than_the_open_tail():
    world = World(AGGREGATE)
    hits = [hit(number) for number in range(3_000)]
    for start in range(0, 3_000, 100):
        some = hits[start : start + 100]
        world.rows |= {one.key: Row(one) for one in some}
        world.run([one.key for one in some])
    world.read = 0
    late = hit(3_001)
    world.rows[late.key] = Row(late)
    world.run([late.key])
    assert world.fold.state.engagement.opens.count == 3_001
    assert world.read <= 401


def test_who_got_a_mail_that_is_only_added_up_is_noted_before_that_is_stored():
    world = World(mail("a"))
    arrived = events.make("a" * 32, "d", Kind.DELIVERED, NOON, recipient="a@example.com")
    world.rows[arrived.key] = Row(arrived)
    world.dies = True
    try:
        world.run([arrived.key])
    except ConnectionError:
        world.dies = False
    assert world.received == ["a" * 32]
    world.run([arrived.key])
    assert world.received == ["a" * 32] * 2, "it is told again, which changes nothing"


def test_neither_other_mails_nor_what_has_not_arrived_is_noted():
    arrived = events.make("b" * 32, "d", Kind.DELIVERED, NOON, recipient="b@example.com")
    sent = events.make("b" * 32, "s", Kind.SENT, NOON, ses_message_id="ses")
    for tracking, one in ((Tracking(True, True, until=UNTIL), arrived), (mail("b").tracking, sent)):
        world = World(mail("b", tracking=tracking))
        world.rows[one.key] = Row(one)
        world.run([one.key])
        assert world.received == []


def test_what_is_added_up_can_be_judged_anew():
    world = World(AGGREGATE)
    hits = [hit(number, "HEAD" if number % 2 else "GET") for number in range(500)]
    world.rows = {one.key: Row(one) for one in hits}
    world.run(None)
    assert world.fold.closed_until, "most are closed"
    opens = world.fold.state.engagement.opens
    assert (opens.count, opens.machine) == (250, 250)
    assert world.rejudge(AccountPolicy(verdict_rules_off=frozenset({"head"})))
    assert world.fold.state.engagement.opens.count == 500
    assert not world.rejudge(AccountPolicy(verdict_rules_off=frozenset({"head"})))
