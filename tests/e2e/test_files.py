"""Reports and lists of mails as files, and a report by mail, from a real run."""

import csv
import io
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from chalicelib.entrypoints import inform
from chalicelib.storage.report_schedules import ReportSchedules
from tests.e2e.crm import Crm
from tests.entrypoints.test_fold_and_sweep import Context, scheduled
from tests.infra.local_run import REPORT_SECONDS, ask, until

pytestmark = [pytest.mark.local, pytest.mark.timeout(REPORT_SECONDS + 120)]


@pytest.fixture
def crm(new_crm) -> Crm:
    return new_crm("files")


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        assert "attachment; filename=" in answer.headers["Content-Disposition"]
        return bytes(answer.read())


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect as it is: the key is for the API, not for the bucket."""

    def redirect_request(self, *_: Any) -> None:
        return None


def redirected(crm: Crm, path: str) -> str:
    """Where a redirect of the API leads to."""
    key = {"Authorization": f"Bearer {crm.run['api_key']}"}
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Unfollowed).open(urllib.request.Request(crm.run["api_url"] + path, headers=key))
    assert answer.value.status == 303
    with answer.value:
        return str(answer.value.headers["Location"])


def report_of(crm: Crm, name: str, query: str) -> dict[str, Any]:
    return crm.call("GET", f"/v1/reports/{name}?{query}")[1]


def test_a_list_and_a_report_are_fetched_as_files_and_a_report_comes_by_mail(crm, local, monkeypatch):
    ids = [crm.send(subject=subject, user="ina") for subject in ("=1+1", "Hello", "Grüße")]
    for message_id in ids:
        crm.status(message_id, "delivered")

    job = crm.call("POST", "/v1/exports", {"emails": {"user": ["ina"]}, "format": "csv"})[1]
    done = until(lambda: _done(crm, job["id"]), "the list")
    (file,) = done["files"]
    rows = list(csv.DictReader(io.StringIO(fetched(file["url"]).decode("utf-8-sig"), newline="")))
    assert sorted(row["id"] for row in rows) == sorted(ids)
    assert {row["subject"] for row in rows} == {"'=1+1", "Hello", "Grüße"}

    def is_counted() -> dict[str, Any] | None:
        found = report_of(crm, "email-analytics", "period=last_7_days&by=user")
        return found if found["summary"]["delivered"] == 3 else None

    shown = until(is_counted, "the report", REPORT_SECONDS)
    content = fetched(redirected(crm, "/v1/reports/email-analytics?period=last_7_days&by=user&format=xlsx"))
    table = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
    assert [row[:4] for row in table[-2:]] == [("row", "ina", None, 3), ("summary", None, None, 3)]
    assert shown["summary"]["sent"] == 3

    crm.call("PUT", "/v1/users/ina", {"name": "Ina", "address": "ina@example.com"})
    wanted = {"report": "email-analytics", "query": {"period": "last_7_days"}, "every": "day", "users": ["ina"]}
    status, schedule = crm.call("POST", "/v1/report-schedules", wanted | {"from": "me@example.com", "format": "csv"})
    assert status == 201, schedule
    for name, value in local["environment"].items():
        monkeypatch.setenv(name, value)
    _earlier(local, schedule["id"])
    inform._parts.cache_clear()
    assert inform.inform(scheduled(), Context())["sent"] == 1
    assert inform.inform(scheduled(), Context())["sent"] == 0
    (mail,) = [one for one in crm.call("GET", "/v1/emails?source=export_email")[1]["data"]]
    assert mail["subject"].startswith("Email analytics, ")
    arrived = crm.arrived(mail["subject"])
    raw = ask(f"{local['inbox_url']}/messages/{arrived['id']}/raw").body
    assert b"Content-ID: <chart>" in raw and b"image/png" in raw and b'filename="email-analytics_' in raw


def _done(crm: Crm, job_id: str) -> dict[str, Any] | None:
    job = crm.call("GET", f"/v1/exports/{job_id}")[1]
    return job if job["status"] == "done" else None


def _earlier(local: dict[str, Any], schedule_id: str) -> None:
    """As if the schedule had been made two days ago: it is due."""
    schedules = ReportSchedules(local["environment"]["MAILSIGHT_ACCOUNT_TABLE"], local["environment"]["AWS_REGION"])
    schedules.change(
        "files", lambda known: {name: replace(one, since=one.since - timedelta(days=2)) for name, one in known.items()}
    )
    assert schedule_id in schedules.of("files")
