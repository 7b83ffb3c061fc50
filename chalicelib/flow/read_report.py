"""Reading a report: the tables of its days, what they are behind with, and the names of what it is about.

A report costs a few reads, however many mails there are: those of the sums, of the cells only where dimensions are
combined, of the marks, and of users or templates where their names are shown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from chalicelib.core import report
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.day_table import Sums, only_hours
from chalicelib.core.figures import Figures
from chalicelib.core.report import DayFigures, Found
from chalicelib.core.report_period import MOST_DAYS
from chalicelib.core.report_query import ANALYTICS, ReportQuery, parse


class DayTables(Protocol):
    """The tables that reports read."""

    def sums(self, account: str, first: str, last: str) -> Mapping[str, Sums]: ...
    def cells(
        self, account: str, days: Sequence[str], wanted: Mapping[str, frozenset[str]], dimension: str | None
    ) -> Iterator[tuple[str, str, Figures]]: ...


class Behind(Protocol):
    """What the tables are behind with."""

    def since(self, account: str, first: str, last: str) -> datetime | None: ...


class User(Protocol):
    """A user of the CRM."""

    @property
    def user_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def groups(self) -> tuple[str, ...]: ...


class Template(Protocol):
    """A template of mails."""

    @property
    def template_id(self) -> str: ...
    @property
    def name(self) -> str: ...


class Parts(NamedTuple):
    """What reading a report needs: also all users and templates of an account."""

    tables: DayTables
    behind: Behind
    users: Callable[[str], Iterable[User]]
    templates: Callable[[str], Iterable[Template]]
    policy_of: Callable[[str], AccountPolicy]


def read_report(
    account: str,
    name: str,
    query: Mapping[str, Sequence[str]],
    parts: Parts,
    *,
    now: datetime,
    limit: int | None = None,
) -> dict[str, Any]:
    """The report of this name that a query asks for; `limit` is how many rows, where that is not the query's business.
    Raises BadInput, which names each wrong parameter."""
    asked, policy, users, wanted = _understood(account, name, query, parts, now)
    asked = asked._replace(limit=limit or asked.limit)
    first = asked.period.before.first if asked.compare else asked.period.first
    span = first.isoformat(), asked.period.last.isoformat()
    since = parts.behind.since(account, *span)  # before the tables: what is built in between is only fresher
    days = list(_days(asked, account, span, wanted, parts.tables))
    names = _names(asked, account, users, parts)
    return report.show(asked, Found(days, names, policy.time_zone, min(since or now, now)))


def check(account: str, name: str, query: Mapping[str, Sequence[str]], parts: Parts, *, now: datetime) -> None:
    """Raises BadInput where `read_report` would."""
    _understood(account, name, query, parts, now)


class _Understood(NamedTuple):
    """What is asked for, and what was read to know that. `users` are all, where some of them matter."""

    asked: ReportQuery
    policy: AccountPolicy
    users: Sequence[User]
    wanted: Mapping[str, frozenset[str]]


def _understood(
    account: str, name: str, query: Mapping[str, Sequence[str]], parts: Parts, now: datetime
) -> _Understood:
    policy = parts.policy_of(account)
    asked = parse(name, query, today=now.astimezone(policy.zone).date())
    users = list(parts.users(account)) if asked.group is not None or asked.users or asked.dimension == "user" else []
    wanted = _wanted(asked, users)
    _check_users(account, asked, users, parts.tables)
    return _Understood(asked, policy, users, wanted)


def _wanted(asked: ReportQuery, users: Iterable[User]) -> dict[str, frozenset[str]]:
    """Which values of which dimensions are looked at; any of those that are not there."""
    given = {"template": asked.template, "module": asked.module, "source": asked.source}
    wanted = {name: frozenset({value}) for name, value in given.items() if value is not None}
    if asked.users:
        wanted["user"] = frozenset(asked.users)
    if asked.group is not None:
        members = frozenset(user.user_id for user in users if asked.group in user.groups)
        if not members:
            raise BadInput([wrong("/group", "no user is in a group of this name")])
        wanted["user"] = members & wanted.get("user", members)
    return wanted


def _check_users(account: str, asked: ReportQuery, users: Iterable[User], tables: DayTables) -> None:
    """Raises BadInput for who is neither told of nor has had a mail or a call in as many days as a report may have."""
    known = {"", *(user.user_id for user in users)}
    if known.issuperset(asked.users):
        return
    last = max(asked.period.last, asked.period.first + timedelta(days=MOST_DAYS - 1))
    first = asked.period.last - timedelta(days=MOST_DAYS - 1)
    for sums in tables.sums(account, first.isoformat(), last.isoformat()).values():
        known.update(sums.by["user"])
    if not known.issuperset(asked.users):
        text = "there is no such user here: PUT /v1/users/{id} tells of one, and so does a mail or a call"
        raise BadInput([wrong("/user", text)])


def _days(
    asked: ReportQuery, account: str, span: tuple[str, str], wanted: Mapping[str, frozenset[str]], tables: DayTables
) -> Iterator[DayFigures]:
    """The figures by day, and by value of the report's dimension: of the sums if one dimension is all it takes, else of
    the cells; so are the hours of some mails only. Hours of all mails stand beside the values, in no row."""
    dimensions = {*wanted, *([asked.dimension] if asked.dimension else [])}
    if len(dimensions) > 1 or (wanted and asked.report == ANALYTICS):
        for day, value, figures in tables.cells(account, _between(*span), wanted, asked.dimension):
            yield DayFigures(day, value, figures)
        return
    for day, found in tables.sums(account, *span).items():
        if not dimensions:
            yield DayFigures(day, "", found.all)
            continue
        (name,) = dimensions
        for value, figures in found.by[name].items():
            if name not in wanted or value in wanted[name]:
                yield DayFigures(day, value if asked.dimension else "", figures)
        yield DayFigures(day, "", {} if wanted else only_hours(found.all))


def _between(first: str, last: str) -> list[str]:
    """Every day from the first to the last."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]


def _names(asked: ReportQuery, account: str, users: Iterable[User], parts: Parts) -> dict[str, str]:
    if asked.dimension == "user":
        return {user.user_id: user.name for user in users}
    if asked.dimension == "template":
        return {template.template_id: template.name for template in parts.templates(account)}
    return {}
