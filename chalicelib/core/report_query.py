"""What somebody wants to know of a report: which one, of which days, of whom, and broken up by what."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from chalicelib.core import report_period, source
from chalicelib.core.bad_input import BadInput, one_of, wrong
from chalicelib.core.report_period import INTERVALS, Period
from chalicelib.core.status import Status

ANALYTICS = "email-analytics"
CALLS = "email-and-call-analytics"
STATUS = "sent-email-status"
BY_OPEN_RATE = "top-templates-by-open-rate"
BY_CLICK_RATE = "top-templates-by-click-rate"
TOP_USERS = "top-users"
REPORTS = (ANALYTICS, CALLS, STATUS, BY_OPEN_RATE, BY_CLICK_RATE, TOP_USERS)

DATE = "date"
USER_AND_DATE = "user_and_date"
BREAK_UPS: Mapping[str, tuple[str, ...]] = {
    ANALYTICS: (DATE, "template", "module", "user", "source"),
    CALLS: ("user", DATE, USER_AND_DATE),
}
"""By what a report can be broken up; where it always is, the first is the usual one."""

RANKED: Mapping[str, str] = {BY_OPEN_RATE: "template", BY_CLICK_RATE: "template", TOP_USERS: "user"}
"""Reports of the first ten of a dimension."""

STATUSES = tuple(one.value for one in Status if one is not Status.RECEIVED)
"""By which mails that were sent are listed."""

ORDERS = ("sent", "opened", "clicked", "open_rate", "click_rate")
RATE_NAMES = {
    BY_OPEN_RATE: "open_rate_of_tracked",
    BY_CLICK_RATE: "click_rate_of_tracked",
    "open_rate": "open_rate_of_tracked",
    "click_rate": "click_rate_of_tracked",
}

MOST_ROWS, USUAL_ROWS = 1000, 200
USUAL_MINIMUM = 20  # tracked mails, for a rate that is ranked
MOST_USERS = 100
LONGEST_VALUE = 256

REPEATABLE = frozenset({"user"})
KNOWN = frozenset({"period", "from", "to", "user", "group", "template", "module", "source", "compare"})
"""The parameters of every report."""

OWN: Mapping[str, frozenset[str]] = {
    ANALYTICS: frozenset({"by", "interval", "limit"}),
    CALLS: frozenset({"by", "interval", "limit"}),
    STATUS: frozenset({"status", "limit", "after", "before"}),  # what is beside the figures a list reads by itself
    BY_OPEN_RATE: frozenset({"minimum"}),
    BY_CLICK_RATE: frozenset({"minimum"}),
    TOP_USERS: frozenset({"order", "minimum"}),
}
"""Those that only some have."""


class ReportQuery(NamedTuple):
    """`users` are those that were selected, none for all; of a `group` those of its users. Of the other dimensions None
    is any, and "" the mails without one. `minimum` is how many tracked mails a rate needs to be ranked; `limit` is how
    many rows are wanted; by `status` the mails beside the figures are narrowed, not these."""

    report: str
    period: Period
    by: str | None = None
    interval: str = "day"
    users: tuple[str, ...] = ()
    group: str | None = None
    template: str | None = None
    module: str | None = None
    source: str | None = None
    compare: bool = False
    limit: int = USUAL_ROWS
    minimum: int = USUAL_MINIMUM
    order: str = ORDERS[0]
    status: str | None = None

    @property
    def dimension(self) -> str | None:
        """The dimension by which it is broken up, or of which it shows the first ones."""
        by = RANKED.get(self.report, self.by)
        return "user" if by == USER_AND_DATE else None if by == DATE else by


def known(report: str) -> frozenset[str]:
    """The parameters that a report takes."""
    return KNOWN | OWN[report]


def parse(report: str, query: Mapping[str, Sequence[str]], *, today: date) -> ReportQuery:
    """What a query asks for, each parameter with the values given. Raises BadInput, which names each wrong one."""
    errors: list[dict[str, str]] = []
    for name, given in query.items():
        if name not in known(report):
            errors.append(wrong(f"/{name}", "this report has no such parameter"))
        elif len(given) > 1 and name not in REPEATABLE:
            errors.append(wrong(f"/{name}", "stands twice"))
    if errors:
        raise BadInput(errors)
    first = {name: values[0] for name, values in query.items() if values}
    period = _period(first, today, errors)
    users = tuple(dict.fromkeys(query.get("user", ())))
    errors += [wrong("/user", f"at most {MOST_USERS}; give a group")] if len(users) > MOST_USERS else []
    errors += _too_long(query)
    found = ReportQuery(
        report,
        period,
        by=_by(report, first, errors),
        interval=_choice(first, "interval", INTERVALS, errors),
        users=users,
        group=first.get("group"),
        template=first.get("template"),
        module=first.get("module"),
        source=_source(first, errors),
        compare=first.get("compare") == "previous",
        limit=_number(first, "limit", 1, MOST_ROWS, USUAL_ROWS, errors) if report != STATUS else USUAL_ROWS,
        minimum=_number(first, "minimum", 1, 1_000_000, USUAL_MINIMUM, errors),
        order=_choice(first, "order", ORDERS, errors),
        status=first.get("status"),
    )
    errors += _wrong_status(first)
    if first.get("compare", "previous") != "previous":
        errors.append(wrong("/compare", "must be previous, for as many days right before"))
    if "interval" in first and DATE not in (found.by or ""):
        errors.append(wrong("/interval", "is for break-ups by date only"))
    if "limit" in first and report != STATUS and found.dimension is None:
        errors.append(wrong("/limit", "is for break-ups by something else than date, which has a row for every day"))
    if errors:
        raise BadInput(sorted(errors, key=lambda error: error["pointer"]))
    return found


def _period(given: Mapping[str, str], today: date, errors: list[dict[str, str]]) -> Period:
    try:
        return report_period.parse(given.get("period"), given.get("from"), given.get("to"), today=today)
    except BadInput as error:
        errors += error.errors
        return report_period.preset(report_period.DEFAULT, today)


def _by(report: str, given: Mapping[str, str], errors: list[dict[str, str]]) -> str | None:
    if "by" not in given:
        return BREAK_UPS[CALLS][0] if report == CALLS else None
    return _choice(given, "by", BREAK_UPS[report], errors)


def _choice(given: Mapping[str, str], name: str, choices: Sequence[str], errors: list[dict[str, str]]) -> str:
    value = given.get(name, choices[0])
    if value not in choices:
        errors.append(wrong(f"/{name}", one_of(choices)))
    return value


def _source(given: Mapping[str, str], errors: list[dict[str, str]]) -> str | None:
    value = given.get("source")
    if value is not None and value not in source.SOURCES:
        errors.append(wrong("/source", one_of(source.SOURCES)))
    return value


def _wrong_status(given: Mapping[str, str]) -> list[dict[str, str]]:
    """Of a status that no mail can have which was sent, or none of this source."""
    kind = source.SOURCES.get(given.get("source", ""))
    choices = [one for one in STATUSES if kind is None or one in kind.statuses]
    return [wrong("/status", one_of(choices))] if given.get("status", choices[0]) not in choices else []


def _number(
    given: Mapping[str, str], name: str, least: int, most: int, usual: int, errors: list[dict[str, str]]
) -> int:
    text = given.get(name)
    if text is None:
        return usual
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (is_number and least <= int(text) <= most):
        errors.append(wrong(f"/{name}", f"must be a whole number from {least} to {most}"))
        return usual
    return int(text)


def _too_long(query: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    names = ("user", "group", "template", "module")
    return [
        wrong(f"/{name}", f"holds at most {LONGEST_VALUE} characters")
        for name in names
        if any(len(value) > LONGEST_VALUE for value in query.get(name, ()))
    ]
