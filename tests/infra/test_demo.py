"""`make demo` as a person sees it: a past, the table of six mails of now, and last words that are true."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core import instant
from infra.demo_cast import USERS
from infra.demo_history import MARK
from infra.demo_month import DELIVERED_AFTER, Mail, plan
from tests.infra.local_run import ROOT, LocalRun, ask, free_ports, is_free

pytestmark = pytest.mark.local


def demo(folder: Path, *more: str) -> list[str]:
    """The lines that it prints, on what is no terminal."""
    command = [sys.executable, "-m", "infra.demo", "--folder", str(folder), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def table_in(lines: list[str]) -> list[list[str]]:
    """The rows below the line under the table's head, by column; the time in an address is a word again."""
    (begin,) = [number for number, line in enumerate(lines, 1) if re.fullmatch("-+", line)]
    end = lines.index("", begin)
    return [re.split(r" {2,}", re.sub(r"\+\d+@", "+demo@", line)) for line in lines[begin:end]]


def test_the_table_tells_what_became_of_each_mail_also_the_second_time(
    local_run: LocalRun, local: dict[str, Any]
) -> None:
    assert demo(local_run.folder, "--once", "--days", "0")
    lines = demo(local_run.folder, "--once", "--days", "0")
    assert table_in(lines) == [
        ["anna@example.com", "a person", "clicked", "1", "1", "-"],
        ["raj@icloud.example.com", "Apple's privacy proxy", "delivered", "0", "0", "1 open by a privacy proxy"],
        ["mia@gmail.example.com", "Gmail's image proxy", "opened", "1", "0", "-"],
        ["tom@corp.example.com", "a scanner's sweep", "delivered", "0", "0", "6 clicks by a machine"],
        ["bounce+demo@simulator.amazonses.com", "nobody: hard bounce", "bounced", "0", "0", "hard bounce"],
        ["complaint+demo@simulator.amazonses.com", "a complaint", "delivered", "0", "0", "complaint"],
    ]
    assert local["dashboard_url"] in lines[-2]
    assert local["inbox_url"] in lines[-1]
    assert ask(local["dashboard_url"]).status < 500, "a run that was there before is left alone"


def of_the_past(local: dict[str, Any]) -> dict[str, Any]:
    """All mails of the month that lies behind, by their ids, as the API shows them."""
    found: dict[str, Any] = {}
    url: str | None = f"{local['api_url']}/v1/emails?limit=100"
    while url:
        page = ask(url, headers={"Authorization": f"Bearer {local['api_key']}"}).json
        found |= {mail["id"]: mail for mail in page["data"] if mail["user"] in {user.user_id for user in USERS}}
        url = f"{local['api_url']}/v1/emails?limit=100&after={page['after']}" if page["has_more"] else None
    return found


def test_the_past_is_played_once_also_when_the_demo_forgot_that_it_did(
    local_run: LocalRun, local: dict[str, Any]
) -> None:
    begun_at = datetime.now(UTC)
    lines = demo(local_run.folder, "--once", "--days", "3")
    first = of_the_past(local)
    assert first and all(mail["status"] for mail in first.values()), "each was sent"
    assert any(line.endswith("/reports") for line in lines)
    (local_run.folder / MARK).unlink()
    demo(local_run.folder, "--once", "--days", "3")
    again, days = of_the_past(local), {mail["accepted_at"][:10] for mail in first.values()}
    planned = {mail.message_id: mail for day in days for mail in plan(date.fromisoformat(day), UTC).mails}
    still = {mail_id for mail_id in first.keys() & planned.keys() if not happens(planned[mail_id], begun_at)}
    assert still
    assert {mail_id: again[mail_id] for mail_id in still} == {mail_id: first[mail_id] for mail_id in still}
    assert before(begun_at, again) == before(begun_at, first)
    assert (local_run.folder / MARK).exists()


def before(begun_at: datetime, mails: dict[str, Any]) -> set[str]:
    """The ids of those that were sent before then; the demo began later, and some may have been sent in between."""
    return {mail_id for mail_id, mail in mails.items() if mail["accepted_at"] < instant.show(begun_at)}


def happens(mail: Mail, begun_at: datetime) -> bool:
    """Whether something happens to a mail between then and now."""
    ours = [mail.at, mail.at + DELIVERED_AFTER, mail.at + timedelta(hours=1)]
    times = [*(hit.at for hit in mail.hits), mail.unsubscribed_at, mail.answered_at, *ours]
    return any(at is not None and begun_at <= at <= datetime.now(UTC) for at in times)


def test_without_a_terminal_it_ends_what_it_started_and_says_so(tmp_path: Path) -> None:
    port = free_ports()
    lines = demo(tmp_path / "data", "--port", str(port), "--days", "0")
    assert len(table_in(lines)) == 6
    assert lines[-1] == "Stopped; `make run` starts it again."
    assert all(is_free(port + step) for step in range(4))
