"""Who opened it: machines and one's own people are told from the recipient, and later evidence takes earlier back."""

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.conftest import NewCrm
from tests.e2e.crm import Crm
from tests.infra.local_run import ROOT, LocalRun, ask, until

pytestmark = [pytest.mark.local]

HTML = "".join(f'<p><a href="https://example.com/{number}">{number}</a></p>' for number in range(5))


def arrive(crm: Crm, subject: str, **changes: object) -> tuple[str, str, list[str]]:
    """A mail that was delivered: its id, its pixel and its links."""
    message_id = crm.send(subject=subject, html=HTML, **changes)
    crm.status(message_id, "delivered")
    html = crm.arrived(subject)["html"]
    return message_id, re.findall(r'"(http[^"]+/o/[^"]+)"', html)[0], re.findall(r'"(http[^"]+/c/[^"]+)"', html)


def makers(crm: Crm, message_id: str) -> list[tuple[str, str]]:
    shown = crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    return [(one["type"], one["verdict"]["maker"]) for one in shown if one["verdict"]]


def counts(mail: dict[str, Any]) -> tuple[int, int]:
    return mail["clicks"]["count"], mail["clicks"]["machine"]


def test_a_sweep_of_the_links_is_taken_back_everywhere_and_says_why(new_crm: NewCrm, local_run: LocalRun):
    crm = new_crm("sweep")
    message_id, pixel, links = arrive(crm, "Swept")
    ask(pixel)
    ask(links[0])
    crm.status(message_id, "clicked")
    assert [mail["id"] for mail in crm.call("GET", "/v1/opens")[1]["data"]] == [message_id]
    for link in links:  # within a second, with the one before within four
        ask(link)
    crm.wait(message_id, lambda mail: counts(mail) == (0, 6))
    assert crm.mail(message_id)["status"] == "delivered"
    assert crm.call("GET", "/v1/opens")[1]["data"] == [], "the open came with the sweep"
    shown = crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]
    assert "burst" in [reason["name"] for reason in shown[0]["verdict"]["reasons"]]

    assert crm.call("PUT", "/v1/account", {"verdict_rules_off": ["burst", "all_links"]})[0] == 200
    command = [sys.executable, "-m", "infra.reclassify", "--local", str(local_run.folder), "--days", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "1 changed" in done.stdout, done.stdout
    assert counts(crm.status(message_id, "clicked")) == (6, 0)
    assert [mail["id"] for mail in crm.call("GET", "/v1/opens")[1]["data"]] == [message_id]


def test_programs_and_questions_by_head_never_count(new_crm: NewCrm):
    crm = new_crm("tools")
    message_id, pixel, links = arrive(crm, "By programs")
    ask(pixel, "HEAD")
    ask(pixel, headers={"User-Agent": "curl/8.5.0"})
    ask(links[1], headers={"Sec-Purpose": "prefetch"})
    mail = crm.wait(message_id, lambda mail: mail["opens"]["machine"] == 2 and mail["clicks"]["machine"] == 1)
    assert (mail["status"], mail["opens"]["count"]) == ("delivered", 0)


def test_the_accounts_own_people_count_for_nobody_and_are_shown_as_such(new_crm: NewCrm):
    crm = new_crm("internal")
    assert crm.call("PUT", "/v1/account", {"own_networks": ["127.0.0.0/24"]})[0] == 200
    message_id, pixel, links = arrive(crm, "From the office")
    ask(pixel)
    ask(links[0])
    until(lambda: len(makers(crm, message_id)) == 2, "both hits")
    until(lambda: set(makers(crm, message_id)) == {("clicked", "internal"), ("opened", "internal")}, "their marks")
    mail = crm.mail(message_id)
    assert (mail["status"], mail["opens"]["count"], mail["opens"]["machine"], counts(mail)) == (
        "delivered",
        0,
        0,
        (0, 0),
    )


def test_a_mail_to_oneself_counts_for_nobody(new_crm: NewCrm):
    crm = new_crm("oneself")
    message_id, pixel, _ = arrive(crm, "Note to self", to="Me <ME@example.com>")
    ask(pixel)
    until(lambda: makers(crm, message_id) == [("opened", "internal")], "the open")
    assert crm.mail(message_id)["opens"]["count"] == 0
