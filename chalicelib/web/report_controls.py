"""What a reader can turn on a report's page: its days, filters, break-up, comparison, and its files."""

from typing import NamedTuple

from chalicelib.core.report_query import ANALYTICS, BREAK_UPS, CALLS, DATE, RANKED, STATUS, TOP_USERS, USUAL_MINIMUM
from chalicelib.web import report_filters
from chalicelib.web.narrowing import Choice
from chalicelib.web.ports import Directory
from chalicelib.web.report_filters import DAYS, OTHERS, Chip, Given
from chalicelib.web.report_words import DIMENSIONS, INTERVALS, ORDERS, PERIODS, REPORTS, Report
from chalicelib.web.urls import Site

PATH = "/reports"
USUAL_PERIOD = "last_30_days"
_FORMATS = {"csv": "CSV", "xlsx": "XLSX"}


class Switch(NamedTuple):
    """A way to see the report otherwise: its words, where it is, and whether it is what is seen now."""

    words: str
    href: str
    is_on: bool = False


class Narrowed(NamedTuple):
    """A filter that is set, in words, and where the report is without it."""

    label: str
    words: str
    href: str


class Controls(NamedTuple):
    """All of it. `given` is the tidied query; `choices` are those of the form's fields; `narrow` and `date` are the
    fields that the two forms send on."""

    name: str
    report: Report
    path: str
    given: Given
    narrowed: list[Narrowed]
    choices: dict[str, list[Choice]]
    all: str
    period: str
    periods: list[Switch]
    views: list[Switch]
    intervals: list[Switch]
    orders: list[Switch]
    comparison: Switch
    files: list[Switch]

    @property
    def is_summary(self) -> bool:
        return self.name == ANALYTICS and "by" not in self.given

    @property
    def has_minimum(self) -> bool:
        return self.name in RANKED

    @property
    def has_status(self) -> bool:
        return self.name == STATUS

    @property
    def minimum(self) -> str:
        return self.one("minimum") or str(USUAL_MINIMUM)

    def one(self, name: str) -> str:
        """What is given of a field, "" for nothing."""
        return next(iter(self.given.get(name, ())), "")

    def besides(self, *names: str) -> list[tuple[str, str]]:
        """What a form sends on that has these fields itself."""
        return report_filters.pairs(self.given, names)


def controls_of(name: str, given: Given, directory: Directory, site: Site) -> Controls:
    """The controls of a report as it is seen now."""
    path = f"{PATH}/{name}"

    def to(query: Given) -> str:
        return site.place(path, query)

    chips: list[Chip] = report_filters.chips(given, directory)
    preset = given.get("period", [USUAL_PERIOD])[0] if not {"from", "to"} & given.keys() else ""
    return Controls(
        name=name,
        report=REPORTS[name],
        path=to({}),
        given=given,
        narrowed=[Narrowed(chip.label, chip.words, to(chip.without)) for chip in chips],
        choices=report_filters.choices(given, directory),
        all=to(report_filters.only(given, (*DAYS, *OTHERS))),
        period=PERIODS.get(preset, "Other days"),
        periods=[
            Switch(words, to(report_filters.in_period(given, one)), one == preset) for one, words in PERIODS.items()
        ],
        views=_views(name, given, site),
        intervals=_intervals(name, given, site),
        orders=_orders(name, given, site),
        comparison=_comparison(name, given, site),
        files=_files(name, given, site),
    )


def _views(name: str, given: Given, site: Site) -> list[Switch]:
    """Its break-ups; of the analytics of mails the summary comes first."""
    break_ups = BREAK_UPS.get(name, ())
    each = {"": "Summary"} if name == ANALYTICS else {}
    each.update((by, DIMENSIONS[by]) for by in break_ups)
    usual = "" if name == ANALYTICS else next(iter(break_ups), "")
    now = given.get("by", [usual])[0]
    return [
        Switch(words, _to(name, given, site, by=None if by == usual else by, interval=None, limit=None), by == now)
        for by, words in each.items()
    ]


def _intervals(name: str, given: Given, site: Site) -> list[Switch]:
    by = given.get("by", [""])[0]
    if name not in (ANALYTICS, CALLS) or DATE not in by:
        return []
    now = given.get("interval", ["day"])[0]
    return [
        Switch(words, _to(name, given, site, interval=None if one == "day" else one), one == now)
        for one, words in INTERVALS.items()
    ]


def _orders(name: str, given: Given, site: Site) -> list[Switch]:
    if name != TOP_USERS:
        return []
    now = given.get("order", ["sent"])[0]
    return [
        Switch(words, _to(name, given, site, order=None if one == "sent" else one), one == now)
        for one, words in ORDERS.items()
    ]


def _comparison(name: str, given: Given, site: Site) -> Switch:
    """With the period before."""
    is_on = "compare" in given
    return Switch(
        "Compare with the period before", _to(name, given, site, compare=None if is_on else "previous"), is_on
    )


def _files(name: str, given: Given, site: Site) -> list[Switch]:
    """The report as a file, with the query as the API takes it."""
    query = report_filters.plain(report_filters.for_report(name, given))
    return [
        Switch(words, site.place(f"{PATH}/{name}/file", {**query, "format": [one]})) for one, words in _FORMATS.items()
    ]


def _to(name: str, given: Given, site: Site, **changes: str | None) -> str:
    return site.place(f"{PATH}/{name}", report_filters.changed(given, **changes))
