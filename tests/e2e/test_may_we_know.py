"""What may not be known is not recorded, whoever asks: pixel and links answer as always, and the mail says why."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.hit_answer import PIXEL
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint
from infra.local.folder import Folder
from tests.e2e.crm import Crm
from tests.infra.local_run import ask, stay_in_a_day

pytestmark = [pytest.mark.local]

TARGET = "https://example.com/quote?a=1&b=2"
HTML = f'<p>Dear Anna, <a href="{TARGET.replace("&", "&amp;")}">your quote</a></p>'


def pixel_and_link(mail: dict[str, Any]) -> tuple[str, str]:
    """The two URLs of ours in a mail as it arrived."""
    pixel, link = (re.findall(rf'"(http[^"]+/{letter}/[^"]+)"', mail["html"]) for letter in "oc")
    assert (len(pixel), len(link)) == (1, 1)
    return pixel[0], link[0]


def open_and_click(pixel: str, link: str) -> None:
    """As a person does, and as always: the very same answers whatever is recorded."""
    answer = ask(pixel)
    assert (answer.status, answer.body) == (200, PIXEL.body)
    answer = ask(link)
    assert (answer.status, answer.headers["location"]) == (302, TARGET)


def arrive(crm: Crm, subject: str, **changes: object) -> tuple[str, dict[str, Any]]:
    message_id = crm.send(subject=subject, html=HTML, **changes)
    crm.status(message_id, "delivered")
    return message_id, crm.arrived(subject)


def hits(crm: Crm, message_id: str) -> list[str]:
    shown = crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    return [event["type"] for event in shown if event["type"] in ("opened", "clicked")]


def test_a_withdrawn_consent_ends_the_tracking_of_mails_that_were_sent_before(new_crm):
    crm = new_crm("consent")
    assert crm.call("PUT", "/v1/account", {"consent_required": True})[0] == 200
    for person in ("anna", "raj"):
        body = {"address": f"{person}@example.com", "how": "form, version 3", "by": "Kim"}
        assert crm.call("PUT", "/v1/consents", body)[0] == 200
    message_id, mail = arrive(crm, "Consent", to="Anna <Anna@example.com>")
    pixel, link = pixel_and_link(mail)
    open_and_click(pixel, link)
    assert crm.status(message_id, "clicked")["clicks"]["count"] == 1
    before = crm.mail(message_id)

    assert crm.call("DELETE", "/v1/consents?address=anna@example.com")[1]["status"] == "withdrawn"
    open_and_click(pixel, link)
    other_id, other = arrive(crm, "Consent of another", to="raj@example.com")
    open_and_click(*pixel_and_link(other))
    crm.status(other_id, "clicked")  # whatever came before it in the stream is folded
    assert crm.mail(message_id)["opens"] == before["opens"], "what was captured stays, and nothing is added"
    assert crm.mail(message_id)["clicks"] == before["clicks"]
    assert hits(crm, message_id) == ["clicked", "opened"], "the later two are deleted"

    late_id, late = arrive(crm, "Consent withdrawn", to="anna@example.com")
    assert crm.mail(late_id)["tracking"]["reason"] == "no_consent"
    assert late["html"] == HTML
    history = crm.call("GET", "/v1/consents?address=ANNA@example.com")[1]["history"]
    assert [(entry["act"], entry["how"], entry["by"]) for entry in history][1] == ("given", "form, version 3", "Kim")


def test_an_account_that_is_switched_off_tracks_no_mail_whatever_the_mail_asks_for(new_crm):
    crm = new_crm("switch")
    before_id, before = arrive(crm, "Before the switch")
    assert crm.call("PUT", "/v1/account", {"tracking": False})[0] == 200
    message_id, mail = arrive(crm, "Switched off", tracking={"opens": True, "clicks": True})
    assert crm.mail(message_id)["tracking"] == {
        **dict.fromkeys(("tracked", "opens", "clicks"), False),
        **{"reason": "account_off", "mode": "off", "until": None},
    }
    assert mail["html"] == HTML
    open_and_click(*pixel_and_link(before))
    assert crm.status(before_id, "clicked")["opens"]["count"] == 1, "a mail that was sent tracked stays so"
    assert crm.call("PUT", "/v1/account", {"tracking": True, "plan_may_track": False})[0] == 200
    lost_id, _ = arrive(crm, "Plan lost")
    assert crm.mail(lost_id)["tracking"]["reason"] == "plan_off"
    assert crm.mail(before_id)["clicks"]["count"] == 1, "what was captured stays visible"
    found = crm.call("GET", "/v1/emails?reason=account_off")[1]["data"]
    assert [mail["id"] for mail in found] == [message_id]


def test_after_the_window_pixel_and_link_work_and_record_nothing(new_crm, local_run, local):
    crm = new_crm("window")
    assert crm.call("PUT", "/v1/account", {"capture_window_days": 1})[0] == 200
    message_id, mail = arrive(crm, "Window")
    until = datetime.fromisoformat(crm.mail(message_id)["tracking"]["until"])
    sent_at = datetime.fromisoformat(crm.mail(message_id)["sent_at"])
    assert abs(until - sent_at - timedelta(days=1)) < timedelta(minutes=1)
    run = json.loads(Folder(local_run.folder).run.read_text())
    secrets = json.loads(run["environment"]["MAILSIGHT_TOKEN_KEYS"])
    keys = Keys({int(key_id): text.encode() for key_id, text in secrets.items()})
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)
    pixel, link = (
        f"{local['tracking_url']}/{chr(purpose)}/{mint(Token(purpose, Mode.FULL, message_id, past, 0, url), keys)}"
        for purpose, url in ((Purpose.OPEN, ""), (Purpose.CLICK, TARGET))
    )
    open_and_click(pixel, link)
    open_and_click(*pixel_and_link(mail))  # the mail's own, whose window is open
    mail = crm.status(message_id, "clicked")
    assert (mail["opens"]["count"], mail["clicks"]["count"]) == (1, 1)
    assert hits(crm, message_id) == ["clicked", "opened"]


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("multiple_recipients", {"cc": "raj@example.com"}),
        ("plain_text", {"html": "", "text": f"Your quote: {TARGET}"}),
        ("mail_off", {"tracking": {"opens": False, "clicks": False}}),
    ],
)
def test_what_cannot_or_shall_not_be_tracked_goes_out_as_it_was_written(new_crm, reason, changes):
    crm = new_crm("untracked")
    message_id = crm.send(subject=reason, **({"html": HTML} | changes))
    shown = crm.status(message_id, "delivered")
    assert (shown["tracking"]["tracked"], shown["tracking"]["reason"]) == (False, reason)
    mail = crm.arrived(reason)
    assert f"{crm.run['tracking_url']}/" not in mail["raw"].replace("=\n", "")
    assert TARGET in (mail["text"] or "") or mail["html"] == HTML
    assert [one["id"] for one in crm.call("GET", f"/v1/emails?reason={reason}")[1]["data"]] == [message_id]


def test_of_a_mail_in_the_mode_last_open_date_only_the_day_is_known(new_crm):
    stay_in_a_day()
    crm = new_crm("last-open-date")
    message_id, mail = arrive(crm, "Only the day", tracking={"mode": "last_open_date"})
    pixel = re.findall(r'"(http[^"]+/o/[^"]+)"', mail["html"])[0]
    assert TARGET.replace("&", "&amp;") in mail["html"], "links stay as they are"
    for _ in range(3):
        assert ask(pixel).body == PIXEL.body
    opens = crm.status(message_id, "opened")["opens"]
    today = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00.000Z")
    assert (opens["count"], opens["first_at"], opens["last_at"]) == (1, today, today)


def test_what_a_mail_may_not_ask_for_is_refused_by_name_and_changes_nothing(new_crm):
    crm = new_crm("refused")
    settings = crm.call("GET", "/v1/account")[1]
    for change, pointer in (
        ({"verdict_rules_off": ["burst", "no_such_rule"]}, "/verdict_rules_off/1"),
        ({"mode": "partial"}, "/mode"),
        ({"capture_window_days": 401}, "/capture_window_days"),
        ({"own_networks": ["10.0.0.1/8"]}, "/own_networks/0"),
    ):
        status, problem = crm.call("PUT", "/v1/account", change)
        assert (status, problem["errors"][0]["pointer"]) == (422, pointer)
    assert crm.call("GET", "/v1/account")[1] == settings
    assert crm.call("PUT", "/v1/account", {"mode": "last_open_date"})[0] == 200
    body = {"from": "me@example.com", "to": "anna@example.com", "subject": "x", "html": HTML}
    status, problem = crm.call("POST", "/v1/emails", body | {"tracking": {"mode": "full"}})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/tracking/mode")
    assert crm.call("PUT", "/v1/consents", {"address": "anna@example.com"})[1]["errors"][0]["pointer"] == "/how"
    assert crm.call("POST", "/v1/suppressions", {"address": "anna at home"})[1]["errors"][0]["pointer"] == "/address"
    status, problem = crm.call("GET", "/v1/emails?source=imap&status=clicked")
    assert (status, problem["errors"][0]["pointer"]) == (422, "/status")
    assert crm.call("GET", "/v1/emails")[1]["data"] == []
    assert crm.call("GET", "/v1/suppressions")[1]["data"] == []
