"""A report's figures without any table: an account's mails and calls of a hundred days, the same at each run."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from chalicelib.core import report, report_query
from chalicelib.core.cell import HOURS
from chalicelib.core.report import DayFigures, Found
from chalicelib.core.report_query import STATUS, ReportQuery
from chalicelib.web.ports import Directory

TEMPLATES = [(f"t{place}", name) for place, name in enumerate(("Welcome", "Quote", "Reminder", "Spring offer"))]
USERS = [("max", "Max Meier"), ("ann", "Ann Smith"), ("li", "Li Wei")]
MODULES = ("leads", "deals", "")
SOURCES = ("individual", "mass_email")
DIRECTORY = Directory(USERS, ["Sales", "Support"], TEMPLATES)
DAYS = 200


class FilledReports:
    """What the API answers, made by the core from figures that are kept here; `emails` are those of Sent Email
    Status."""

    def __init__(self, now: datetime, is_empty: bool = False) -> None:
        self.now = now
        self.kept = [] if is_empty else list(_cells(now.date(), Random(7)))
        self.asked: list[tuple[str, str, Mapping[str, Sequence[str]]]] = []
        self.emails: dict[str, Any] = {"data": [], "has_more": False, "after": None, "before": None}

    def __call__(self, account: str, name: str, query: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
        self.asked.append((account, name, query))
        wanted = report_query.parse(name, query, today=self.now.date())
        days = [
            DayFigures(day, _value(place, wanted.dimension), figures)
            for day, place, figures in self.kept
            if _is_wanted(place, wanted)
        ]
        names = dict({"user": USERS, "template": TEMPLATES}.get(wanted.dimension or "", []))
        shown = report.show(wanted, Found(days, names, "Europe/Berlin", self.now - timedelta(minutes=2)))
        return {**shown, "emails": self.emails} if name == STATUS else shown


def _value(place: Mapping[str, str], dimension: str | None) -> str:
    return place[dimension] if dimension else ""


def _is_wanted(place: Mapping[str, str], query: ReportQuery) -> bool:
    if query.users and place["user"] not in query.users:
        return False
    return all(getattr(query, name) in (None, place[name]) for name in ("template", "module", "source"))


def _cells(today: date, dice: Random) -> Any:
    for ago in range(DAYS):
        day = today - timedelta(days=ago)
        for _ in range(3 if day.weekday() < 5 else 1):
            place = {
                "template": dice.choice([*(key for key, _ in TEMPLATES), ""]),
                "module": dice.choice(MODULES),
                "user": dice.choice([key for key, _ in USERS]),
                "source": dice.choice(SOURCES),
            }
            yield day.isoformat(), place, _figures(dice, day)


def _figures(dice: Random, day: date) -> dict[str, int]:
    sent = dice.randint(5, 60)
    hard, soft = dice.randint(0, 2), dice.randint(0, 1)
    tracked = sent - dice.randint(0, sent // 4)
    opened = int(tracked * dice.uniform(0.2, 0.6))
    clicked = int(opened * dice.uniform(0.1, 0.4))
    received = dice.randint(0, 10)
    figures = {
        **{"sent": sent, "bounced_hard": hard, "bounced_soft": soft, "delivered": sent - hard - soft},
        **{"tracked": tracked, "bounced_tracked": hard, "opened": opened, "clicked": clicked},
        **{"received": received, "responded": received // 2, "opened_by_proxy": 2, "opened_by_machine": 1},
        **{"clicked_by_machine": 3, "unsubscribed": dice.randint(0, 1), "complained": 0},
        **{"calls_outbound": dice.randint(0, 6), "calls_inbound": dice.randint(0, 3), "calls_missed": 1},
        "call_seconds": dice.randint(0, 4000),
    }
    for _ in range(opened):
        hour = HOURS[day.weekday() * 24 + min(23, max(0, round(dice.gauss(10, 3))))]
        figures[hour] = figures.get(hour, 0) + 1
    return figures
