"""Taking a mail in, with other requests and crashes between any two steps."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from chalicelib.core.message import Content
from chalicelib.core.submission import parse
from chalicelib.flow.accept import KeyReused, Stores, UnderWay, accept
from chalicelib.gateways.queue import QueueDown
from chalicelib.storage.account import Claim

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = {"from": "me@example.com", "to": "anna@example.com", "subject": "Hi", "html": "<a href=https://a.example>x</a>"}


class World:
    """Stores in memory. `rival` is another request's message that is stored just before ours would be."""

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.messages: dict[str, object] = {}
        self.claims: dict[str, Claim] = {}
        self.queued: list[str] = []
        self.rival: Claim | None = None
        self.loses_answer = self.is_queue_down = False
        self.ids = count(1)

    def put(self, *given) -> None:
        if len(given) == 3:
            self.contents[given[1]] = given[2]
        elif self.is_queue_down:
            raise QueueDown("down")
        else:
            self.queued.append(given[0])

    def delete(self, account, message_id) -> None:
        del self.contents[message_id]

    def add(self, message) -> None:
        self.messages[message.message_id] = message

    def claim(self, account, key, now):
        return self.claims.get(key)

    def accept(self, claim, message, messages, now) -> bool:
        if self.rival:
            self.claims[claim.key] = self.rival._replace(key=claim.key)
            return False
        self.claims[claim.key] = claim
        self.messages[message.message_id] = message
        return not self.loses_answer

    def take(self, key: str | None = "k", **changes) -> str:
        body = BODY | changes
        stores = Stores(messages=self, accounts=self, contents=self, queue=self)
        mail = parse(body)
        accepted = accept(
            mail,
            body,
            account="acme",
            idempotency_key=key,
            stores=stores,
            new_id=lambda: f"{next(self.ids):032x}",
            now=NOON,
        )
        self.is_new = accepted.is_new
        return accepted.message_id


def rival(body_hash: str) -> Claim:
    return Claim("", body_hash, "f" * 32, NOON + timedelta(hours=24))


def hash_of_body() -> str:
    world = World()
    world.take()
    return next(iter(world.claims.values())).body_hash


def test_a_mail_is_kept_noted_and_queued_with_its_links():
    world = World()
    message_id = world.take(key=None)
    assert world.queued == [message_id] == list(world.messages)
    assert world.is_new
    assert world.contents[message_id].links == ("https://a.example",)


def test_the_loser_of_a_race_answers_with_the_winners_mail_and_leaves_nothing_behind():
    world = World()
    world.rival = rival(hash_of_body())
    assert (world.take(), world.is_new) == ("f" * 32, False)
    assert (world.contents, world.messages, world.queued) == ({}, {}, [])


def test_the_same_request_again_is_answered_with_the_mail_of_then():
    world = World()
    assert (world.take(), world.is_new) == (f"{1:032x}", True)
    assert (world.take(), world.is_new) == (f"{1:032x}", False)
    assert world.queued == [f"{1:032x}"]


def test_the_loser_of_a_race_with_another_body_is_told_so():
    world = World()
    world.rival = rival("another")
    with pytest.raises(KeyReused):
        world.take()


def test_a_race_that_nobody_has_won_yet_is_to_be_tried_again():
    world = World()
    world.rival = rival("x")
    world.claim = lambda *_: None
    with pytest.raises(UnderWay):
        world.take()
    assert (world.contents, world.queued) == ({}, [])


def test_a_mail_whose_storing_was_answered_into_the_void_is_ours_and_is_sent():
    world = World()
    world.loses_answer = True
    message_id = world.take()
    assert world.queued == [message_id]
    assert message_id in world.contents
    assert world.is_new


def test_a_mail_is_taken_while_the_queue_is_down():
    world = World()
    world.is_queue_down = True
    assert world.take() in world.messages
