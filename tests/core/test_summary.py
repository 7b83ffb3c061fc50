"""All events of a message folded into its state: any order, any repetition, one state."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Sending, Tracking
from chalicelib.core.status import Status, failure_of, opens_of, sending_of, status_of
from chalicelib.core.summary import EMPTY, State, summarise
from chalicelib.storage import state_text
from tests.core.happenings import ANNA, HAPPENINGS, MESSAGE_ID, NOON, at, clicked, happened, opened

SENT = happened(Kind.SENT, 1, ses_message_id="ses-1")
DELIVERED = happened(Kind.DELIVERED, 2, recipient=ANNA)
HARD = happened(Kind.BOUNCED, 3, recipient=ANNA, type="hard", reason="550 no such user")
SOFT = happened(Kind.BOUNCED, 2.5, recipient=ANNA, type="soft", reason="mailbox full")
COMPLAINED = happened(Kind.COMPLAINED, 50, recipient=ANNA, reason="abuse")


def message(state: State = EMPTY, sending: Sending = Sending.SENT) -> Message:
    envelope = Envelope("me@example.com", (ANNA,), subject="Hello")
    return Message(MESSAGE_ID, "acme", NOON, envelope, Tracking(True, True), sending=sending, state=state)


def status_after(*happenings: Event) -> Status | None:
    return status_of(message(summarise(happenings)))


def test_status_is_the_highest_that_is_known():
    assert status_of(message(sending=Sending.QUEUED)) is None
    assert status_after(SENT) is Status.SENT
    assert status_after(DELIVERED, SENT) is Status.DELIVERED
    assert status_after(DELIVERED, SENT, opened(10)) is Status.OPENED
    assert status_after(opened(10), clicked(20)) is Status.CLICKED
    assert status_after(clicked(20), DELIVERED, HARD) is Status.BOUNCED


def test_an_auto_reply_is_no_bounce_and_a_delay_no_failure():
    assert status_after(DELIVERED, happened(Kind.AUTO_REPLIED, 9, recipient=ANNA)) is Status.DELIVERED
    state = summarise([SENT, happened(Kind.DELAYED, 5, recipient=ANNA)])
    assert status_of(message(state)) is Status.SENT
    assert failure_of(message(state)) is None


def test_a_click_without_any_open_counts_as_one_open_at_the_time_of_the_first_click():
    opens, recent = opens_of(summarise([clicked(30), clicked(20)]).engagement)
    assert (opens.count, opens.first_at, opens.last_at, recent) == (1, at(20), at(20), (at(20),))
    opens, _ = opens_of(summarise([clicked(20), opened(25), opened(40)]).engagement)
    assert (opens.count, opens.first_at, opens.last_at) == (2, at(20), at(40)), "read when clicked at the latest"


def test_head_requests_are_kept_apart_and_never_count_as_a_person():
    state = summarise([DELIVERED, opened(5, "HEAD"), clicked(6, method="HEAD")])
    assert (state.engagement.opens.count, state.engagement.opens.machine) == (0, 1)
    assert (state.engagement.clicks.count, state.engagement.clicks.machine) == (0, 1)
    assert status_of(message(state)) is Status.DELIVERED


def test_the_ten_latest_opens_are_listed_newest_first():
    state = summarise([opened(second) for second in range(13)])
    assert state.engagement.opens.count == 13
    assert state.engagement.recent_opens == tuple(at(second) for second in range(12, 2, -1))


def test_links_are_counted_by_position():
    state = summarise([clicked(1, 2), clicked(2, 2), clicked(3, 0), clicked(4, 2, "HEAD")])
    assert state.engagement.links == {0: (1, 0), 2: (2, 1)}


def test_a_hard_bounce_is_shown_before_a_soft_one_and_the_first_of_its_kind():
    later = happened(Kind.BOUNCED, 99, recipient=ANNA, type="hard", reason="later")
    bounce = summarise([SOFT, later, HARD]).delivery.recipients[ANNA].bounce
    assert bounce is not None
    assert (bounce.type, bounce.reason, bounce.at) == ("hard", "550 no such user", at(3))


def test_what_a_person_did_after_the_window_is_not_counted_and_what_servers_say_is():
    state = summarise([opened(5), opened(50), HARD, COMPLAINED], until=at(10))
    assert state.engagement.opens.count == 1
    assert state.delivery.recipients[ANNA].complained_at == at(50)


def test_the_send_event_settles_what_the_answer_of_ses_left_open():
    unknown = message(summarise([SENT]), Sending.UNKNOWN)
    assert sending_of(unknown) is Sending.SENT
    assert status_of(unknown) is Status.SENT


def test_an_open_proves_that_the_mail_went_out():
    unknown = message(summarise([opened(10)]), Sending.UNKNOWN)
    assert (sending_of(unknown), failure_of(unknown)) == (Sending.SENT, None)


def test_a_mail_that_ses_took_and_dropped_is_failed_with_the_reason():
    dropped = message(summarise([SENT, happened(Kind.REJECTED, 2, reason="Bad content")]))
    assert sending_of(dropped) is Sending.FAILED
    failure = failure_of(dropped)
    assert failure is not None
    assert (failure.code, failure.detail) == ("rejected", "Bad content")


@given(st.lists(HAPPENINGS, max_size=30), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_give_the_same_state(happenings, random):
    shuffled = [*happenings, *random.choices(happenings, k=len(happenings))] if happenings else []
    random.shuffle(shuffled)
    assert summarise(shuffled) == summarise(happenings)


@given(st.lists(HAPPENINGS, max_size=30, unique_by=lambda event: event.key), st.integers(0, 30))
def test_summing_up_in_two_parts_is_summing_up_at_once(happenings, cut):
    assert summarise(happenings[cut:], start=summarise(happenings[:cut])) == summarise(happenings)


@given(st.lists(HAPPENINGS, max_size=30))
def test_a_state_survives_its_storage(happenings):
    state = summarise(happenings)
    assert state_text.load(state_text.dump(state)) == state
    assert state_text.dump(state) == state_text.dump(summarise(reversed(happenings)))
