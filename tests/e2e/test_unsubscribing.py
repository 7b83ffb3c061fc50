"""Who wants no more mail gets none: by the button of the mail program, by the page, by complaining, by bouncing."""

import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.e2e.crm import Crm
from tests.infra.local_run import BROWSER, ask, until

pytestmark = [pytest.mark.local]


def post(url: str, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> int:
    headers = {"Content-Type": content_type, "User-Agent": BROWSER}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body, headers, method="POST"), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def unsubscribe_url(mail: dict[str, Any]) -> str:
    """Out of the header, unfolded."""
    raw = re.sub(r"\r?\n[ \t]+", " ", mail["raw"])
    assert re.search(r"(?mi)^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$", raw)
    found = re.search(r"(?mi)^List-Unsubscribe: ?<([^>\s]+)>\r?$", raw)
    assert found, raw[:2_000]
    return found[1]


def refusal(crm: Crm, address: str) -> str:
    body = {"from": "me@example.com", "to": address, "subject": "Again", "text": "x"}
    status, problem = crm.call("POST", "/v1/emails", body)
    assert (status, problem["errors"][0]["pointer"]) == (422, "/to/0"), problem
    return str(problem["errors"][0]["message"])


def suppressed(crm: Crm, address: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = crm.call("GET", f"/v1/suppressions?address={urllib.parse.quote(address)}")[1]["data"]
        return found[0] if found else None

    return until(look, f"the suppression of {address}")


def test_the_button_of_a_mail_program_unsubscribes_and_looking_at_the_page_does_not(new_crm):
    crm = new_crm("unsubscribe")
    html = '<p>News. <a href="{{ unsubscribe_url }}">No more of this</a></p>'
    message_id = crm.send(subject="Newsletter", html=html, source="mass_email")
    crm.status(message_id, "delivered")
    mail = crm.arrived("Newsletter")
    url = unsubscribe_url(mail)
    assert f'href="{url}"' in mail["html"], "the link in the text is the same and is not counted as a click"
    page = ask(url)
    assert (page.status, b"<form" in page.body, "set-cookie" in page.headers) == (200, True, False)
    assert ask(url, "HEAD").status == 200
    assert post(url, b"List-Unsubscribe=No") == 400
    assert crm.send(subject="Still welcome", text="x")
    assert crm.mail(message_id)["unsubscribed_at"] is None

    assert post(url, b"List-Unsubscribe=One-Click") == 200
    left = crm.wait(message_id, lambda mail: mail["unsubscribed_at"])
    assert left["clicks"]["count"] == 0
    assert suppressed(crm, "anna@example.com")["reason"] == "unsubscribed"
    assert "unsubscribed" in refusal(crm, "Anna <ANNA@example.com>")
    assert post(url, b"List-Unsubscribe=One-Click") == 200, "again is no error"
    # told only after the lifting it would count anew
    crm.wait(message_id, lambda mail: mail["unsubscribed_at"] > left["unsubscribed_at"])

    assert crm.call("DELETE", "/v1/suppressions?address=anna@example.com")[0] == 200
    crm.status(crm.send(subject="Back again", text="x"), "delivered")


def test_a_multipart_body_unsubscribes_too_and_a_single_mail_carries_no_header(new_crm):
    crm = new_crm("multipart")
    crm.status(crm.send(subject="One to one", html="<p>x</p>"), "delivered")
    assert "list-unsubscribe" not in crm.arrived("One to one")["raw"].lower()
    message_id = crm.send(subject="Asked for", html="<p>x</p>", unsubscribe=True)
    crm.status(message_id, "delivered")
    url = unsubscribe_url(crm.arrived("Asked for"))
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    assert post(url, body, "multipart/form-data; boundary=x") == 200
    assert crm.wait(message_id, lambda mail: mail["unsubscribed_at"])


@pytest.mark.parametrize(("name", "reason"), [("bounce+e2e", "hard_bounce"), ("complaint+e2e", "complaint")])
def test_a_hard_bounce_and_a_complaint_suppress_and_an_automatic_answer_does_not(new_crm, name, reason):
    crm = new_crm(name.partition("+")[0])
    address = f"{name}@simulator.amazonses.com"
    crm.send(to=address)
    assert suppressed(crm, address)["reason"] == reason
    assert reason in refusal(crm, address)
    replied = crm.send(to="ooto+e2e@simulator.amazonses.com")
    crm.wait(replied, lambda mail: mail["recipients"] and mail["recipients"][0]["auto_replied_at"])
    crm.send(to="ooto+e2e@simulator.amazonses.com")


@pytest.mark.browser
def test_a_person_unsubscribes_with_one_button(new_crm, browser):
    crm, subject = new_crm("button"), "One button"
    message_id = crm.send(to="carl@example.com", subject=subject, unsubscribe=True, html="<p>x</p>")
    page = browser.new_page()
    page.goto(unsubscribe_url(crm.arrived(subject)))
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("heading", name="Unsubscribed").wait_for()
    page.close()
    assert crm.wait(message_id, lambda one: one["unsubscribed_at"])
