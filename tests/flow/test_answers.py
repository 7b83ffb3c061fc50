"""Who answered whom: the same in every order, with repetitions, and wherever a request or a worker dies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.cell import Place, total
from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Content, Envelope, Message, Sending, Tracking
from chalicelib.core.received import ReceivedMail, answered_by, id_of
from chalicelib.core.refold import Fold, Row
from chalicelib.flow import fold as folding
from chalicelib.flow import receive as receiving

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = "Anna <anna@example.com>"


class Died(Exception):
    """A request or a worker died, before or after what it did was done."""


class World:
    """Mails, their events and the stream of these, in memory. `deaths` says of each writing call in turn whether who
    does it dies before it, after it, or not."""

    def __init__(self, deaths=()) -> None:
        self.mails: dict[str, Message] = {}
        self.folds: dict[str, Fold] = {}
        self.rows: dict[str, dict[str, Row]] = {}
        self.stream: list[Event] = []
        self.cells: dict = {}
        self.contents: dict[str, Content] = {}
        self.told: list[tuple[str, str]] = []
        self.deaths = iter(deaths)

    def _done(self, write):
        death = next(self.deaths, "")
        if death == "before":
            raise Died
        answer = write()
        if death == "after":
            raise Died
        return answer

    # mails, as receiving has them

    def get(self, account, message_id):
        found = self.mails.get(message_id)
        return found if found and found.account == account else None

    def id_by_ses(self, ses_message_id):
        return next((one.message_id for one in self.mails.values() if one.ses_message_id == ses_message_id), None)

    def add(self, message, known):
        return self._done(lambda: self._add(message, known))

    def _add(self, message, known):
        if message.message_id in self.mails:
            return False
        self.mails[message.message_id], self.folds[message.message_id] = message, Fold()
        for one in known:
            self._put(one.event)
        return True

    # contents

    def delete(self, account, message_id):
        self.contents.pop(message_id, None)

    def keep(self, account, message_id, content):
        self._done(lambda: self.contents.update({message_id: content}))

    # events and folds, as folding has them

    def put(self, one, expires_at):
        assert expires_at > NOON + timedelta(days=30)
        return self._done(lambda: self._put(one))

    def _put(self, one):
        rows = self.rows.setdefault(one.message_id, {})
        if one.key not in rows:
            rows[one.key] = Row(one)
            self.stream.append(one)

    def after(self, message_id, event_key, *, now, may_be_old=False):
        return [row for _, row in sorted(self.rows.get(message_id, {}).items())]

    def find(self, message_id):
        found = self.mails.get(message_id)
        return (replace(found, state=self.folds[message_id].state), self.folds[message_id]) if found else None

    def store(self, changes):
        return self._done(lambda: self._store(changes))

    def _store(self, changes):
        for change in changes:
            message_id = change.message.message_id
            if change.message.version != self.mails[message_id].version:
                return False
            self.mails[message_id] = replace(self.mails[message_id], version=change.message.version + 1)
            self.folds[message_id] = change.step.fold
            self.cells = total([self.cells, change.cells])
            self.told += [(notice.type, notice.message_id) for notice in change.notices]
        return True

    # what is done

    @property
    def parts(self) -> folding.Parts:
        policy = AccountPolicy(listening={"email.replied": NOON})
        return folding.Parts(self, self, lambda account: policy, None, None, _Nobody())  # type: ignore[arg-type]

    def hand_over(self, mail: ReceivedMail) -> None:
        contents = _Contents(self)
        parts = receiving.Parts(self, contents, lambda account: AccountPolicy())
        receiving.receive(mail, Content(None, "Hi"), "acme", parts, now=NOON)

    def fold_next(self, number: int) -> None:
        """The stream brings one of its records, and again whichever was not done."""
        if self.stream:
            one = self.stream[number % len(self.stream)]
            folding.fold(one.message_id, [one.key], self.parts, now=NOON)
            self.stream.remove(one)


class _Contents:
    def __init__(self, world: World) -> None:
        self.put, self.delete = world.keep, world.delete


class _Nobody:
    def row(self, account, address):
        return ()


def outbound(number: int, **changes) -> Message:
    envelope = Envelope("me@example.com", (ANNA,))
    return Message(
        f"{number:032x}", "acme", NOON, envelope, Tracking(False, False, "mail_off"), user="ina", links=0, **changes
    )


QUOTE = outbound(1, ses_message_id="quote", template="offer", record=("leads", "7"))
ANSWER = outbound(2, in_reply_to=answered_by("acme", {"in-reply-to": "<one@example.com>"}))
AFTERTHOUGHT = outbound(3, in_reply_to=answered_by("acme", {"References": "<x@y.example> <one@example.com>"}))
TO_NOBODY = outbound(4, in_reply_to=answered_by("acme", {"In-Reply-To": "<never@example.com>"}))
OURS = (QUOTE, ANSWER, AFTERTHOUGHT, TO_NOBODY)


def inbound(name: str, minutes: int) -> ReceivedMail:
    at, thread = NOON + timedelta(minutes=minutes), ("quote@eu-west-1.amazonses.com",)
    return ReceivedMail(Envelope(ANNA, ("me@example.com",), subject="Re"), at, f"{name}@example.com", thread)


ONE, TWO = inbound("one", 9), inbound("two", 5)


def told_of(message: Message, kind: Kind) -> Event:
    data = {"ses_message_id": "x"} if kind is Kind.SENT else {"recipient": "anna@example.com"}
    return events.make(message.message_id, kind.value, kind, NOON + timedelta(minutes=1), **data)


ACTS = [
    *(("hand over", one) for one in (ONE, TWO)),
    *(("told", told_of(one, kind)) for one in OURS for kind in (Kind.SENT, Kind.DELIVERED)),
]


def act(world: World, what) -> None:
    name, about = what
    try:
        if name == "hand over":
            world.hand_over(about)
        elif name == "told":
            world.put(about, NOON + timedelta(days=107))
        else:
            world.fold_next(about)
    except Died:
        pass  # whoever asked for it asks again later


STEPS = st.lists(st.one_of(st.sampled_from(ACTS), st.tuples(st.just("fold"), st.integers(0, 20))), max_size=25)
DEATHS = st.lists(st.sampled_from(["", "", "", "before", "after"]), max_size=30)


@given(STEPS, st.permutations(ACTS), DEATHS)
def test_who_answered_whom_is_the_same_in_every_order_with_any_repetition_and_death(steps, rest, deaths):
    world = World(deaths)
    for message in OURS:
        world._add(message, ())
    for step in steps:
        act(world, step)
    world.deaths = iter(())
    for step in rest:  # in the end everything has happened
        act(world, step)
    while world.stream:
        world.fold_next(0)
    one, two = (world.find(id_of("acme", mail.rfc_message_id)) for mail in (ONE, TWO))
    assert (one[0].in_reply_to, one[0].user, one[0].template) == (QUOTE.message_id, "ina", "offer")
    assert one[1].counted.columns == {"received", "responded"}
    assert two[1].counted.columns == {"received"}
    assert one[0].state.delivery.responded_at == NOON
    assert world.find(QUOTE.message_id)[0].state.delivery.replied_at == TWO.received_at
    quoted = Place("acme", "2026-03-01", "offer", "leads", "ina")
    assert world.cells == {
        quoted._replace(source="individual"): {"sent": 1, "delivered": 1},
        quoted._replace(source="imap"): {"received": 2, "responded": 1},
        Place("acme", "2026-03-01", user="ina", source="individual"): {"sent": 3, "delivered": 3},
    }
    assert world.told == [("email.replied", QUOTE.message_id)]


def test_a_mail_is_taken_in_once_and_keeps_what_it_said_first():
    world = World()
    world._add(QUOTE, ())
    world.hand_over(ONE)
    first = dict(world.contents)
    world.hand_over(ONE._replace(user="kim"))
    [made] = [one for one in world.mails.values() if one.is_inbound]
    assert (made.user, world.contents, made.sending) == ("ina", first, Sending.RECEIVED)


def test_one_that_was_erased_stays_erased_when_it_is_handed_over_again():
    world = World()
    world.hand_over(ONE)
    [made] = world.mails.values()
    world.mails[made.message_id] = replace(made, envelope=Envelope("", ()), erased_at=NOON)
    world.contents.clear()
    world.hand_over(ONE)
    assert (world.contents, world.mails[made.message_id].envelope.sender) == ({}, "")


def test_an_erased_mail_of_ours_is_answered_by_nobody_any_more():
    world = World()
    world._add(replace(QUOTE, erased_at=NOON), ())
    world.hand_over(ONE)
    assert world.find(id_of("acme", ONE.rfc_message_id))[0].in_reply_to is None
