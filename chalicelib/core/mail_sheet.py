"""A list of mails as a sheet: one row a mail, made of the object `email` as the API shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core import instant
from chalicelib.core.sheet import Column, Head, Kind, Value

COLUMNS = (
    Column("id", width=34),
    Column("sent_at", Kind.TIME, 20),
    Column("received_at", Kind.TIME, 20),
    Column("direction", width=10),
    Column("status", width=10),
    Column("sending", width=10),
    Column("source", width=14),
    Column("from", width=28),
    Column("to", width=28),
    Column("cc", width=18),
    Column("bcc", width=18),
    Column("subject", width=40),
    Column("user", width=16),
    Column("template", width=16),
    Column("module", width=12),
    Column("record_id", width=16),
    Column("opens", Kind.WHOLE, 8),
    Column("first_open", Kind.TIME, 20),
    Column("last_open", Kind.TIME, 20),
    Column("opens_by_proxy", Kind.WHOLE, 14),
    Column("opens_by_machine", Kind.WHOLE, 16),
    Column("clicks", Kind.WHOLE, 8),
    Column("first_click", Kind.TIME, 20),
    Column("last_click", Kind.TIME, 20),
    Column("clicks_by_machine", Kind.WHOLE, 16),
    Column("bounce_type", width=12),
    Column("bounce_reason", width=30),
    Column("unsubscribed_at", Kind.TIME, 20),
    Column("complained_at", Kind.TIME, 20),
    Column("replied_at", Kind.TIME, 20),
    Column("responded_at", Kind.TIME, 20),
    Column("tracking_reason", width=20),
)


def head_of(lines: tuple[str, ...]) -> Head:
    """The head of a list of mails; `lines` say which ones."""
    return Head("emails", lines, COLUMNS)


def row_of(email: Mapping[str, Any]) -> tuple[Value, ...]:
    """The row of a mail."""
    record, bounce = email["record"] or {}, email["bounce"] or {}
    opens, clicks = email["opens"], email["clicks"]
    return (
        email["id"],
        _time(email["sent_at"]),
        _time(email["received_at"]),
        email["direction"],
        email["status"],
        email["sending"],
        email["source"],
        email["from"],
        ", ".join(email["to"]),
        ", ".join(email["cc"]),
        ", ".join(email["bcc"]),
        email["subject"],
        email["user"],
        email["template"],
        record.get("module"),
        record.get("record_id"),
        opens["count"],
        _time(opens["first_at"]),
        _time(opens["last_at"]),
        opens["proxy"],
        opens["machine"],
        clicks["count"],
        _time(clicks["first_at"]),
        _time(clicks["last_at"]),
        clicks["machine"],
        bounce.get("type"),
        bounce.get("reason"),
        _time(email["unsubscribed_at"]),
        _time(email["complained_at"]),
        _time(email["replied_at"]),
        _time(email["responded_at"]),
        email["tracking"]["reason"],
    )


def _time(text: str | None) -> datetime | None:
    return instant.parse(text) if text else None
