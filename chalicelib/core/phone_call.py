"""A telephone call, as the CRM tells of it, and what it counts for in the cells of its day."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from chalicelib.core import cell, instant
from chalicelib.core.cell import Cells, Place

DIRECTIONS = ("outbound", "inbound")
OUTCOMES = ("answered", "missed", "busy", "voicemail", "failed")


class PhoneCall(NamedTuple):
    """`call_id` is ours, 32 hex digits; `given_id` the CRM's own, if it told one. `day` is the day for which it is
    counted, `2026-11-22`: that on which it began, in the account's time zone. `seconds` is how long it took."""

    call_id: str
    account: str
    user: str
    direction: str
    started_at: datetime
    seconds: int
    outcome: str
    day: str
    record: tuple[str, str] | None = None  # module, record id
    given_id: str | None = None

    @property
    def module(self) -> str:
        """For which it counts; "" is none."""
        return self.record[0] if self.record else ""

    @property
    def place(self) -> str:
        """Where it stands in its account's list: by when it began, then id."""
        return f"{instant.show(self.started_at)}#{self.call_id}"


class Counting(NamedTuple):
    """Which calls a figure counts: those that have one of these directions and one of these outcomes."""

    directions: tuple[str, ...] = DIRECTIONS
    outcomes: tuple[str, ...] = OUTCOMES


COUNTED_AS: Mapping[str, Counting] = {
    "calls": Counting(),
    "calls_outbound": Counting(directions=("outbound",)),
    "calls_inbound": Counting(directions=("inbound",)),
    "calls_missed": Counting(("inbound",), tuple(outcome for outcome in OUTCOMES if outcome != "answered")),
}
"""The figures of reports that count calls. `calls`, all of them, is no column of the cells, but the sum of two."""


class Only(NamedTuple):
    """Which calls somebody wants to see; None is any. `first` and `last` are the days for which they count, `column`
    one of COUNTED_AS. A call without a record has the `module` ""."""

    first: str | None = None
    last: str | None = None
    users: frozenset[str] | None = None
    module: str | None = None
    direction: str | None = None
    outcome: str | None = None
    column: str | None = None


ANY = Only()


def id_of(account: str, kind: str, name: str) -> str:
    """Our id of a call by what its program calls it: the CRM's id of it, or an Idempotency-Key."""
    text = "\0".join(("mailsight/call", account, kind, name))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def day_of(started_at: datetime, zone: tzinfo) -> str:
    """The day on which it began, where the account is."""
    return started_at.astimezone(zone).date().isoformat()


def cells_of(call: PhoneCall) -> Cells:
    """What it adds to the cells. Each counts in its direction; one that came in and was not answered is missed, too."""
    columns = {column: int(counts_as(call, column)) for column in COUNTED_AS if column in cell.CALLS}
    place = Place(call.account, call.day, module=call.module, user=call.user)
    return cell.total([{place: {**columns, "call_seconds": call.seconds}}])


def counts_as(call: PhoneCall, column: str) -> bool:
    """Whether a figure of reports counts it."""
    counting = COUNTED_AS[column]
    return call.direction in counting.directions and call.outcome in counting.outcomes


def taken_back(call: PhoneCall) -> Cells:
    """What must be added to the cells when it counts for nothing any more."""
    return {place: {column: -number for column, number in columns.items()} for place, columns in cells_of(call).items()}


def fingerprint(call: PhoneCall) -> str:
    """Of what the program told; not of the day, which follows from the account's time zone."""
    told = [*call._replace(day="", started_at=instant.EPOCH), instant.show(call.started_at)]
    text = json.dumps(told, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def show(call: PhoneCall) -> dict[str, Any]:
    """The object `call`."""
    record = {"module": call.record[0], "record_id": call.record[1]} if call.record else None
    return {
        "object": "call",
        "id": call.call_id,
        "call_id": call.given_id,
        "user": call.user,
        "record": record,
        "direction": call.direction,
        "started_at": instant.show(call.started_at),
        "seconds": call.seconds,
        "outcome": call.outcome,
        "day": call.day,
    }


def dump(call: PhoneCall) -> Mapping[str, Any]:
    """As it is stored beside its keys and what lists are narrowed by."""
    told = {"seconds": call.seconds, "record": call.record, "given_id": call.given_id}
    return {name: value for name, value in told.items() if value is not None}
