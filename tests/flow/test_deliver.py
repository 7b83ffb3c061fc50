"""Delivering: every notice is told, none twice by two workers, in its schedule, whatever dies in between."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.core import webhook as hooks
from chalicelib.core.delivery import INTERRUPTED, Answer, Attempt, Status, Task, begun, place_of
from chalicelib.core.message import Envelope
from chalicelib.core.notice import Notice
from chalicelib.core.refold import Fold
from chalicelib.core.summary import Bounce, Delivery, RecipientState, State
from chalicelib.core.webhook import FAILS_FOR, TEST, Ended
from chalicelib.core.webhook_event import LONGEST
from chalicelib.flow import deliver as flow
from chalicelib.flow.remind import remind
from tests.flow.outbox import HIT, HOOK, MESSAGE, MESSAGE_ID, NOON, Killed, Outbox, at, notice

SENT = notice()
FIRST = Task("acme", HOOK.webhook_id, place_of(SENT.key), MESSAGE_ID)
BROKEN = Answer(500, None, 9)


def first_of(one: Notice) -> Task:
    return FIRST._replace(place=place_of(one.key))


def log(outbox: Outbox, task: Task = FIRST):
    return outbox.rows[task[:3]]


def run(outbox: Outbox, start=NOON, waiting=((NOON, FIRST),)) -> None:
    """Does what queue and schedule do, in virtual time, until nothing is left to do."""
    waiting, reminder = list(waiting), start + timedelta(minutes=5)
    while waiting or outbox.dues:
        moment, task = min(waiting, default=(reminder, None))
        now = min(moment, reminder)
        assert now < NOON + timedelta(days=6), "it must come to an end"
        if task and moment <= reminder:
            waiting.remove((moment, task))
            flow.deliver(task, outbox.parts(), now)
        else:
            remind(outbox, outbox, now, lambda: True)
            reminder += timedelta(minutes=5)
        waiting += [(now + timedelta(seconds=seconds), one) for one, seconds in outbox.queued]
        outbox.queued = []


def test_a_notice_is_posted_signed_with_its_own_id_and_noted():
    outbox = Outbox(Answer(204, None, 12), notices=(SENT,))
    assert flow.deliver(FIRST, outbox.parts(), at(1)) == (Status.DELIVERED, False, 12)
    [(url, headers, body)] = outbox.posted
    assert url == HOOK.url
    assert headers["webhook-id"] == SENT.notice_id
    assert headers["webhook-timestamp"] == str(int(at(1).timestamp()))
    told = json.loads(body)
    assert (told["type"], told["timestamp"]) == ("email.sent", "2026-03-01T12:00:00.000Z")
    assert told["data"]["email_id"] == MESSAGE_ID
    assert told["data"]["record"] == {"module": "leads", "record_id": "4711"}
    [attempt] = log(outbox).attempts
    assert attempt == (at(1), 204, None, 12)
    assert outbox.queued == [] and outbox.dues == {}


def test_a_receiver_that_answers_500_three_times_gets_it_a_fourth_time_in_the_promised_schedule():
    outbox = Outbox(BROKEN, BROKEN, BROKEN, notices=(SENT,))
    run(outbox)
    done = log(outbox)
    assert (done.status, [one.status_code for one in done.attempts]) == (Status.DELIVERED, [500, 500, 500, 200])
    times = [one.at for one in done.attempts]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert pauses[:2] == [5, 300]
    assert 1800 <= pauses[2] <= 1800 + 60
    assert {headers["webhook-id"] for _, headers, _ in outbox.posted} == {SENT.notice_id}
    assert len({headers["webhook-timestamp"] for _, headers, _ in outbox.posted}) == 4
    assert outbox.hooks[HOOK.webhook_id].failing_since is None


def test_a_receiver_that_never_answers_is_tried_ten_times_in_75_hours_and_switched_off():
    outbox = Outbox(*[Answer(None, "timeout", 15_000)] * 20, notices=(SENT,))
    run(outbox)
    done, hook = log(outbox), outbox.hooks[HOOK.webhook_id]
    assert (done.status, len(done.attempts)) == (Status.FAILED, 10)
    assert timedelta(hours=75) <= done.attempts[-1].at - done.attempts[0].at <= timedelta(hours=77)
    assert (hook.enabled, hook.disabled_reason) == (False, Ended.FAILING)
    assert outbox.listening[-1] == frozenset(), "nothing more is written for nobody"


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_with_a_notice_every_hour_the_first_one_has_ten_attempts_before_its_webhook_is_switched_off(chance):
    every_hour = [notice(number=number)._replace(written_at=NOON + timedelta(hours=number)) for number in range(90)]
    outbox = Outbox(*[Answer(None, "timeout", 15_000)] * 2000, notices=tuple(every_hour))
    outbox.chance = chance
    run(outbox, waiting=[(one.written_at, first_of(one)) for one in every_hour])
    first, *others = (log(outbox, first_of(one)) for one in every_hour)
    hook = outbox.hooks[HOOK.webhook_id]
    assert (first.status, len(first.attempts)) == (Status.FAILED, 10)
    assert {one.status for one in others} == {Status.CANCELLED}
    assert (hook.disabled_reason, hook.disabled_at) == (Ended.FAILING, first.attempts[-1].at)


@pytest.mark.parametrize("kill_at", range(1, 8))
@pytest.mark.parametrize("answer", [Answer(410), BROKEN], ids=["gone", "the last attempt"])
def test_a_worker_may_die_after_any_call_and_the_webhook_is_switched_off_all_the_same(answer, kill_at):
    outbox = Outbox(*[answer] * 3, notices=(SENT,), kill_at=kill_at)
    outbox.hooks = {HOOK.webhook_id: replace(HOOK, failing_since=NOON - timedelta(hours=75))}
    before = 9 if answer is BROKEN else 0
    waiting = replace(begun(SENT, HOOK.webhook_id, FIRST.place, NOON), tries=before)
    outbox.rows[FIRST[:3]] = replace(waiting, attempts=(Attempt(NOON, 500),) * before)
    task = FIRST._replace(tries=before)
    for tries in range(3):
        try:
            run(
                outbox,
                at(400 * tries),
                [(at(400 * tries), task), *((at(400 * tries), one) for one, _ in outbox.queued)],
            )
        except Killed:
            outbox.queued = []
    reason = Ended.GONE if before == 0 else Ended.FAILING
    done, hook = log(outbox), outbox.hooks[HOOK.webhook_id]
    assert (done.status, hook.enabled, hook.disabled_reason) == (Status.FAILED, False, reason)
    assert len(done.attempts) == done.tries
    assert len(outbox.posted) <= 2


def test_a_task_that_comes_again_switches_off_nothing_that_its_owner_has_switched_on_since():
    outbox = Outbox(Answer(410), notices=(SENT,))
    flow.deliver(FIRST, outbox.parts(), NOON)
    on = hooks.enabled(outbox.hooks[HOOK.webhook_id], at(30))
    outbox.hooks = {HOOK.webhook_id: on}
    assert flow.deliver(FIRST, outbox.parts(), at(60)) == flow.NOTHING_TO_DO
    assert outbox.hooks == {HOOK.webhook_id: on}


@pytest.mark.parametrize("answer", [Answer(410), BROKEN, Answer(200)], ids=["gone", "broken", "taken"])
def test_what_the_old_address_answers_says_nothing_of_the_new_one(answer):
    outbox = Outbox(notices=(SENT,))
    failing = replace(HOOK, failing_since=at(-60)) if answer.status_code == 200 else HOOK
    outbox.hooks = {HOOK.webhook_id: failing}
    moved = hooks.moved(failing, "https://new.example.com/hooks", at(1))

    def post(url, headers, body):
        outbox.hooks = {HOOK.webhook_id: moved}  # asked for before the attempt, and stored only now
        return answer

    assert not flow.deliver(FIRST, outbox.parts()._replace(post=post), at(2)).is_disabled
    assert outbox.hooks == {HOOK.webhook_id: moved}


def test_a_receiver_that_answers_410_is_switched_off_at_once():
    outbox = Outbox(Answer(410), notices=(SENT, notice(number=1)))
    assert flow.deliver(FIRST, outbox.parts(), NOON) == (Status.FAILED, True, 0)
    assert outbox.hooks[HOOK.webhook_id].disabled_reason is Ended.GONE
    assert flow.deliver(first_of(notice(number=1)), outbox.parts(), NOON).status is Status.CANCELLED
    assert len(outbox.posted) == 1


@pytest.mark.parametrize("word", ["redirect", "private_address", "dns", "tls"])
def test_what_is_refused_is_in_the_log_and_tried_again(word):
    outbox = Outbox(Answer(301 if word == "redirect" else None, word, 3), notices=(SENT,))
    assert flow.deliver(FIRST, outbox.parts(), NOON).status is Status.WAITING
    assert log(outbox).attempts[0].error == word
    assert outbox.queued == [(FIRST._replace(message_id="", tries=1), 5)]


def test_a_task_that_comes_twice_is_done_once():
    outbox = Outbox(BROKEN, notices=(SENT,))
    for _ in range(3):
        flow.deliver(FIRST, outbox.parts(), NOON)
    assert len(outbox.posted) == len(outbox.queued) == 1
    again = FIRST._replace(tries=1)
    for _ in range(3):
        flow.deliver(again, outbox.parts(), at(5))
    assert len(outbox.posted) == 2
    assert flow.deliver(FIRST, outbox.parts(), at(6)) == flow.NOTHING_TO_DO


def test_of_two_workers_that_meet_one_posts():
    outbox = Outbox(notices=(SENT,))
    outcomes = []
    outbox.between = lambda: outcomes.append(flow.deliver(FIRST, outbox.parts(), NOON))
    outcomes.append(flow.deliver(FIRST, outbox.parts(), NOON))
    assert [one.status for one in outcomes] == [Status.DELIVERED, None]
    assert len(outbox.posted) == 1


def test_a_worker_whose_time_ran_out_does_not_overwrite_the_one_after_it():
    outbox = Outbox(BROKEN, notices=(SENT,))
    slow = outbox.parts()

    def slowly(url, headers, body):
        flow.deliver(FIRST._replace(tries=1), outbox.parts(), at(200))  # meanwhile the lease ran out
        return Answer(500, None, 1)

    assert flow.deliver(FIRST, slow._replace(post=slowly), NOON) == flow.NOTHING_TO_DO
    assert log(outbox).tries == 2


@pytest.mark.parametrize(
    ("answer", "pause"), [(BROKEN, 5), (Answer(503, None, 9, "600"), 600)], ids=["our pause", "the receiver's pause"]
)
def test_a_task_that_was_queued_while_an_attempt_was_under_way_makes_no_attempt_early(answer, pause):
    outbox = Outbox(notices=(SENT,))

    def slowly(url, headers, body):
        assert remind(outbox, outbox, at(1), lambda: True) == (1, False), "its worker may be dead"
        return answer

    flow.deliver(FIRST, outbox.parts()._replace(post=slowly), NOON)
    [(stray, _), *_] = outbox.queued
    assert (stray.tries, log(outbox).tries) == (1, 1), "it fits"
    assert flow.deliver(stray, outbox.parts(), at(pause - 2)) == flow.NOTHING_TO_DO
    assert outbox.posted == [] and log(outbox).status is Status.WAITING
    assert flow.deliver(stray, outbox.parts(), at(pause)).status is Status.DELIVERED


@pytest.mark.parametrize("answer", [Answer(410), BROKEN, Answer(204)], ids=["gone", "broken", "taken"])
def test_a_late_answer_of_the_old_address_says_nothing_of_the_new_one(answer):
    outbox = Outbox(notices=(SENT,))
    moved = replace(hooks.moved(HOOK, "https://new.example.com/hooks", at(1)), failing_since=at(1))

    def slowly(url, headers, body):
        outbox.hooks = {HOOK.webhook_id: moved}  # meanwhile its owner changed it
        return answer

    failing = replace(HOOK, failing_since=NOON)
    outbox.hooks = {HOOK.webhook_id: failing}
    flow.deliver(FIRST, outbox.parts()._replace(post=slowly), NOON)
    assert outbox.hooks == {HOOK.webhook_id: moved}


@pytest.mark.parametrize("fails", [0, 1, 2])
@pytest.mark.parametrize("kill_at", range(1, 14))
def test_a_worker_may_die_after_any_call_and_the_notice_is_delivered_all_the_same(kill_at, fails):
    outbox = Outbox(*[BROKEN] * fails, notices=(SENT,), kill_at=kill_at)
    try:
        run(outbox)
    except Killed:
        held = [FIRST, *(FIRST._replace(message_id="", tries=tries) for tries in range(1, fails + 1))]
        again = [*held, *(task for task, _ in outbox.queued)]  # the queue brings again what was in hand, perhaps more
        outbox.queued = []
        run(outbox, at(400), [(at(400), task) for task in again])
    done = log(outbox)
    assert done.status is Status.DELIVERED
    assert len(outbox.posted) <= fails + 2, "one attempt more than without the death, at most"
    assert len(done.attempts) == done.tries
    assert [one.at for one in done.attempts] == sorted(one.at for one in done.attempts)
    assert outbox.hooks[HOOK.webhook_id].failing_since is None, "the last attempt was taken"


def test_a_task_that_comes_again_forgives_no_failure_that_came_after_its_success():
    outbox = Outbox(notices=(SENT,))
    flow.deliver(FIRST, outbox.parts(), NOON)
    failing = replace(HOOK, failing_since=at(60))
    outbox.hooks = {HOOK.webhook_id: failing}
    flow.deliver(FIRST, outbox.parts(), at(90))
    assert outbox.hooks == {HOOK.webhook_id: failing}


def test_a_worker_that_dies_in_the_last_attempt_leaves_no_eleventh():
    outbox = Outbox(*[BROKEN] * 9, notices=(SENT,), kill_at=10**6)
    outbox.rows[FIRST[:3]] = replace(begun(SENT, HOOK.webhook_id, FIRST.place, NOON), tries=10, claim="dead")
    assert flow.deliver(FIRST._replace(tries=10), outbox.parts(), at(400)).status is Status.FAILED
    assert outbox.posted == []
    assert log(outbox).attempts[-1] == Attempt(NOON, error=INTERRUPTED)


def test_a_queue_message_that_is_lost_is_made_up_for():
    outbox = Outbox(BROKEN, notices=(SENT,))
    flow.deliver(FIRST, outbox.parts(), NOON)
    outbox.queued = []
    assert remind(outbox, outbox, at(300), lambda: True) == (1, False)
    [(task, seconds)] = outbox.queued
    assert flow.deliver(task, outbox.parts(), at(300 + seconds)).status is Status.DELIVERED
    assert remind(outbox, outbox, at(600), lambda: True) == (0, False)


def test_what_is_not_due_soon_is_left_and_nothing_is_queued_twice_at_once():
    outbox = Outbox(BROKEN, BROKEN, BROKEN, notices=(SENT,))
    for tries in range(3):
        flow.deliver(FIRST._replace(tries=tries), outbox.parts(), at((0, 5, 305)[tries]))
    outbox.queued = []
    assert remind(outbox, outbox, at(360), lambda: True) == (0, False)
    assert remind(outbox, outbox, at(1800), lambda: True) == (1, False)
    assert outbox.queued[0][1] == 305
    assert remind(outbox, outbox, at(1900), lambda: True) == (0, False)


def test_a_reminder_without_time_leaves_the_rest_to_the_next():
    outbox = Outbox(BROKEN, notices=(SENT,))
    flow.deliver(FIRST, outbox.parts(), NOON)
    outbox.queued = []
    assert remind(outbox, outbox, at(300), lambda: False) == (0, True)
    assert outbox.queued == []


# ------------------------------------------------------------------------------------------------ what is not told


def test_what_its_webhook_wants_no_more_is_cancelled():
    for hooks_now in ({}, {HOOK.webhook_id: hooks.disabled(HOOK, NOON)}):
        outbox = Outbox(notices=(SENT,))
        outbox.hooks = hooks_now
        assert flow.deliver(FIRST, outbox.parts(), NOON).status is Status.CANCELLED
        assert outbox.posted == []


@pytest.mark.parametrize(
    "message",
    [None, replace(MESSAGE, erased_at=NOON), replace(MESSAGE, account="other")],
    ids=["gone", "erased", "another account's"],
)
def test_nothing_is_told_of_a_mail_that_is_not_there_any_more(message):
    outbox = Outbox(notices=(SENT,))
    outbox.message = message
    assert flow.deliver(FIRST, outbox.parts(), NOON).status is Status.WITHDRAWN
    assert outbox.posted == []


OPENED, TAKEN_BACK = (
    notice("email.opened", hit=HIT),
    notice("email.open.reclassified", 1, hit=HIT, maker="machine", reasons=["burst"]),
)


def deliver_hit(outbox: Outbox, one: Notice, told: frozenset[str], closed_until: str = ""):
    outbox.folded = Fold(told=told, closed_until=closed_until)
    return flow.deliver(first_of(one), outbox.parts(), NOON).status


def test_an_open_that_was_taken_back_before_it_was_told_is_never_told_and_neither_is_that():
    outbox = Outbox(notices=(OPENED, TAKEN_BACK))
    assert deliver_hit(outbox, OPENED, frozenset()) is Status.WITHDRAWN
    assert deliver_hit(outbox, TAKEN_BACK, frozenset()) is Status.WITHDRAWN
    assert outbox.posted == []


def test_what_was_told_and_then_taken_back_is_told_too_with_who_it_was():
    outbox = Outbox(notices=(OPENED, TAKEN_BACK))
    assert deliver_hit(outbox, OPENED, frozenset({HIT})) is Status.DELIVERED
    assert deliver_hit(outbox, TAKEN_BACK, frozenset()) is Status.DELIVERED
    first, second = (json.loads(body)["data"] for _, _, body in outbox.posted)
    assert (first["machine"], first["maker"], first["reasons"]) == (False, "human", [])
    assert (second["machine"], second["maker"], second["reasons"]) == (True, "machine", ["burst"])


def test_what_was_tried_and_perhaps_taken_is_taken_back_as_well():
    outbox = Outbox(BROKEN, notices=(OPENED, TAKEN_BACK))
    assert deliver_hit(outbox, OPENED, frozenset({HIT})) is Status.WAITING
    assert deliver_hit(outbox, TAKEN_BACK, frozenset()) is Status.DELIVERED
    assert flow.deliver(first_of(OPENED)._replace(tries=1), outbox.parts(), at(5)).status is Status.WITHDRAWN


def test_a_hit_that_is_closed_is_settled_and_one_that_counts_again_is_not_taken_back():
    outbox = Outbox(notices=(OPENED, TAKEN_BACK))
    assert deliver_hit(outbox, OPENED, frozenset(), closed_until=HIT) is Status.DELIVERED
    assert deliver_hit(outbox, TAKEN_BACK, frozenset({HIT})) is Status.WITHDRAWN


# ---------------------------------------------------------------------------------------------------- what is told


def told(one: Notice, **changes) -> dict:
    outbox = Outbox(notices=(one,))
    outbox.message = replace(MESSAGE, **changes)
    outbox.folded = Fold(told=frozenset({HIT}))
    flow.deliver(first_of(one), outbox.parts(), NOON)
    [(_, _, body)] = outbox.posted
    assert len(body) <= LONGEST
    data: dict = json.loads(body)["data"]
    return data


def test_a_click_names_its_link_and_a_download_its_file():
    assert told(notice("email.clicked", hit=HIT, position=1))["link"] == {"position": 1, "url": "https://example.com/b"}
    assert told(notice("email.clicked", hit=HIT, position=9))["link"] == {"position": 9, "url": None}
    assert told(notice("email.downloaded", hit=HIT, position=0))["file"] == {
        **{"position": 0, "filename": "a.pdf", "size": 7}
    }


def test_a_bounce_names_the_recipient_and_why():
    bounced = State(
        Delivery(recipients={"anna@example.com": RecipientState(bounce=Bounce(0, NOON, "550 no such user"))})
    )
    data = told(notice("email.bounced", recipients=[0]), state=bounced)
    assert data["bounce"] == {"type": "hard", "reason": "550 no such user", "recipients": ["Anna@example.com"]}
    assert data["status"] == "bounced"
    assert told(notice("email.delivered", recipients=[0, None]))["recipients"] == ["Anna@example.com", None]


def test_a_body_that_would_be_too_long_says_what_is_left_out():
    many = tuple(f"{'x' * 900}{number}@example.com" for number in range(50))
    data = told(SENT, envelope=Envelope("me@example.com", many, subject="Quote"))
    assert (data["to"], data["left_out"], data["subject"]) == (None, ["to"], "Quote")
    assert told(SENT)["left_out"] == []


def test_the_trial_tells_nothing_of_any_mail():
    trial = Notice("test-1", "acme", "", TEST, NOON, NOON)
    outbox = Outbox()
    outbox.message = None
    outbox.rows[first_of(trial)[:3]] = begun(trial, HOOK.webhook_id, place_of(trial.key), NOON)
    assert flow.deliver(first_of(trial), outbox.parts(), NOON).status is Status.DELIVERED
    assert json.loads(outbox.posted[0][2])["type"] == "webhook.test"


def test_one_success_ends_a_row_of_failures():
    outbox = Outbox(BROKEN, notices=(SENT,))
    flow.deliver(FIRST, outbox.parts(), NOON)
    assert outbox.hooks[HOOK.webhook_id].failing_since == NOON
    flow.deliver(FIRST._replace(tries=1), outbox.parts(), NOON + FAILS_FOR)
    assert outbox.hooks[HOOK.webhook_id] == HOOK
