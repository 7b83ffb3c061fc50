"""How many hits of scanners are taken for machines', and how many people are lost: a simulated dispatch.

Every request goes the whole way: client, network, evidence, rules, verdict. The figures are those of the simulator, and
no better than what bench/sweeps.py and bench/readers.py assume; what was published is cited there.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bench import readers, sweeps
from bench.readers import Habits
from bench.report import Figure, Goal, Table
from bench.sweeps import FLEETS, PATTERNS, Fleet, Request
from chalicelib.core import event as events
from chalicelib.core.event import Event, Kind
from chalicelib.core.evidence import evidence_of
from chalicelib.core.rules import Context
from chalicelib.core.verdict import Maker, judge

MAILS = 10_000
SCANNED = 0.3
SEED = 836
LINKS = 10
SENT_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SALT = b"the salt of a day"
AT_THE_CLICK = 0.2  # of clicks behind a scanner are looked at once more; assumed
MIXED = Fleet("one, three or many networks", 0)


class Dispatch(NamedTuple):
    """What is simulated; `fleet` is drawn for each mail if it is MIXED."""

    mails: int = MAILS
    links: int = LINKS
    scanned: float = SCANNED
    fleet: Fleet = MIXED
    habits: Habits = Habits()
    seed: int = SEED


@dataclass
class Tally:
    """Hits and how many of them were taken for a machine's, by who really made them: opens and clicks apart."""

    made: dict[tuple[str, bool], int] = field(default_factory=dict)
    taken: dict[tuple[str, bool], int] = field(default_factory=dict)
    mails: int = 0
    mails_cleared: int = 0
    people: int = 0
    people_lost: int = 0

    def add(self, label: str, is_open: bool, is_machine: bool) -> None:
        self.made[label, is_open] = self.made.get((label, is_open), 0) + 1
        self.taken[label, is_open] = self.taken.get((label, is_open), 0) + is_machine

    def number(self, of: Mapping[tuple[str, bool], int], labels: Iterable[str], kinds: Sequence[bool]) -> int:
        """Of `made` or `taken`, the hits with these labels; `kinds` are true for opens and false for clicks."""
        return sum(of.get((label, kind), 0) for label in labels for kind in kinds)


PEOPLE = "people"
CLICK_SCAN = "a second look at the click"
MACHINES = (*(name for name, *_ in PATTERNS), CLICK_SCAN)
OPENS, CLICKS, BOTH = (True,), (False,), (True, False)
CAUGHT, LOST = Goal("≥", 95), Goal("≤", 1)


def simulate(dispatch: Dispatch) -> Tally:
    """The dispatch, mail by mail, and what the rules made of it."""
    chance, tally = random.Random(dispatch.seed), Tally()
    for number in range(dispatch.mails):
        asked, delivered_at = _mail(chance, dispatch, is_scanned=chance.random() < dispatch.scanned)
        _count(tally, asked, Context(delivered_at, links=dispatch.links), number)
    return tally


def _mail(chance: random.Random, dispatch: Dispatch, *, is_scanned: bool) -> tuple[list[tuple[str, Request]], datetime]:
    """Who asks for what, `at` after sending, and when the mail was delivered: some two seconds after (assumed)."""
    delivered = chance.lognormvariate(0.7, 0.6)
    company = f"185.{chance.randrange(256)}.{chance.randrange(256)}"
    read = readers.requests(chance, dispatch.links, dispatch.habits, is_at_work=is_scanned, company=company)
    asked = [(PEOPLE, one._replace(at=one.at + delivered)) for one in read]
    if is_scanned:
        fleet = chance.choice(FLEETS) if dispatch.fleet == MIXED else dispatch.fleet
        name, _, pattern = chance.choices(PATTERNS, [share for _, share, _ in PATTERNS])[0]
        followed = [one for _, one in asked if one.link is not None]
        asked += [(name, one) for one in pattern(chance, dispatch.links, fleet)]
        asked += [
            (CLICK_SCAN, sweeps.at_the_click(chance, one, fleet)) for one in followed if chance.random() < AT_THE_CLICK
        ]
    return asked, SENT_AT + timedelta(seconds=delivered)


def _count(tally: Tally, asked: list[tuple[str, Request]], context: Context, number: int) -> None:
    hits = [(label, _event(one, f"{number}-{index}")) for index, (label, one) in enumerate(asked)]
    verdicts = judge([hit for _, hit in hits], context)
    machine = {hit.key: verdicts[hit.key].maker is Maker.MACHINE for _, hit in hits}
    counted = [(label, hit) for label, hit in hits if verdicts[hit.key].maker is not Maker.PROXY]
    for label, hit in counted:
        tally.add(label, hit.kind is Kind.OPENED, machine[hit.key])
    scanners = [machine[hit.key] for label, hit in counted if label != PEOPLE]
    people = [machine[hit.key] for label, hit in counted if label == PEOPLE]
    tally.mails += bool(scanners)
    tally.mails_cleared += bool(scanners) and all(scanners)
    tally.people += bool(people)
    tally.people_lost += bool(people) and all(people)


def _event(one: Request, event_id: str) -> Event:
    data = evidence_of(one.method, {"user-agent": one.agent}, one.ip, salt=SALT)
    if isinstance(one.link, str):
        data["page"] = one.link
    elif one.link is not None:
        data["position"] = one.link
    kind = Kind.OPENED if one.link is None else Kind.CLICKED
    return events.make("0" * 32, event_id, kind, SENT_AT + timedelta(seconds=one.at), **data)


Variant = tuple[str, Dispatch]

DISPATCH = Dispatch()
VARIANTS: tuple[Variant, ...] = (
    *((f"{links} links" if links > 1 else "one link", Dispatch(links=links)) for links in (1, 2, 3, 5, 20)),
    *((f"each scanner has {fleet.name}", Dispatch(fleet=fleet)) for fleet in FLEETS),
    ("nobody opens tabs", Dispatch(habits=Habits(in_tabs=0))),
    ("a third opens tabs", Dispatch(habits=Habits(in_tabs=0.33))),
    ("people skim: ten seconds a page", Dispatch(habits=Habits(before_first_click=8, between_clicks=10))),
    ("another seed", Dispatch(seed=SEED + 1)),
)


def tables(dispatch: Dispatch = DISPATCH, variants: Sequence[Variant] = VARIANTS) -> Iterator[Table]:
    """The dispatch of ten links with its goals, by pattern, and what other mails, fleets and people make of it."""
    tally = simulate(dispatch)
    yield Table(
        "Machines and people",
        f"A simulated dispatch of {dispatch.mails:,} mails with {dispatch.links} links, {dispatch.scanned:.0%} behind"
        f" scanners; seed {dispatch.seed}."
        " What is cited and what assumed of scanners and people is in `bench/sweeps.py` and `bench/readers.py`; how"
        " common which scanner is, is assumed. Without pictures that Apple's privacy proxy loads: they are neither's.",
        [
            _share(tally, "scanners' hits taken for machines'", MACHINES, BOTH, CAUGHT),
            _share(tally, "scanners' clicks", MACHINES, CLICKS, CAUGHT),
            _share(tally, "scanners' opens", MACHINES, OPENS, CAUGHT, "; missed: over a minute before the sweep"),
            _of("scanned mails of which no scanner's hit counts", tally.mails_cleared, tally.mails),
            _share(tally, "people's hits taken for machines'", [PEOPLE], BOTH, LOST),
            _share(tally, "people's clicks", [PEOPLE], CLICKS, LOST, "; lost: three links opened in tabs at once"),
            _share(tally, "people's opens", [PEOPLE], OPENS, LOST),
            _of("people of whom nothing counts", tally.people_lost, tally.people, LOST),
        ],
    )
    yield Table(
        "Machines by pattern",
        "The same dispatch: which hits of each kind of scanner are taken for a machine's.",
        [
            _share(tally, f"{name}: {kind}", [name], which)
            for name in MACHINES
            for kind, which in (("opens", OPENS), ("clicks", CLICKS))
            if tally.number(tally.made, [name], which)
        ],
    )
    yield Table(
        "Machines and people otherwise",
        "Scanners' hits taken for machines', with one thing changed at a time. Fewer links leave less to see:"
        " a sweep of one or two links is a click like any other.",
        [_variant(what, simulate(variant)) for what, variant in variants],
    )


def _share(
    tally: Tally, what: str, labels: Sequence[str], kinds: Sequence[bool], goal: Goal | None = None, note: str = ""
) -> Figure:
    taken, made = tally.number(tally.taken, labels, kinds), tally.number(tally.made, labels, kinds)
    return _of(what, taken, made, goal, note)


def _of(what: str, some: int, number: int, goal: Goal | None = None, note: str = "") -> Figure:
    return Figure(what, _per_cent(some, number), "%", goal, f"of {number:,}{note}")


def _per_cent(some: int, number: int) -> float:
    return 100 * some / number if number else 0.0


def _variant(what: str, tally: Tally) -> Figure:
    clicks, opens = _share(tally, "", MACHINES, CLICKS).value, _share(tally, "", MACHINES, OPENS).value
    lost_clicks, lost_opens = _share(tally, "", [PEOPLE], CLICKS).value, _share(tally, "", [PEOPLE], OPENS).value
    note = f"clicks {clicks:.1f} %, opens {opens:.1f} %; people's lost: {lost_clicks:.2f} %, {lost_opens:.2f} %"
    return _share(tally, what, MACHINES, BOTH)._replace(note=note)
