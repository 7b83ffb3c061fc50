"""Reports as they are shown, for the API, the pages, and what goes out by mail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from chalicelib.core import mail_filter, mail_view, report_period, source
from chalicelib.core.mail_filter import Here
from chalicelib.core.report_query import STATUS
from chalicelib.core.token import Keys
from chalicelib.entrypoints import calls
from chalicelib.flow import read_report
from chalicelib.settings import Settings
from chalicelib.storage.behind import Behind
from chalicelib.storage.cells import CellTable
from chalicelib.storage.day_tables import DayTables
from chalicelib.storage.mail_pages import Page
from chalicelib.storage.messages import Messages
from chalicelib.storage.policies import Policies
from chalicelib.storage.templates import Templates
from chalicelib.storage.users import Users

REPORTING = ("reports_table", "account_table", "messages_table", "token_keys")
"""The settings that showing reports needs."""

OF_THE_LIST = frozenset({"limit", "after", "before"})
LIST = "emails"


class Parts(NamedTuple):
    """Where reports and the mails behind them are."""

    reading: read_report.Parts
    messages: Messages
    users: Users
    keys: Keys


def reading_of(own: Settings) -> read_report.Parts:
    """The stores that reports are read from."""
    cells = CellTable(own.reports_table, own.region)
    return read_report.Parts(
        tables=DayTables(own.reports_table, own.region, cells.of_day),
        behind=Behind(own.reports_table, own.region),
        users=Users(own.account_table, own.region).all,
        templates=Templates(own.account_table, own.region).all,
        policy_of=Policies(own.account_table, own.region).get,
    )


def reporting_of(own: Settings) -> Parts:
    """The stores of this installation."""
    messages, users = Messages(own.messages_table, own.region), Users(own.account_table, own.region)
    return Parts(reading_of(own), messages, users, own.keys)


def shown(
    account: str, name: str, query: Mapping[str, Sequence[str]], parts: Parts, *, now: datetime
) -> dict[str, Any]:
    """The report of this name that a query asks for; that of statuses with a page of the mails themselves. Raises
    BadInput, which names each wrong parameter."""
    reading = parts.reading._replace(policy_of=cache(parts.reading.policy_of), users=cache(parts.reading.users))
    report = read_report.read_report(account, name, query, reading, now=now)
    if name != STATUS:
        return report
    return {**report, LIST: _emails(account, query, parts._replace(reading=reading), now)}


def _emails(account: str, query: Mapping[str, Sequence[str]], parts: Parts, now: datetime) -> dict[str, Any]:
    asked = calls.window_of(query, parts.keys, account, LIST)
    if any(not source.kind_of(one).is_sent_from_system for one in query.get("source", ())):
        return calls.listing_of(account, parts.keys, LIST, [], Page([], has_more=False))  # none of these is sent
    wanted = {name: values for name, values in query.items() if name not in {*OF_THE_LIST, "compare"}}
    days = {} if {"period", "from"} & query.keys() else {"period": [report_period.DEFAULT]}
    reading = parts.reading  # which remembers what the figures took
    here = Here(
        now,
        zone=lambda: reading.policy_of(account).zone,
        users_of=lambda group: frozenset(user.user_id for user in reading.users(account) if group in user.groups),
    )
    only = mail_filter.parse({**wanted, **days, "counted_as": ["sent"]}, here)
    page = parts.messages.page(account, asked.limit, asked.after, asked.before, only)
    return calls.listing_of(account, parts.keys, LIST, [mail_view.show(message) for message in page.messages], page)
