"""Messages in DynamoDB: every write has a condition, every list is a page of queries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core import event as events
from chalicelib.core.change import Change
from chalicelib.core.event import Kind
from chalicelib.core.mail_filter import Only
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold, Step
from chalicelib.core.summary import summarise
from chalicelib.core.token import Mode
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEASE, UNTIL = NOON + timedelta(minutes=1), NOON + timedelta(days=100)


@pytest.fixture
def messages(stack) -> Messages:
    return Messages("messages", REGION)


def message(number: int = 0, account: str = "acme") -> Message:
    return Message(
        message_id=f"{number * 7919:08x}" + "0" * 24,
        account=account,
        accepted_at=NOON + timedelta(seconds=number),
        envelope=Envelope(
            "me@example.com", ("anna@example.com",), ("c@d.test",), ("b@d.test",), ("r@d.test",), "Hällo"
        ),
        tracking=Tracking(True, True),
        record=("leads", "4711"),
        user="raj",
        tags=(("plan", "gold"),),
    )


def test_a_message_comes_back_as_it_was_and_only_to_its_account(messages):
    messages.add(message())
    assert messages.get("acme", message().message_id) == message()
    assert messages.get("other", message().message_id) is None
    assert messages.get("acme", "f" * 32) is None


def test_a_message_that_is_sent_or_has_a_window_already_comes_back_so_and_is_found_by_its_ses_id_and_status(messages):
    sent = replace(message(), sending=Sending.SENT, sent_at=NOON, ses_message_id="ses-1")
    prepared = replace(message(1), sending=Sending.PREPARED, tracking=Tracking(True, True, until=UNTIL))
    for one in (sent, prepared):
        messages.add(one)
        assert messages.get("acme", one.message_id) == one
    assert messages.id_by_ses("ses-1") == sent.message_id
    assert messages.until_of(prepared.message_id) == UNTIL
    assert [one.message_id for one in messages.page("acme", 9, only=Only(status="sent")).messages] == [sent.message_id]


def test_a_prepared_message_is_claimed_by_nobody(messages):
    prepared = replace(message(), sending=Sending.PREPARED)
    messages.add(prepared)
    assert not messages.claim(prepared, "c", lease_ends_at=UNTIL, until=UNTIL)


def test_adding_it_again_changes_nothing(messages):
    messages.add(message())
    messages.add(replace(message(), user="somebody else"))
    assert messages.get("acme", message().message_id) == message()


def claim(messages, mark="c", **changes) -> bool:
    found = changes.pop("found", None) or stored(messages)
    return messages.claim(found, mark, **{"lease_ends_at": LEASE, "until": UNTIL} | changes)


def stored(messages) -> Message:
    found = messages.get("acme", message().message_id)
    assert found
    return found


def test_the_end_of_a_window_is_known_from_the_claim_on(messages):
    messages.add(message())
    assert messages.until_of(message().message_id) is None
    claim(messages)
    assert messages.until_of(message().message_id) == UNTIL
    assert messages.until_of("f" * 32) is None


def test_only_one_worker_gets_a_message_to_send(messages):
    messages.add(message())
    assert [claim(messages, mark) for mark in ("first", "second")] == [True, False]
    held = stored(messages)
    assert (held.sending, held.claim, held.attempts) == (Sending.SENDING, "first", 1)
    assert (held.lease_ends_at, held.tracking.until) == (LEASE, UNTIL)


@pytest.mark.parametrize(
    "narrowed",
    [Tracking(False, False, "account_off", mode=Mode.OFF), Tracking(True, False, None, UNTIL, Mode.LAST_OPEN_DATE)],
)
def test_tracking_that_was_narrowed_is_stored_with_the_claim_and_nothing_else_changes(messages, narrowed):
    messages.add(message())
    claim(messages, "first")
    messages.settle(stored(messages), Sending.QUEUED)
    assert stored(messages).tracking == Tracking(True, True, None, UNTIL)
    assert claim(messages, "second", narrowed=narrowed, until=narrowed.until)
    held = stored(messages)
    assert held.tracking == narrowed
    assert [one.tracking for one in messages.page("acme", 9, only=Only(reason="account_off")).messages] == (
        [narrowed] if narrowed.reason else []
    )
    assert replace(held, tracking=message().tracking, sending=Sending.QUEUED, attempts=0, claim=None) == replace(
        message(), lease_ends_at=LEASE
    )


def test_a_claim_whose_answer_was_lost_is_known_by_its_mark_when_the_call_is_repeated(messages):
    messages.add(message())
    found = stored(messages)
    assert [claim(messages, "mine", found=found) for _ in range(2)] == [True, True]
    assert stored(messages).attempts == 1


def test_a_late_repeated_call_does_not_undo_the_claim_of_another_worker(messages):
    messages.add(message())
    claim(messages, "first")
    held = stored(messages)
    failure = Failure("TooManyRequestsException", "slow down")
    assert messages.settle(held, Sending.QUEUED, failure=failure, next_try_at=LEASE)
    assert (stored(messages).next_try_at, stored(messages).lease_ends_at) == (LEASE, None)
    claim(messages, "second", until=UNTIL + timedelta(days=1))
    assert not messages.settle(held, Sending.QUEUED, failure=failure)
    assert (stored(messages).claim, stored(messages).next_try_at) == ("second", None)
    assert stored(messages).tracking.until == UNTIL + timedelta(days=1)


def test_a_claim_on_what_was_read_before_another_attempt_is_refused(messages):
    messages.add(message())
    old = stored(messages)
    claim(messages, "first")
    messages.settle(stored(messages), Sending.QUEUED, next_try_at=LEASE)
    assert not claim(messages, "late", found=old)
    assert stored(messages).sending is Sending.QUEUED


def test_what_came_of_sending_is_noted_once(messages):
    messages.add(message())
    claim(messages)
    held = stored(messages)
    assert messages.settle(held, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert not messages.settle(held, Sending.FAILED, failure=Failure("late", "worker"))
    sent = stored(messages)
    assert (sent.sending, sent.ses_message_id, sent.sent_at, sent.failure) == (Sending.SENT, "ses-1", NOON, None)
    assert messages.id_by_ses("ses-1") == sent.message_id
    assert messages.id_by_ses("ses-2") is None


def test_a_slow_worker_may_still_say_that_the_mail_was_sent_after_it_was_given_up(messages):
    messages.add(message())
    claim(messages)
    held = stored(messages)
    assert messages.settle(held, Sending.UNKNOWN, failure=Failure("interrupted", "…"))
    assert messages.settle(held, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert stored(messages).ses_message_id == "ses-1"


def test_pages_lead_through_all_messages_newest_first_and_back_again(messages):
    for number in range(25):
        messages.add(message(number))
        messages.add(message(1_000 + number, account="other"))
    expected = [message(number).message_id for number in range(24, -1, -1)]

    seen, page = [], messages.page("acme", 10)
    seen += page.messages
    while page.has_more:
        page = messages.page("acme", 10, after=page.messages[-1].key)
        seen += page.messages
    assert [one.message_id for one in seen] == expected
    back = messages.page("acme", 10, before=seen[-1].key)
    assert [one.message_id for one in back.messages] == expected[14:24]
    assert back.has_more


def folded(messages, number: int, *happened: events.Event) -> None:
    found, fold = messages.find(message(number).message_id)
    assert messages.store_fold(found, fold._replace(state=summarise(happened)))


def ids(page) -> list[str]:
    return [one.message_id for one in page.messages]


def test_a_mail_is_found_by_its_status_its_source_and_the_reason_why_it_is_not_tracked(messages):
    for number in range(8):
        untracked = Tracking(False, False, "mail_off", mode=Mode.OFF) if number % 4 == 0 else Tracking(True, True)
        source = "mass_email" if number % 2 else "individual"
        messages.add(replace(message(number), tracking=untracked, source=source))
    for number in (1, 2, 3):
        folded(messages, number, opened(1))
    assert ids(messages.page("acme", 5, only=Only(status="opened"))) == [message(n).message_id for n in (3, 2, 1)]
    assert ids(messages.page("acme", 5, only=Only(source="mass_email"))) == [
        message(n).message_id for n in (7, 5, 3, 1)
    ]
    assert ids(messages.page("acme", 5, only=Only(reason="mail_off"))) == [message(n).message_id for n in (4, 0)]
    both = Only(status="opened", source="mass_email")
    assert ids(messages.page("acme", 5, only=both)) == [message(n).message_id for n in (3, 1)]
    assert ids(messages.page("acme", 5, only=Only(status="bounced"))) == []


def test_a_filtered_list_is_paged_in_both_directions_and_ends(messages):
    for number in range(40):
        messages.add(replace(message(number), source="api" if number % 3 == 0 else "individual"))
    expected = [message(number).message_id for number in range(39, -1, -3)]
    only, seen, page = Only(source="api"), [], messages.page("acme", 5, only=Only(source="api"))
    seen += ids(page)
    while page.has_more:
        page = messages.page("acme", 5, after=page.after, only=only)
        seen += ids(page)
    assert seen == expected
    back = messages.page("acme", 20, before=message(0).key, only=only)
    assert (ids(back), back.has_more) == (expected[:-1], False)


def test_the_status_follows_what_becomes_of_a_mail(messages):
    messages.add(message())
    claim(messages)
    assert ids(messages.page("acme", 5, only=Only(status="sent"))) == []
    messages.settle(stored(messages), Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert ids(messages.page("acme", 5, only=Only(status="sent"))) == [message().message_id]
    folded(messages, 0, opened(1))
    assert ids(messages.page("acme", 5, only=Only(status="sent"))) == []
    folded(messages, 0)
    assert ids(messages.page("acme", 5, only=Only(status="sent"))) == [message().message_id], "the open was taken back"


def test_what_the_fold_knows_is_not_overwritten_by_a_late_word_of_the_sender(messages):
    messages.add(message())
    claim(messages)
    held = stored(messages)
    folded(messages, 0, opened(1))
    messages.settle(held, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert ids(messages.page("acme", 5, only=Only(status="opened"))) == [message().message_id]


def test_a_mail_that_ses_dropped_while_it_was_noted_as_sent_has_no_status(messages):
    dropped = events.make(message().message_id, "r", Kind.REJECTED, NOON, reason="virus")
    messages.add(message())
    claim(messages)
    held = stored(messages)
    folded(messages, 0, dropped)
    messages.settle(held, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert ids(messages.page("acme", 5, only=Only(status="sent"))) == []


def test_a_fold_that_does_not_know_of_the_sending_takes_no_status_away(messages):
    delayed = events.make(message().message_id, "d", Kind.DELAYED, NOON)
    messages.add(message())
    claim(messages)
    found, fold = messages.find(message().message_id)
    messages.settle(found, Sending.SENT, ses_message_id="ses-1", sent_at=NOON)
    assert messages.store_fold(found, fold._replace(state=summarise([delayed])))
    assert ids(messages.page("acme", 5, only=Only(status="sent"))) == [message().message_id]


def test_opened_mails_are_listed_by_their_latest_open_and_one_that_is_taken_back_is_not(messages):
    for number in range(6):
        messages.add(message(number))
    for number, seconds in ((0, 50), (1, 10), (2, 30), (3, 20)):
        folded(messages, number, opened(seconds), opened(5))
    first = messages.opened_page("acme", 3)
    assert (ids(first), first.has_more) == ([message(n).message_id for n in (0, 2, 3)], True)
    rest = messages.opened_page("acme", 3, after=first.after)
    assert (ids(rest), rest.has_more) == ([message(1).message_id], False)
    assert ids(messages.opened_page("acme", 3, before=rest.before)) == ids(first)
    folded(messages, 1, opened(99))
    folded(messages, 0)
    assert ids(messages.opened_page("acme", 9)) == [message(n).message_id for n in (1, 2, 3)]


def test_messages_are_listed_by_the_time_they_were_accepted(messages):
    for number in range(6):
        messages.add(message(number))
    found = set(messages.accepted_between("acme", NOON + timedelta(seconds=3), NOON + timedelta(seconds=5)))
    assert found == {message(3).message_id, message(4).message_id}


def opened(seconds: int) -> events.Event:
    at = NOON + timedelta(seconds=seconds)
    return events.make(message().message_id, f"o{seconds}", Kind.OPENED, at, method="GET")


def folds_of(messages: Messages, table: Events) -> Folds:
    return Folds(messages, table, CellTable("reports", REGION), Notices("outbox", REGION))


def test_a_fold_is_stored_only_on_the_version_it_was_made_from(messages, stack):
    messages.add(message())
    folds = folds_of(messages, Events("events", REGION))
    found, _ = folds.find(message().message_id)
    fold = Fold(summarise([opened(1)]))
    assert folds.store([Change(found, Step(fold, (), False))])
    assert not folds.store([Change(found, Step(Fold(summarise([opened(1), opened(2)])), (), False))])
    assert folds.find(message().message_id)[1] == fold


def test_a_fold_and_its_marks_are_stored_together_or_not_at_all(messages, stack):
    messages.add(message())
    table = Events("events", REGION)
    folds = folds_of(messages, table)
    table.put(opened(1), UNTIL)
    closed = summarise([opened(1)])
    step = Step(Fold(closed, closed.engagement, opened(1).key), (opened(1).key,), False)
    found, _ = folds.find(message().message_id)
    assert folds.store([Change(found, step)])
    assert table.after(message().message_id, None, now=NOON)[0].is_counted
    again, fold = folds.find(message().message_id)
    assert fold == step.fold
    assert not folds.store([Change(again, step)]), "the event is marked already"
    assert folds.find(message().message_id)[0].version == again.version
