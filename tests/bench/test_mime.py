"""The benchmark of whole mails makes what sending makes, and sees a difference when there is one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench import mime as benchmark
from bench.recipients import KEYS, TRACKING_URL, UNTIL, html_for
from bench.report import Goal
from chalicelib.core import links
from chalicelib.core.message import CAPTURE_WINDOW, Message, Tracking
from chalicelib.core.refold import Fold
from chalicelib.flow import instrument
from chalicelib.flow.send import Parts, send
from chalicelib.gateways.ses import Answer, Verdict
from tests.flow.people import People

MESSAGE_ID = "0123456789abcdef" * 2
CONTENT = benchmark.a_content()
CUT = links.split(CONTENT.html or "")
HTML = html_for(CUT, MESSAGE_ID)


class World:
    """One message, its content, and an SES that keeps what it gets."""

    def __init__(self) -> None:
        accepted_at = datetime(2026, 3, 1, tzinfo=UTC)
        self.message = Message(MESSAGE_ID, "acme", accepted_at, benchmark.ENVELOPE, Tracking(True, True))
        self.raw = b""

    def find(self, message_id):
        return self.message, Fold()

    def claim(self, message, claim, **changes):
        return True

    def settle(self, message, sending, **changes):
        return True

    def get(self, account, message_id):
        return replace(CONTENT, links=CUT.destinations)

    def send(self, raw, **envelope):
        self.raw = raw
        return Answer(Verdict.ACCEPTED, "ses-1")


def test_every_goal_is_held_against_a_figure():
    [table] = benchmark.tables(rounds=1)
    goals = {figure.what: (figure.goal, figure.unit) for figure in table.figures if figure.goal}
    assert goals == {
        "a further recipient, MIME included": (Goal("≤", 4), "ms"),
        benchmark.READS_DIFFERENTLY: (Goal("=", 0), ""),
    }
    values = {figure.what: figure.value for figure in table.figures}
    assert values[benchmark.READS_DIFFERENTLY] == 0
    ratio = values["MIME alone, mailsight"] / values["MIME alone, `EmailMessage`"]
    assert values["MIME alone, mailsight to `EmailMessage`"] == pytest.approx(ratio)


def test_what_is_measured_is_what_ses_is_handed():
    world, ids = World(), iter(["claim", f"{MESSAGE_ID[2:]}00"])
    making = instrument.Parts(world, world, KEYS, TRACKING_URL, lambda: next(ids), world)
    parts = Parts(world, world, world, making, People().stores, world.settle, making.new_id)
    send(MESSAGE_ID, parts, now=UNTIL - CAPTURE_WINDOW)
    assert world.raw == benchmark.by_mailsight(CONTENT, HTML, MESSAGE_ID)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"text": "other"}, ["text/plain"]),
        ({"headers": {}}, ["List-Unsubscribe", "List-Unsubscribe-Post"]),
    ],
)
def test_mails_that_say_different_things_differ(changed, found):
    other = benchmark.by_email_message(replace(CONTENT, **changed), HTML)
    assert benchmark.differing(benchmark.by_mailsight(CONTENT, HTML, MESSAGE_ID), other) == found


def test_another_html_is_another_part():
    mails = [benchmark.by_mailsight(CONTENT, html, MESSAGE_ID) for html in (HTML, HTML + "x")]
    assert benchmark.differing(*mails) == ["text/html"]
