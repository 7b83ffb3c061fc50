"""Sending: one mail, one call, and an end that people can see whatever SES answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from chalicelib.core import consent
from chalicelib.core import event as events
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.event import Kind
from chalicelib.core.message import GIVE_UP_AFTER, Content, Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.summary import summarise
from chalicelib.core.suppression import Cause, Reason, Suppression
from chalicelib.core.token import Keys, Mode, Purpose, verify
from chalicelib.flow import instrument
from chalicelib.flow.send import LEASE, LONGEST_DELAY, Outcome, Parts, send
from chalicelib.gateways.ses import Answer, Verdict
from tests.flow.people import ANNA, RAJ, People

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = Keys({1: b"k" * 32})
MESSAGE_ID = "0123456789abcdef" * 2
HTML = '<p><a href="https://example.com/quote?a=1&amp;b=2">Quote</a></p>'
LONG = "https://example.com/" + "x" * 700


def parts_of(one, new_id):
    making = instrument.Parts(one, one, KEYS, "https://t.example.com", new_id, one)

    def fail(message, failure, now):
        return one.settle(message, Sending.FAILED, failure=failure)

    return Parts(one, one, one, making, one.people.stores, fail, new_id)


class World:
    """One message, its content, and an SES that answers as it is told; counts what reaches it.

    `run` says after what time the message comes again; the whole outcome is in `outcome`.
    """

    def __init__(self, message: Message, content: Content, answer: Answer) -> None:
        self.message, self.content, self.answer = message, content, answer
        self.people = People()
        self.mails: list[dict] = []
        self.stored_links: dict[int, str] = {}
        self.dies_after_ses = False
        self.is_overtaken = self.loses_claims_answer = False

    def find(self, message_id):
        return (self.message, Fold()) if message_id == self.message.message_id else None

    def claim(self, message, claim, *, lease_ends_at, until, narrowed=None):
        if self.message.sending is not Sending.QUEUED or self.is_overtaken:
            return False
        assert message.attempts == self.message.attempts
        self.message = replace(
            self.message,
            sending=Sending.SENDING,
            claim=claim,
            lease_ends_at=lease_ends_at,
            next_try_at=None,
            attempts=self.message.attempts + 1,
            tracking=replace(narrowed or self.message.tracking, until=until),
        )
        if self.loses_claims_answer:
            raise ConnectionError("the claim is written, and nobody hears of it")
        return True

    def settle(self, message, sending, *, failure=None, ses_message_id=None, sent_at=None, next_try_at=None):
        if self.dies_after_ses:
            raise ConnectionError("the worker dies here")
        if (self.message.sending, self.message.claim) != (message.sending, message.claim):
            return False
        self.message = replace(
            self.message,
            sending=sending,
            failure=failure,
            ses_message_id=ses_message_id,
            sent_at=sent_at,
            lease_ends_at=None,
            next_try_at=next_try_at,
        )
        return True

    def get(self, account, message_id):
        return self.content

    def put(self, *args):
        if isinstance(args[-1], Content):
            self.content = args[-1]
        else:
            self.stored_links.update(args[1])

    def send(self, raw, *, sender, recipients, message_id, tags):
        self.mails.append({"raw": raw, "sender": sender, "recipients": recipients, "id": message_id, "tags": tags})
        return self.answer

    def run(self, now=NOON) -> timedelta | None:
        ids = iter(range(99))
        parts = parts_of(self, lambda: f"id-{next(ids)}")
        self.outcome = send(self.message.message_id, parts, now=now)
        return self.outcome.again_after

    def html(self) -> str:
        mail = message_from_bytes(self.mails[0]["raw"], policy=default)
        return mail.get_body(("html",)).get_payload(decode=True).decode()


ACCEPTED = Answer(Verdict.ACCEPTED, "ses-1")


def world(
    answer=ACCEPTED, tracking=None, html: str | None = HTML, links=("https://example.com/quote?a=1&b=2",), bcc=()
):
    envelope = Envelope("Me <me@example.com>", ("Anna <Anna@example.com>",), bcc=bcc, subject="Quote")
    message = Message(MESSAGE_ID, "acme", NOON, envelope, tracking or Tracking(True, True), tags=(("plan", "gold"),))
    return World(message, Content(html, "text", links=links), answer)


def token_in(html: str, letter: str) -> str:
    return html.split(f"https://t.example.com/{letter}/")[1].split('"')[0]


def test_a_tracked_mail_goes_out_with_a_signed_link_and_one_pixel():
    one = world()
    assert one.run() is None
    until = NOON + timedelta(days=100)
    click = verify(token_in(one.html(), "c"), Purpose.CLICK, KEYS)
    assert (click.message_id, click.position, click.destination, click.until) == (
        MESSAGE_ID,
        0,
        "https://example.com/quote?a=1&b=2",
        until,
    )
    assert verify(token_in(one.html(), "o"), Purpose.OPEN, KEYS).until == until
    assert one.html().count("/o/") == 1
    assert one.html().split('"')[0] == HTML.split('"')[0]
    assert (one.message.sending, one.message.ses_message_id, one.message.sent_at) == (Sending.SENT, "ses-1", NOON)


def test_the_envelope_holds_every_recipient_as_a_bare_address():
    one = world(bcc=(RAJ,))
    one.run()
    assert one.mails[0]["recipients"] == ["Anna@example.com", RAJ]
    assert one.mails[0]["sender"] == "me@example.com"
    assert one.mails[0]["tags"] == (("plan", "gold"),)


@pytest.mark.parametrize(
    ("tracking", "pixels", "links"),
    [(Tracking(False, False, "mail_off"), 0, 0), (Tracking(True, False), 1, 0), (Tracking(False, True), 0, 1)],
)
def test_opens_and_clicks_are_tracked_each_for_itself(tracking, pixels, links):
    one = world(tracking=tracking)
    one.run()
    assert (one.html().count("/o/"), one.html().count("/c/")) == (pixels, links)
    if not tracking.is_on:
        assert one.html() == HTML


def test_a_destination_that_is_too_long_for_a_token_is_stored():
    one = world(html=f'<a href="{LONG}">x</a>', links=(LONG,))
    one.run()
    click = verify(token_in(one.html(), "c"), Purpose.CLICK, KEYS)
    assert (click.is_stored, click.destination, one.stored_links) == (True, "", {0: LONG})


def test_links_found_at_sending_replace_those_found_at_acceptance():
    one = world(links=())
    one.run()
    assert one.content.links == ("https://example.com/quote?a=1&b=2",)


@pytest.mark.parametrize(
    ("answer", "delay", "sending"),
    [
        (ACCEPTED, None, Sending.SENT),
        (Answer(Verdict.REFUSED, code="MessageRejected", detail="not verified"), None, Sending.FAILED),
        (Answer(Verdict.UNCLEAR, code="no_answer", detail="read timeout"), None, Sending.UNKNOWN),
        (Answer(Verdict.LATER, code="Throttling", detail="rate"), timedelta(seconds=5), Sending.QUEUED),
    ],
)
def test_every_answer_of_ses_ends_in_a_state_that_people_see(answer, delay, sending):
    one = world(answer)
    assert one.run() == delay
    assert one.message.sending is one.outcome.noted is sending
    if answer.code:
        assert one.message.failure == Failure(answer.code, answer.detail)


def test_a_message_that_came_to_an_end_is_not_sent_again():
    for sending in (Sending.SENT, Sending.UNKNOWN, Sending.FAILED):
        one = world()
        one.message = replace(one.message, sending=sending)
        assert (one.run(), one.mails, one.outcome) == (None, [], Outcome())


def test_the_outcome_of_a_mail_that_ses_took_tells_to_how_many_and_after_how_long():
    one = world(bcc=(RAJ,))
    one.run(NOON + timedelta(seconds=90))
    assert one.outcome == Outcome(Sending.SENT, recipients=2, waited=timedelta(seconds=90))


def test_a_message_whose_content_is_gone_is_failed():
    one = world()
    one.content = None
    assert one.run() is None
    assert (one.message.sending, one.message.failure.code, one.mails) == (Sending.FAILED, "content_missing", [])
    assert one.outcome == Outcome(Sending.FAILED)


def test_a_throttled_mail_is_tried_with_growing_delays_until_ses_takes_it_hours_later():
    one, now, delays = world(Answer(Verdict.LATER, code="Throttling")), NOON, []
    while now < NOON + timedelta(hours=8):
        delays.append(one.run(now))
        now += delays[-1]
    assert delays[:4] == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40)]
    assert max(delays) == delays[-1] == LONGEST_DELAY
    one.answer = ACCEPTED
    assert one.run(now) is None
    assert one.message.sending is Sending.SENT
    assert one.message.tracking.until == now.replace(microsecond=0) + timedelta(days=100), "from the sending on"


def test_a_throttled_mail_is_given_up_after_a_day():
    one = world(Answer(Verdict.LATER, code="TooManyRequestsException"))
    assert one.run(NOON + GIVE_UP_AFTER) == timedelta(seconds=5)
    assert one.run(NOON + GIVE_UP_AFTER + timedelta(seconds=5)) is None
    assert one.message.sending is one.outcome.noted is Sending.FAILED


def test_a_second_queue_message_does_not_try_before_its_time():
    one = world(Answer(Verdict.LATER, code="Throttling"))
    delay = one.run()
    assert (one.run(NOON + delay / 2), len(one.mails)) == (delay / 2, 1)
    assert one.outcome.noted is None


def test_a_waiting_mail_that_ses_says_it_has_is_not_sent_again():
    one = world(Answer(Verdict.LATER, code="Throttling"))
    delay = one.run()
    sent = events.make(MESSAGE_ID, "s", Kind.SENT, NOON, ses_message_id="ses-9")
    one.message = replace(one.message, state=summarise([sent]))
    assert (one.run(NOON + delay), len(one.mails)) == (None, 1)
    assert (one.message.sending, one.message.ses_message_id) == (Sending.SENT, "ses-9")
    assert one.outcome == Outcome(Sending.SENT, recipients=1, waited=timedelta(0))


def test_a_claim_that_is_written_without_anybody_hearing_of_it_is_given_back():
    one = world()
    one.loses_claims_answer = True
    with pytest.raises(ConnectionError):
        one.run()
    assert (one.message.sending, one.mails) == (Sending.QUEUED, [])
    one.loses_claims_answer = False
    assert (one.run(), one.message.sending) == (None, Sending.SENT)


def test_a_worker_that_is_overtaken_between_reading_and_claiming_sends_nothing():
    one = world()
    one.is_overtaken = True
    assert (one.run(), one.mails, one.outcome.noted) == (LEASE, [], None)


def test_a_worker_that_dies_after_ses_took_the_mail_leaves_unknown_and_no_second_mail():
    one = world()
    one.dies_after_ses = True
    with pytest.raises(ConnectionError):
        one.run()
    one.dies_after_ses = False
    assert one.run(NOON + LEASE / 2) == LEASE / 2, "somebody may still be at it"
    assert one.run(NOON + LEASE) is None
    assert (one.message.sending, len(one.mails)) == (Sending.UNKNOWN, 1)
    assert one.outcome == Outcome(Sending.UNKNOWN)


def test_an_unknown_message_is_forgotten():
    one = world()
    parts = parts_of(one, str)
    assert send("f" * 32, parts, now=NOON) == Outcome()


@pytest.mark.parametrize("days", [1, 100, 400])
def test_opens_and_clicks_are_captured_for_as_long_as_the_account_says(days):
    one = world()
    one.people.policy = AccountPolicy(capture_window_days=days)
    one.run()
    until = NOON + timedelta(days=days)
    assert one.message.tracking.until == until
    assert verify(token_in(one.html(), "c"), Purpose.CLICK, KEYS).until == until


GIVEN_FOR_LESS = consent.given(NOON, "form 3", "ina", NOON, Mode.LAST_OPEN_DATE)


@pytest.mark.parametrize(
    ("policy", "said", "tracking"),
    [
        (AccountPolicy(plan_may_track=False), [], Tracking(False, False, "plan_off", mode=Mode.OFF)),
        (AccountPolicy(tracking=False), [], Tracking(False, False, "account_off", mode=Mode.OFF)),
        (AccountPolicy(consent_required=True), [], Tracking(False, False, "no_consent", mode=Mode.OFF)),
        (AccountPolicy(), [consent.withdrawn(NOON, "", "x")], Tracking(False, False, "no_consent", mode=Mode.OFF)),
        (AccountPolicy(mode=Mode.LAST_OPEN_DATE), [], Tracking(True, False, mode=Mode.LAST_OPEN_DATE)),
        (AccountPolicy(), [GIVEN_FOR_LESS], Tracking(True, False, mode=Mode.LAST_OPEN_DATE)),
    ],
)
def test_what_was_switched_off_or_withdrawn_since_holds_for_a_mail_that_waits(policy, said, tracking):
    one = world()
    one.people.policy, one.people.said = policy, {ANNA: said}
    assert one.run() is None
    assert replace(one.message.tracking, until=None) == tracking
    assert (one.message.tracking.until is None) is not tracking.is_on
    assert (one.html().count("/o/"), one.html().count("/c/")) == (tracking.opens, 0)


@pytest.mark.parametrize(
    "tracking",
    [Tracking(False, False, "account_off", mode=Mode.OFF), Tracking(True, False, mode=Mode.LAST_OPEN_DATE)],
)
def test_a_mail_is_never_tracked_more_than_was_decided_when_it_was_taken_in(tracking):
    """Although the switch is on by now, and the mode is wide."""
    one = world(tracking=tracking)
    one.run()
    assert replace(one.message.tracking, until=None) == tracking


def test_tracking_that_is_narrowed_while_a_mail_waits_for_another_try_has_no_window_any_more():
    one = world(Answer(Verdict.LATER, code="Throttling"))
    delay = one.run()
    assert one.message.tracking.until
    one.people.policy, one.answer = AccountPolicy(tracking=False), ACCEPTED
    one.run(NOON + delay)
    assert one.message.tracking == Tracking(False, False, "account_off", mode=Mode.OFF)


def test_a_mail_to_somebody_who_was_suppressed_since_ends_without_a_call_to_ses():
    one = world(bcc=(RAJ,))
    one.people.known[ANNA] = Suppression(ANNA, (Cause(Reason.COMPLAINT, NOON),))
    assert one.run() is None
    assert (one.message.sending, one.mails, one.outcome) == (Sending.FAILED, [], Outcome(Sending.FAILED))
    assert one.message.failure == Failure(
        "suppressed",
        "the recipient marked a mail as spam; suppressed since 2026-03-01T12:00:00.000Z (Anna <Anna@example.com>)",
    )


def test_a_mail_to_somebody_whose_suppression_is_over_is_sent():
    one = world()
    one.people.known[ANNA] = Suppression(ANNA, (Cause(Reason.SOFT_BOUNCES, NOON, NOON),))
    assert (one.run(), one.message.sending) == (None, Sending.SENT)


def test_a_mail_waits_while_nobody_can_say_what_is_allowed():
    one = world()
    one.people.is_down = True
    with pytest.raises(ConnectionError):
        one.run()
    assert (one.message.sending, one.mails) == (Sending.QUEUED, [])
    one.people.is_down = False
    assert (one.run(), one.message.sending) == (None, Sending.SENT)
