"""All events of a message folded into its state: any order, any repetition, one state."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.event import Event, Kind
from chalicelib.core.message import Envelope, Message, Sending, Tracking
from chalicelib.core.rules import Context
from chalicelib.core.status import Status, failure_of, opens_of, sending_of, status_of
from chalicelib.core.summary import EMPTY, State, summarise
from chalicelib.storage import state_text
from tests.core.happenings import (
    ANNA,
    BY_THEMSELVES,
    HAPPENINGS,
    MESSAGE_ID,
    NOON,
    at,
    clicked,
    downloaded,
    happened,
    opened,
)

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


def test_the_third_link_of_a_sweep_takes_back_the_first_two_and_the_open_that_came_with_them():
    before = summarise([DELIVERED, opened(60), clicked(61, 0), clicked(62, 1)])
    assert (before.engagement.opens.count, before.engagement.clicks.count) == (1, 2)
    after = summarise([DELIVERED, opened(60), clicked(61, 0), clicked(62, 1), clicked(63, 2)])
    assert (after.engagement.opens.count, after.engagement.opens.machine) == (0, 1)
    assert (after.engagement.clicks.count, after.engagement.clicks.machine) == (0, 3)
    assert after.engagement.links == {0: (0, 1), 1: (0, 1), 2: (0, 1)}
    assert after.engagement.recent_opens == ()
    assert (status_of(message(before)), status_of(message(after))) == (Status.CLICKED, Status.DELIVERED)


def test_what_a_privacy_proxy_loads_is_counted_apart():
    proxied = happened(Kind.OPENED, 90, method="GET", client="privacy_proxy")
    opens = summarise([DELIVERED, proxied]).engagement.opens
    assert (opens.count, opens.proxy, opens.machine, opens.first_at) == (0, 1, 0, None)


def test_internal_hits_count_for_nobody():
    own = happened(Kind.OPENED, 90, method="GET", own=True)
    assert summarise([own]).engagement == EMPTY.engagement
    to_oneself = Context(is_self=True)
    assert summarise([opened(90), clicked(95)], context=to_oneself).engagement == EMPTY.engagement


def test_a_download_is_a_click_and_counted_by_file():
    state = summarise([downloaded(90, 1), downloaded(99, 1, "HEAD"), clicked(100, 1)])
    assert (state.engagement.clicks.count, state.engagement.clicks.machine) == (2, 1)
    assert (state.engagement.links, state.engagement.files) == ({1: (1, 0)}, {1: (1, 1)})
    assert status_of(message(state)) is Status.CLICKED


def test_a_sweep_of_links_and_files_is_a_machine_s():
    swept = summarise([clicked(60, 0), clicked(60.5, 1), downloaded(61, 0)]).engagement
    assert (swept.clicks.count, swept.clicks.machine) == (0, 3)


def test_a_look_at_the_page_for_unsubscribing_counts_nowhere_and_unsubscribing_counts_for_ever():
    seen = happened(Kind.UNSUBSCRIBE_SEEN, 90, method="GET", page="unsubscribe")
    assert summarise([seen]).engagement == EMPTY.engagement
    left, again = (happened(Kind.UNSUBSCRIBED, seconds, method="POST") for seconds in (200, 300))
    assert summarise([again, left], until=at(100)).delivery.unsubscribed_at == at(300)


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
    """As far as no verdict depends on the other part."""
    first = summarise(happenings[:cut], context=BY_THEMSELVES)
    assert summarise(happenings[cut:], context=BY_THEMSELVES, start=first) == summarise(
        happenings, context=BY_THEMSELVES
    )


@given(st.lists(HAPPENINGS, max_size=30))
def test_a_state_survives_its_storage(happenings):
    state = summarise(happenings)
    assert state_text.load(state_text.dump(state)) == state
    assert state_text.dump(state) == state_text.dump(summarise(reversed(happenings)))
