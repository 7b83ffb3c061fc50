"""Preparing a mail that somebody else sends: the same answer again and again, and links that lead somewhere by then."""

from datetime import timedelta

import pytest

from chalicelib.core import links
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.core.idempotency import KeyReused
from chalicelib.core.message import Sending
from chalicelib.core.submission import parse
from chalicelib.core.suppression import Cause, Reason, Suppression
from chalicelib.core.token import Keys, Purpose, verify
from chalicelib.flow import instrument, prepare
from chalicelib.flow.accept import Stores
from tests.flow.people import ANNA
from tests.flow.test_accept import BODY, NOON, World

KEYS = Keys({1: b"k" * 32})
LONG = "https://a.example/" + "x" * 700
FILE = {"filename": "a.pdf", "content": "JVBERg==", "as_link": True}
WHOLE = {
    "html": f'<a href="{LONG}">x</a><a href="https://a.example/2">y</a>',
    "attachments": [FILE],
    "source": "mass_email",
    "text": "Out: {{unsubscribe_url}}",
}


class Desk(World):
    """A world with what making a mail needs. `calls_left` is after how many calls of a store the process dies."""

    def __init__(self) -> None:
        super().__init__()
        self.destinations: dict[str, dict[int, str]] = {}
        self.files: dict[str, dict[int, object]] = {}
        self.calls_left = 1_000

    def call(self) -> None:
        if self.calls_left == 0:
            raise ConnectionError("died")
        self.calls_left -= 1

    def put(self, *given) -> None:
        self.call()
        if len(given) == 2 and isinstance(given[1], dict):
            self.destinations.setdefault(given[0], {}).update(given[1])
        else:
            super().put(*given)

    def get(self, account, message_id):
        self.call()
        return self.messages.get(message_id)

    def content(self, account, message_id):
        self.call()
        return self.contents.get(message_id)

    def accept(self, claim, message, messages, now) -> bool:
        self.call()
        return super().accept(claim, message, messages, now)

    def put_file(self, account, message_id, position, content) -> str:
        self.call()
        return self.file_key(account, message_id, position)

    def put_files(self, message_id, files) -> None:
        self.call()
        self.files.setdefault(message_id, {}).update(files)

    def prepare(self, key="k", now=NOON, **changes) -> prepare.Prepared:
        body = BODY | changes
        return prepare.prepare(
            parse(body),
            body,
            account="acme",
            idempotency_key=key,
            stores=Stores(self, self, self, self, self.people.stores, self.bucket.uploads, self.shelf.stores),
            contents=Contents(self),
            making=instrument.Parts(self, self, KEYS, "https://t.example.com", lambda: "b" * 32, self),
            new_id=lambda: f"{next(self.ids):032x}",
            now=now,
        )


class Contents:
    def __init__(self, desk: Desk) -> None:
        self.get = desk.content


def test_a_prepared_mail_is_kept_and_never_queued_and_its_window_begins_now():
    desk = Desk()
    desk.people.policy = AccountPolicy(capture_window_days=3)
    made = desk.prepare()
    (message,) = desk.messages.values()
    assert message == made.message
    assert (message.sending, message.tracking.until) == (Sending.PREPARED, NOON + timedelta(days=3))
    assert desk.queued == []
    (link,) = links.split(made.going_out.html).destinations
    token = verify(link.rpartition("/")[2], Purpose.CLICK, KEYS)
    assert (token.message_id, token.destination) == (message.message_id, "https://a.example")
    assert token.until == message.tracking.until
    assert "/o/" in made.going_out.html


def test_a_mail_that_is_not_tracked_has_no_window():
    made = Desk().prepare(tracking={"opens": False, "clicks": False})
    assert (made.message.tracking.until, made.message.tracking.reason) == (None, "mail_off")
    assert made.going_out.html == BODY["html"]


def test_what_its_links_need_is_there_before_the_answer():
    desk = Desk()
    made = desk.prepare(**WHOLE)
    message_id = made.message.message_id
    assert desk.destinations[message_id] == {0: LONG}
    assert desk.files[message_id].keys() == {0}
    assert "/a/" in made.going_out.html and "/a/" in made.going_out.text
    assert "https://t.example.com/u/" in made.going_out.text
    assert made.going_out.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_same_key_gets_the_same_answer_whatever_has_changed_since():
    desk = Desk()
    first = desk.prepare(**WHOLE)
    desk.people.policy = AccountPolicy(tracking=False)
    desk.people.known = {ANNA: Suppression(ANNA, (Cause(Reason.MANUAL, NOON),))}
    again = desk.prepare(**WHOLE, now=NOON + timedelta(hours=1))
    assert (first.is_new, again.is_new) == (True, False)
    assert again == first._replace(is_new=False)
    with pytest.raises(KeyReused):
        desk.prepare(subject="Other")


def test_wherever_a_worker_dies_the_same_request_comes_to_one_whole_mail():
    calls = 0
    while True:
        desk = Desk()
        desk.calls_left = calls
        try:
            desk.prepare(**WHOLE)
            break
        except ConnectionError:
            desk.calls_left = 1_000
        made = desk.prepare(**WHOLE)
        assert list(desk.messages) == [made.message.message_id]
        assert desk.destinations[made.message.message_id] == {0: LONG}
        assert desk.files[made.message.message_id].keys() == {0}
        calls += 1
    assert calls > 5


def test_a_key_of_one_route_is_none_of_the_other():
    desk = Desk()
    prepared = desk.prepare()
    assert desk.take() != prepared.message.message_id


def test_what_is_not_kept_any_more_cannot_be_given_again():
    desk = Desk()
    desk.contents.pop(desk.prepare().message.message_id)
    with pytest.raises(prepare.Gone, match="use a new key"):
        desk.prepare()


def test_what_may_not_be_sent_may_not_be_prepared():
    desk = Desk()
    desk.people.known = {ANNA: Suppression(ANNA, (Cause(Reason.COMPLAINT, NOON),))}
    with pytest.raises(BadInput) as caught:
        desk.prepare()
    assert [error["pointer"] for error in caught.value.errors] == ["/to/0"]
    with pytest.raises(BadInput) as caught:
        desk.prepare(scheduled_at="2026-03-02T12:00:00Z")
    assert [error["pointer"] for error in caught.value.errors] == ["/scheduled_at"]
    assert (desk.messages, desk.contents) == ({}, {})
