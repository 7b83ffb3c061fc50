"""Taking a mail in, with other requests and crashes between any two steps."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from chalicelib.core import consent
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.core.idempotency import KeyReused
from chalicelib.core.message import Content, Message, Tracking
from chalicelib.core.submission import parse
from chalicelib.core.suppression import Cause, Reason, Suppression
from chalicelib.core.token import Mode
from chalicelib.flow.accept import Stores, UnderWay, accept
from chalicelib.gateways.queue import QueueDown
from chalicelib.storage.account import Claim
from tests.flow.people import ANNA, RAJ, People
from tests.flow.templates_kept import Shelf
from tests.flow.uploading import Bucket

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIVEN = consent.given(NOON, "form 3", "ina", NOON)
BODY = {"from": "me@example.com", "to": "anna@example.com", "subject": "Hi", "html": "<a href=https://a.example>x</a>"}


class World:
    """Stores in memory. `rival` is another request's message that is stored just before ours would be."""

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.messages: dict[str, Message] = {}
        self.people = People()
        self.bucket = Bucket()
        self.shelf = Shelf()
        self.claims: dict[str, Claim] = {}
        self.queued: list[str] = []
        self.delays: list[int] = []
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
            self.delays.append(given[1])

    def delete(self, account, message_id) -> None:
        del self.contents[message_id]

    def file_key(self, account, message_id, position) -> str:
        return f"{account}/files/{message_id}/{position}"

    def delete_file(self, account, message_id, position) -> None:
        self.bucket.objects.pop(self.file_key(account, message_id, position), None)

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
        body = {name: value for name, value in (BODY | changes).items() if value is not ...}
        permissions, uploads = self.people.stores, self.bucket.uploads
        stores = Stores(self, self, self, self, permissions, uploads, self.shelf.stores)
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


def test_a_mail_of_a_template_is_kept_as_it_goes_out():
    world = World()
    world.shelf.put("acme", "welcome", "Hi {{name}}", '<a href="https://a.example/{{name}}">{{name}}</a>', "Hi")
    message_id = world.take(subject=..., html=..., template="welcome", data={"name": "<A>"})
    message, content = world.messages[message_id], world.contents[message_id]
    assert (message.template, message.envelope.subject) == ("welcome", "Hi <A>")
    assert (content.html, content.text) == ('<a href="https://a.example/&lt;A&gt;">&lt;A&gt;</a>', "Hi")
    assert content.links == ("https://a.example/<A>",)


def test_a_mail_with_bodies_of_its_own_only_counts_under_its_template():
    world = World()
    world.shelf.put("acme", "welcome", "Hi", "<p>template</p>")
    message_id = world.take(template="welcome")
    assert world.messages[message_id].template == "welcome"
    assert world.contents[message_id].html == BODY["html"]
    assert world.shelf.reads == 0


def test_a_mail_of_a_template_that_is_not_there_is_refused_and_nothing_kept():
    world = World()
    world.shelf.put("other", "welcome", "Hi", "Hi")
    for changes in ({}, {"subject": ..., "html": ...}):
        with pytest.raises(BadInput) as refused:
            world.take(template="welcome", **changes)
        assert [error["pointer"] for error in refused.value.errors] == ["/template"]
    assert (world.messages, world.contents, world.claims) == ({}, {}, {})


def test_a_repeated_request_gets_its_mail_though_the_template_is_gone_and_other_data_is_another_request():
    world = World()
    world.shelf.put("acme", "welcome", "Hi {{name}}", "Hi")
    mail = {"subject": ..., "html": ..., "template": "welcome"}
    first = world.take(data={"name": "A"}, **mail)
    world.shelf.templates.clear()
    assert world.take(data={"name": "A"}, **mail) == first
    with pytest.raises(KeyReused):
        world.take(data={"name": "B"}, **mail)


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


def test_a_mail_knows_how_many_links_are_tracked():
    world = World()
    assert world.messages[world.take(key=None)].links == 1
    assert world.messages[world.take(key=None, tracking={"clicks": False})].links == 0


@pytest.mark.parametrize(
    ("source", "asked", "has_way"),
    [("individual", None, False), ("individual", True, True), ("mass_email", None, True), ("mass_email", False, False)],
)
def test_a_mail_goes_out_with_a_way_to_unsubscribe_as_asked_or_as_its_source_wants(source, asked, has_way):
    world = World()
    changes = {} if asked is None else {"unsubscribe": asked}
    assert world.messages[world.take(key=None, source=source, **changes)].has_unsubscribe is has_way


def test_files_over_the_accounts_threshold_go_out_as_links_and_so_do_those_that_are_asked_for():
    world = World()
    world.people.policy = AccountPolicy(attachment_threshold_bytes=3)
    files = [{"filename": name, "content": content} for name, content in (("a", "AAAA"), ("b", "AAAAAAAA"))]
    kept = world.contents[world.take(key=None, attachments=[*files, {**files[0], "as_link": True}])]
    assert [file.is_linked for file in kept.attachments] == [False, True, True]


def test_recipients_who_get_no_mail_are_each_named_and_nothing_is_stored():
    world = World()
    for address, reason in ((ANNA, Reason.COMPLAINT), ("li@example.com", Reason.HARD_BOUNCE)):
        world.people.known[address] = Suppression(address, (Cause(reason, NOON),))
    with pytest.raises(BadInput) as refused:
        world.take(to=["Anna <Anna@Example.com>", RAJ], bcc="li@example.com")
    first, second = refused.value.errors
    assert (first["pointer"], second["pointer"]) == ("/to/0", "/bcc/0")
    assert "(complaint)" in first["message"]
    assert "(hard_bounce)" in second["message"]
    assert (world.contents, world.messages, world.claims, world.queued) == ({}, {}, {}, [])


def test_a_mail_to_somebody_whose_suppression_is_over_is_taken():
    world = World()
    world.people.known[ANNA] = Suppression(ANNA, (Cause(Reason.SOFT_BOUNCES, NOON, NOON),))
    assert world.take() in world.messages


def tracking_after(policy: AccountPolicy = AccountPolicy(), said=(), **changes) -> Tracking:  # noqa: B008
    world = World()
    world.people.policy = policy
    world.people.said[ANNA] = list(said)
    return world.messages[world.take(key=None, **changes)].tracking


def test_a_mail_is_tracked_as_account_recipient_and_sender_allow_together():
    assert tracking_after() == Tracking(True, True, mode=Mode.FULL)
    narrow = AccountPolicy(mode=Mode.LAST_OPEN_DATE)
    for one in (
        tracking_after(narrow),
        tracking_after(tracking={"mode": "last_open_date"}),
        tracking_after(said=[consent.given(NOON, "form 3", "ina", NOON, Mode.LAST_OPEN_DATE)]),
    ):
        assert one == Tracking(True, False, mode=Mode.LAST_OPEN_DATE)
    assert tracking_after(tracking={"mode": "off"}).reason == "mail_off"


@pytest.mark.parametrize(
    ("policy", "said", "reason"),
    [
        (AccountPolicy(plan_may_track=False), [GIVEN], "plan_off"),
        (AccountPolicy(tracking=False), [GIVEN], "account_off"),
        (AccountPolicy(consent_required=True), [], "no_consent"),
        (AccountPolicy(), [consent.withdrawn(NOON, "", "anna")], "no_consent"),
        (AccountPolicy(mode=Mode.OFF), [GIVEN], "mode_off"),
    ],
)
def test_no_mail_can_switch_on_what_account_or_recipient_do_not_allow(policy, said, reason):
    """It is sent all the same, and says why it is not tracked."""
    for wish in ({}, {"opens": True, "clicks": True}):
        assert tracking_after(policy, said, tracking=wish) == Tracking(False, False, reason, mode=Mode.OFF)


def test_every_recipients_consent_is_asked_for():
    world = World()
    world.people.policy = AccountPolicy(consent_required=True)
    world.people.said[ANNA] = [GIVEN]
    assert world.messages[world.take(key=None, cc=RAJ)].tracking.reason == "no_consent"
    world.people.said[RAJ] = [GIVEN]
    assert world.messages[world.take(key=None, cc=RAJ)].tracking.reason == "multiple_recipients"


@pytest.mark.parametrize(
    ("limit", "asked"),
    [(Mode.LAST_OPEN_DATE, "full"), (Mode.OFF, "last_open_date"), (Mode.OFF, "full")],
)
def test_a_mode_wider_than_the_accounts_is_refused_and_nothing_is_stored(limit, asked):
    world = World()
    world.people.policy = AccountPolicy(mode=limit)
    with pytest.raises(BadInput) as refused:
        world.take(tracking={"mode": asked})
    assert [error["pointer"] for error in refused.value.errors] == ["/tracking/mode"]
    assert (world.contents, world.messages, world.claims, world.queued) == ({}, {}, {}, [])


def test_a_request_that_is_repeated_gets_the_answer_of_then_whatever_is_allowed_now():
    world = World()
    body = {"tracking": {"mode": "full"}}
    first = world.take(**body)
    world.people.policy = AccountPolicy(mode=Mode.OFF)
    world.people.known[ANNA] = Suppression(ANNA, (Cause(Reason.COMPLAINT, NOON),))
    assert (world.take(**body), world.is_new) == (first, False)
    with pytest.raises(BadInput):
        world.take(key="another", **body)
