"""What stays of an erased mail says nothing of anybody, and counts what it counted."""

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core import mail_view
from chalicelib.core.cell import counted_of
from chalicelib.core.erased import SOMEBODY, erased, is_about, other_recipient, without
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.openapi_mail import Email
from chalicelib.core.person_body import to_erase
from chalicelib.core.status import opens_of, sending_of, status_of
from chalicelib.core.summary import summarise
from chalicelib.storage import state_text
from tests.core.happenings import HAPPENINGS, MESSAGE_ID, at

ANNA = "anna@example.com"
HISTORIES = st.lists(HAPPENINGS, max_size=12)
MESSAGE = Message(
    MESSAGE_ID,
    "acme",
    at(0),
    Envelope("Kim <kim@acme.example>", (f"Anna <{ANNA}>",), (ANNA.upper(),), (), (ANNA,), f"For {ANNA}"),
    Tracking(True, True, None, at(90)),
    record=("leads", ANNA),
    tags=(("who", ANNA),),
    sending=Sending.SENT,
    failure=Failure("suppressed", f"blocked ({ANNA})"),
    ses_message_id="ses",
)


@given(HISTORIES)
def test_its_status_and_counts_are_what_they_were(history):
    before = replace(MESSAGE, state=summarise(history))
    after = erased(before, at(500))
    assert status_of(after) is status_of(before)
    assert sending_of(after) is sending_of(before)
    assert opens_of(after.state.engagement)[0] == opens_of(before.state.engagement)[0]
    assert after.state.engagement.clicks == before.state.engagement.clicks
    assert len(after.state.delivery.recipients) == len(before.state.delivery.recipients)
    assert state_text.load(state_text.dump(after.state)) == after.state
    assert counted_of(after, after.state, UTC) == counted_of(before, before.state, UTC)


@given(HISTORIES)
def test_nothing_of_it_names_anybody(history):
    after = erased(replace(MESSAGE, state=summarise(history)), at(500))
    assert "example" not in repr(after).lower()
    shown = mail_view.show(after)
    Email.model_validate(shown)
    assert "@" not in repr({name: value for name, value in shown.items() if not name.endswith("_at")})


@given(HISTORIES)
def test_erasing_twice_is_erasing_once(history):
    once = erased(replace(MESSAGE, state=summarise(history)), at(500))
    assert erased(once, at(500)) == once


def test_one_that_waits_is_not_sent_and_says_why():
    waiting = erased(replace(MESSAGE, sending=Sending.QUEUED), at(1))
    assert (waiting.sending, waiting.failure.code) == (Sending.FAILED, "erased")
    told = [events.make(MESSAGE_ID, "s", Kind.SENT, at(0), ses_message_id="ses")]
    sent = erased(replace(MESSAGE, sending=Sending.QUEUED, state=summarise(told)), at(1))
    assert sent.sending is Sending.SENT, "SES told that it has it"


@pytest.mark.parametrize(
    ("envelope", "is_theirs"),
    [
        (Envelope("a@b.example", (ANNA,)), True),
        (Envelope("a@b.example", ("Anna <Anna@Example.com>",)), True),
        (Envelope("a@b.example", ("c@d.example",), ("x@y.example", ANNA)), True),
        (Envelope("a@b.example", ("c@d.example",), bcc=(ANNA,)), True),
        (Envelope(f'"a@b.example" <{ANNA}>', ("c@d.example",)), True),
        (Envelope("a@b.example", ("c@d.example",), reply_to=(ANNA,)), True),
        (Envelope("a@b.example", (f'"{ANNA}" <c@d.example>',)), False),
        (Envelope("a@b.example", (f"x{ANNA}", f"{ANNA}.org"), subject=ANNA), False),
        (Envelope("", ()), False),
    ],
)
def test_a_mail_is_about_who_wrote_it_got_it_or_gets_the_answers(envelope, is_theirs):
    assert is_about(replace(MESSAGE, envelope=envelope), ANNA) is is_theirs


@given(st.emails())
def test_an_erased_mail_is_about_nobody(address):
    assert not is_about(erased(MESSAGE, at(1)), address.lower())


def test_the_time_of_an_only_open_does_not_come_back_when_it_is_read():
    opened = summarise([events.make(MESSAGE_ID, "o", Kind.OPENED, at(5), method="GET")])
    after = erased(replace(MESSAGE, state=opened), at(500)).state
    assert opened.engagement.recent_opens
    assert state_text.load(state_text.dump(after)).engagement.recent_opens == ()


@pytest.mark.parametrize(
    ("recipients", "other"),
    [
        (("Raj <Raj@example.com>",), "raj@example.com"),
        ((f"Anna <{ANNA.upper()}>",), None),
        (("raj@example.com", "li@example.com"), None),
        ((), None),
    ],
)
def test_a_sole_recipient_who_is_not_the_person_may_still_say_something(recipients, other):
    assert other_recipient(replace(MESSAGE, envelope=Envelope(ANNA, recipients)), ANNA) == other


MUNICH, RUSSIAN = "bob@xn--mnchen-3ya.de", "bob@xn--e1afmkfd.xn--p1ai"


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("anna@example.com", "Anna@Example.COM"),
        ("bob@münchen.de", "bob@münchen.de"),
        ("bob@münchen.de", "BOB@MÜNCHEN.DE"),
        ("bob@münchen.de", "bob@mu\u0308nchen.de"),
        ("bob@münchen.de", MUNICH),
        (MUNICH, "bob@münchen.de"),
        ("bob@straße.example.de", "bob@straße.example.de"),
        ("bob@пример.рф", "bob@пример.рф"),
        ("bob@пример.рф", "bob@пример.xn--p1ai"),
        ("bob@пример.рф", RUSSIAN),
    ],
)
def test_an_address_is_taken_out_of_the_notes_of_others_however_its_domain_is_written(asked, written):
    key = to_erase({"address": asked, "confirm": True})
    assert without(f"asked {written} by phone", key) == f"asked {SOMEBODY} by phone"
    assert without(f"<{written}>.", key) == f"<{SOMEBODY}>."


@pytest.mark.parametrize(
    "other", ["jim.bob@münchen.de", "bob@münchen.de.example", "bob@münchener.de", "bob@munchen.de"]
)
def test_a_longer_address_is_another_ones_also_of_an_international_domain(other):
    assert without(f"asked {other}", MUNICH) == f"asked {other}"


@pytest.mark.parametrize(
    "key", ["bob@xn--a.example", "bob@xn--\x7f.example", "bob@xn--.example", "bob@xn--99999999.example"]
)
def test_a_domain_that_only_looks_international_is_found_as_it_stands(key):
    assert without(f"asked {key}", key) == f"asked {SOMEBODY}"
