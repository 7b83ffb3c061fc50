"""The file of a report is kept with its account's reports, and its link says what it is called."""

import io

import openpyxl
import pytest

from chalicelib.flow.report_file import made
from tests.core.reports import report


class Exports(dict[str, tuple[bytes, str]]):
    """Files by key."""

    def put(self, account, folder, name, file, content_type):
        key = f"{account}/{folder}/{name}"
        self[key] = file.read(), content_type
        return key

    def url_of(self, key, seconds, filename):
        return f"https://files.example.com/{key}?{filename}&{seconds}"


@pytest.mark.parametrize(("file_format", "begins"), [("csv", b"\xef\xbb\xbfpart,from,to,sent"), ("xlsx", b"PK")])
def test_a_file_is_made_and_kept_and_can_be_fetched_for_a_quarter_of_an_hour(file_format, begins):
    exports = Exports()
    url = made(report(), file_format, account="acme", exports=exports, new_id=lambda: "1" * 32)
    ((key, (content, content_type)),) = exports.items()
    assert key == f"acme/reports/{'1' * 32}.{file_format}" and content.startswith(begins)
    assert url == f"https://files.example.com/{key}?email-analytics_2026-11-20_2026-11-22.{file_format}&900"
    assert content_type.startswith("text/csv" if file_format == "csv" else "application/vnd.")


def test_of_a_report_of_mails_the_file_has_the_mails():
    opens = {"count": 1, "proxy": 0, "machine": 0, "first_at": "2026-11-22T08:00:00.000Z", "last_at": None}
    email = dict.fromkeys(
        ("sent_at", "direction", "status", "sending", "source", "user", "template", "record", "bounce")
    ) | {"id": "1" * 32, "from": "me@a.test", "to": ["b@a.test", "c@a.test"], "cc": [], "bcc": [], "subject": "=1+1"}
    email |= {"opens": opens, "clicks": opens, "unsubscribed_at": None, "complained_at": None}
    email |= {"received_at": None, "replied_at": "2026-11-22T09:00:00.000Z", "responded_at": None}
    email |= {"tracking": {"tracked": False, "reason": "no_consent"}}
    listed = report("sent-email-status", by=None, rows=[], emails={"data": [email], "has_more": True})
    exports = Exports()
    made(listed, "xlsx", account="acme", exports=exports, new_id=lambda: "1" * 32)
    ((content, _),) = exports.values()
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
    headings = next(number for number, row in enumerate(rows) if row[0] == "id")
    found = dict(zip(rows[headings], rows[headings + 1], strict=True))
    assert (found["to"], found["subject"], found["opens"]) == ("b@a.test, c@a.test", "=1+1", 1)
    assert (found["tracking_reason"], found["replied_at (UTC)"].hour) == ("no_consent", 9)
    assert any(str(row[0]).startswith("not all of the mails") for row in rows[:headings])
