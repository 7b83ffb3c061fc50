"""One mail, all the way: a CRM posts it, the recipient opens it and clicks in a real browser, the status shows it."""

import time
from typing import Any

import pytest

from tests.e2e.crm import Crm

pytestmark = [pytest.mark.local]


@pytest.fixture
def crm(local: dict[str, Any]) -> Crm:
    return Crm(local)


@pytest.mark.browser
def test_from_post_to_clicked_by_a_browser_that_opens_the_mail_and_clicks(crm, local, browser):
    target = f"{local['inbox_url']}?customer=4711&copy=2"
    html = f'<p>Dear Anna, <a href="{target.replace("&", "&amp;")}">your quote</a></p>'
    message_id = crm.send(
        subject="The journey", html=html, text="Dear Anna", record={"module": "leads", "record_id": "1"}
    )
    mail = crm.status(message_id, "delivered")
    assert (mail["sending"], mail["opens"]["count"], mail["clicks"]["count"]) == ("sent", 0, 0)
    assert [link["url"] for link in mail["clicks"]["links"]] == [target]

    page = browser.new_page()
    page.goto(f"{local['inbox_url']}/messages/{crm.arrived('The journey')['id']}")
    mail = crm.status(message_id, "opened")
    assert (mail["opens"]["count"], len(mail["opens"]["recent"]), mail["clicks"]["count"]) == (1, 1, 0)

    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_text("your quote").click()
    opened.value.wait_for_load_state()
    assert opened.value.url == target
    mail = crm.status(message_id, "clicked")
    assert (mail["opens"]["count"], mail["clicks"]["count"], mail["clicks"]["links"][0]["count"]) == (1, 1, 1)
    types = [event["type"] for event in crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]]
    assert types == ["clicked", "opened", "delivered", "sent"]


def test_simulator_addresses_bounce_complain_auto_reply_and_are_suppressed(crm):
    ids = {
        name: crm.send(to=f"{name}@simulator.amazonses.com")
        for name in ("bounce", "complaint", "ooto", "suppressionlist", "success")
    }
    bounced = crm.status(ids["bounce"], "bounced")
    assert bounced["bounce"]["type"] == "hard"
    assert "550 5.1.1" in bounced["bounce"]["reason"]
    assert bounced["bounce"]["recipients"] == ["bounce@simulator.amazonses.com"]
    assert crm.wait(ids["complaint"], lambda mail: mail["complained_at"])["status"] == "delivered"
    replied = crm.wait(ids["ooto"], lambda mail: mail["recipients"] and mail["recipients"][0]["auto_replied_at"])
    assert (replied["status"], replied["bounce"]) == ("delivered", None)
    assert crm.status(ids["suppressionlist"], "bounced")["bounce"]["type"] == "hard"
    assert crm.status(ids["success"], "delivered")["bounce"] is None


def test_each_recipient_of_a_mail_to_several_has_a_state_of_their_own(crm):
    message_id = crm.send(to=["anna@example.com", "bounce+several@simulator.amazonses.com"])
    mail = crm.wait(message_id, lambda mail: len(mail["recipients"]) == 2)
    assert (mail["tracking"]["tracked"], mail["tracking"]["reason"]) == (False, "multiple_recipients")
    assert {one["address"]: one["status"] for one in mail["recipients"]} == {
        "anna@example.com": "delivered",
        "bounce+several@simulator.amazonses.com": "bounced",
    }


def test_an_untracked_mail_arrives_as_it_was_written(crm):
    html = '<p><a href="https://example.com/">x</a></p>'
    crm.send(subject="As it was written", html=html, tracking={"opens": False, "clicks": False})
    assert crm.arrived("As it was written")["html"] == html


def test_a_mail_keeps_its_files_headers_and_letters(crm):
    crm.send(
        subject="Größe 大 ✓",
        text="Füße",
        headers={"X-Campaign": "März"},
        attachments=[{"filename": "Übersicht.txt", "content": "aGk=", "content_type": "text/plain"}],
    )
    mail = crm.arrived("Größe 大 ✓")
    assert mail["text"] == "Füße"
    assert [file["filename"] for file in mail["attachments"]] == ["Übersicht.txt"]
    assert "X-Campaign: =?utf-8?" in mail["raw"]


def test_an_idempotency_key_sends_one_mail(crm):
    body = {"from": "me@example.com", "to": "anna@example.com", "subject": "Once", "text": "x"}
    key = {"Idempotency-Key": f"once-{time.time_ns()}"}
    answers = [crm.call("POST", "/v1/emails", body, **key) for _ in range(3)]
    assert len({taken["id"] for _, taken in answers}) == 1
    crm.status(answers[0][1]["id"], "delivered")
    assert len(crm.inbox("Once")) == 1
