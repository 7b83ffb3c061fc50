"""The words of the report pages for what the core names: reports, periods, dimensions, columns and rates."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.core.report_query import ANALYTICS, BY_CLICK_RATE, BY_OPEN_RATE, CALLS, STATUS, TOP_USERS


class Report(NamedTuple):
    """A report: its title, and what it is for in a sentence."""

    title: str
    sentence: str


REPORTS: Mapping[str, Report] = {
    ANALYTICS: Report(
        "Email Analytics", "What was sent, and how much of it was delivered, opened, clicked and answered."
    ),
    CALLS: Report("Email and Call Analytics", "Mails and calls side by side, for each user and day."),
    STATUS: Report("Sent Email Status", "The mails of a period, each with what became of it."),
    BY_OPEN_RATE: Report("Top 10 Templates by Open Rate", "The templates whose mails are opened most often."),
    BY_CLICK_RATE: Report("Top 10 Templates by Click Rate", "The templates whose links are followed most often."),
    TOP_USERS: Report("Top 10 Users", "Who sends most, and whose mails are read most."),
}

PERIODS: Mapping[str, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "last_7_days": "Last 7 days",
    "last_30_days": "Last 30 days",
    "last_100_days": "Last 100 days",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "this_year": "This year",
}

DIMENSIONS: Mapping[str, str] = {
    "date": "Date",
    "template": "Template",
    "module": "Module",
    "user": "User",
    "source": "Source",
    "user_and_date": "User and date",
}

INTERVALS: Mapping[str, str] = {"day": "Days", "week": "Weeks", "month": "Months"}

ORDERS: Mapping[str, str] = {
    "sent": "Mails sent",
    "opened": "Mails opened",
    "clicked": "Mails clicked",
    "open_rate": "Open rate",
    "click_rate": "Click rate",
}

WITHOUT: Mapping[str, str] = {
    "template": "No template",
    "module": "No module",
    "user": "No user",
}
"""What is said of mails that have none."""

FIELDS: Mapping[str, str] = {
    "period": "Period",
    "from": "First day",
    "to": "Last day",
    "group": "Group",
    "user": "User",
    "template": "Template",
    "module": "Module",
    "source": "Source",
    "status": "Status",
    "by": "Break-up",
    "interval": "Interval",
    "compare": "Comparison",
    "minimum": "Least number of tracked mails",
    "limit": "Number of rows",
    "order": "Order",
    "after": "Place in the list",
    "before": "Place in the list",
}
"""What the fields of an address are called, where one of them is wrong."""

RATES: Mapping[str, str] = {
    "delivery_rate_of_sent": "of sent",
    "bounce_rate_of_sent": "of sent",
    "open_rate_of_delivered": "of delivered",
    "click_rate_of_delivered": "of delivered",
    "open_rate_of_tracked": "of tracked",
    "click_rate_of_tracked": "of tracked",
    "click_rate_of_opened": "of opened",
    "response_rate_of_received": "of received",
}
"""The denominator of each rate, which is always said."""


class Column(NamedTuple):
    """A column of a table: its name in the report, its heading, what it counts, and of what kind it is: `mails`, which
    can be opened, `rate`, `calls` or `seconds`."""

    name: str
    label: str
    hint: str
    kind: str = "mails"


_EACH = (
    Column("sent", "Sent", "Mails that were sent from here"),
    Column("delivered", "Delivered", "Taken by the recipient’s server, and not bounced"),
    Column("bounced", "Bounced", "Came back, hard and soft"),
    Column("tracked", "Tracked", "Of those sent, whose opens and clicks can be seen"),
    Column("bounced_tracked", "Bounced, tracked", "Of the tracked ones, those that came back"),
    Column("opened", "Opened", "Of the tracked ones, opened by a person"),
    Column("clicked", "Clicked", "Of the tracked ones, with a link that a person followed"),
    Column("received", "Received", "Mails that came in"),
    Column("responded", "Responded", "Of those received, answered by somebody"),
    Column("unsubscribed", "Unsubscribed", "Whose recipient wants no more"),
    Column("complained", "Spam", "Marked as spam by the recipient"),
    Column("open_rate_of_tracked", "Open rate", "Opened, of tracked", "rate"),
    Column("click_rate_of_tracked", "Click rate", "Clicked, of tracked", "rate"),
    Column("calls", "Calls", "Outbound and inbound calls", "calls"),
    Column("calls_outbound", "Outbound", "Calls that a user made", "calls"),
    Column("calls_inbound", "Inbound", "Calls that a user took", "calls"),
    Column("calls_missed", "Missed", "Calls that nobody took", "calls"),
    Column("call_seconds", "Talked", "How long all calls took together", "seconds"),
)
COLUMNS: Mapping[str, Column] = {column.name: column for column in _EACH}

OF_MAILS = (
    *("sent", "delivered", "bounced", "tracked"),
    *("opened", "open_rate_of_tracked", "clicked", "click_rate_of_tracked"),
    *("received", "responded", "unsubscribed", "complained", "bounced_tracked"),
)
"""The rates stand beside what they are of, where they are seen without scrolling."""

OF_MAILS_AND_CALLS = (
    *("sent", "opened", "clicked", "received", "responded"),
    *("calls", "calls_outbound", "calls_inbound", "calls_missed", "call_seconds"),
)
OF_USERS = (
    "sent",
    "delivered",
    "bounced",
    "tracked",
    "opened",
    "clicked",
    "open_rate_of_tracked",
    "click_rate_of_tracked",
)
OF_TEMPLATES = ("sent", "tracked", "opened", "clicked")
