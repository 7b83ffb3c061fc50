"""When people open: mails by the hour of the week in which they were first opened, as a map of heat."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

from chalicelib.core.cell import WEEKDAYS
from chalicelib.web import report_links
from chalicelib.web.report_table import About

LEVELS = 9
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Hour(NamedTuple):
    """How many, how hot that is (0 for none, 9 for most), in words, and where the mails are."""

    number: int
    level: int
    words: str
    href: str | None


class Heat(NamedTuple):
    """The days with their hours, and when most mails are first opened; "" if none was."""

    days: list[tuple[str, list[Hour]]]
    hottest: str


def heat_of(hours: Mapping[str, Sequence[int]], about: About) -> Heat:
    """The map of these numbers, 24 of each weekday."""
    most = max(max(hours[day]) for day in WEEKDAYS)
    days = [
        (name, [_hour((name, day), hour, number, most, about) for hour, number in enumerate(hours[day])])
        for day, name in zip(WEEKDAYS, _NAMES, strict=True)
    ]
    hottest = max((max(own, key=lambda one: one.number) for _, own in days), key=lambda one: one.number)
    return Heat(days, hottest.words.rpartition(":")[0] if most else "")


def _hour(day: tuple[str, str], hour: int, number: int, most: int, about: About) -> Hour:
    level = ceil(LEVELS * number / most) if most else 0
    words = f"{day[0]} {hour}:00 to {hour + 1}:00: {number:,} {'mail' if number == 1 else 'mails'}"
    href = report_links.mails(about.site, about.where(), f"{day[1]}_{hour:02d}") if number else None
    return Hour(number, level, words, href)
