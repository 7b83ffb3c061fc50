"""Taking a mail in and sending it with a fault at every AWS call: it goes out once, or it is unknown whether it did."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

import boto3
import pytest
import time_machine

from chalicelib.core.message import Content, Envelope, Message, Sending, Tracking
from chalicelib.entrypoints import send, sweep
from chalicelib.gateways.blobs import Blobs
from chalicelib.storage.messages import Messages
from tests.entrypoints.test_api_emails import MAIL, Api
from tests.faults.calls import FAULTS
from tests.faults.test_from_ses_to_cells import CONTEXT, scheduled
from tests.faults.world import Scene, World, played, struck_everywhere
from tests.moto_stack import REGION

MESSAGE_ID = "0123456789abcdef0123456789abcdef"


@cache
def messages() -> Messages:
    return Messages("messages", REGION)


@contextmanager
def later(minutes: float) -> Iterator[None]:
    """So much later, for everybody."""
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True):
        yield


def record(body: str) -> dict:
    return {
        "messageId": "m",
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:0:send",
    }


def sending_it(world: World) -> Scene:
    """A queued mail; whatever is brought again comes two minutes later, when a lease is over."""
    body = json.dumps({"message_id": MESSAGE_ID})

    def prepare() -> None:
        envelope = Envelope("me@example.com", ("anna@example.com",), subject="Hello")
        messages().add(Message(MESSAGE_ID, "acme", datetime.now(UTC), envelope, Tracking(True, True)))
        content = Content('<a href="https://example.com/">x</a>', None, links=("https://example.com/",))
        Blobs(boto3.client("s3", region_name=REGION), world.stack.bucket).put("acme", MESSAGE_ID, content)

    def source() -> Callable[[], bool]:
        waiting, tries = [body], 0

        def deliver() -> bool:
            nonlocal tries
            tries += 1
            with later(2 * tries):
                answer = send.send({"Records": [record(waiting[0])]}, None)
            if not answer["batchItemFailures"]:
                waiting.pop()
            waiting.extend(world.take("send"))
            return not waiting

        return deliver

    def state() -> tuple[Sending, int]:
        found = messages().find(MESSAGE_ID)
        assert found
        return found[0].sending, world.mails

    return Scene(prepare, source, state)


@pytest.mark.strikes("send")
def test_a_mail_is_handed_to_ses_once_or_it_is_unknown_whether_it_was(world):
    clean_calls: list[str] = []
    unknown: set[str] = set()
    for what, found, clean in struck_everywhere(world, sending_it(world), least=6):
        clean_calls = clean_calls or list(world.faults.calls)
        assert clean == (Sending.SENT, 1)
        sending, mails = found
        assert mails <= 1, what
        assert found == clean or sending is Sending.UNKNOWN, what
        if sending is Sending.UNKNOWN:
            unknown.add(what.split(",")[1].strip())
    assert unknown == {"SendEmail", "UpdateItem"}, "only where SES may have it and we do not know"


def test_while_ses_throttles_a_mail_waits_and_then_goes_out_once(world):
    scene = sending_it(world)
    world.empty()
    scene.prepare()
    before = world.store.kept()
    played(world, scene)
    place = world.faults.calls.index("SendEmail")
    world.put_back(before)
    assert played(world, scene, place, "throttled") == (Sending.SENT, 1)


# taking in


def taking_in(world: World) -> Scene:
    """A program that repeats its request with one Idempotency-Key until it is told that its mail was taken."""
    apis: list[Api] = []
    begun = datetime.now(UTC)

    def prepare() -> None:
        apis[:] = [Api(world.stack)]
        apis[0].accounts.create("acme", "Acme")

    def source() -> Callable[[], bool]:
        key = secrets.token_hex(4)

        def deliver() -> bool:
            with time_machine.travel(begun, tick=True):  # in one minute, for which calls are counted once
                return apis[0].call("POST", "/v1/emails", MAIL, idempotency_key=key)[0] == 202

        return deliver

    def settle() -> None:
        with later(20):  # the schedule looks after what was never queued
            sweep.sweep(scheduled(), CONTEXT)

    def state() -> object:
        found = world.rows("messages")
        ids = [row["message_id"]["S"] for row in found]
        stored = world.state()
        claims = [row for row in stored["account"] if "idempotency#" in row]
        kept = [key for key in world.objects() if any(message_id in key for message_id in ids)]
        queued = {json.loads(body)["message_id"] for body in world.queued("send")}
        assert len(world.objects()) <= len(kept) + 1, "of a request that died only one content is left"
        return len(ids), stored["messages"], len(claims), len(kept), queued == set(ids)

    return Scene(prepare, source, state, settle)


def test_a_mail_that_is_handed_over_again_with_its_key_is_taken_once(world):
    for what, found, clean in struck_everywhere(world, taking_in(world), FAULTS, least=7):
        assert (found[0], found[4]) == (1, True), what
        assert found == clean, what
