"""What replacing the links of a mail costs, beside public parsers: `python -m bench links`.

Three mails of usual sizes, nine that are made to take long, and what each further recipient of a mail costs.
"""

import itertools
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from selectolax.lexbor import LexborHTMLParser

from bench.hostile import HOSTILE, Hostile
from bench.mail import PIXEL_URL, Mail, a_mail, restored
from bench.recipients import EVERY_MESSAGE, html_for, minted
from bench.report import Figure, Goal, Table
from bench.rewriters import MAILSIGHT, REWRITERS, SELECTOLAX, by_selectolax
from bench.turns import take_turns
from chalicelib.core import links

SIZES = {"12 KB": 12_000, "100 KB": 100_000, "500 KB": 500_000}
HOSTILE_CHARACTERS = 500_000
BATCH = 20  # recipients in a row, as a worker serves them

TO_SELECTOLAX = Goal("≤", 1.2)
LINEAR = Goal("≤", 2.6)  # linear time is 2, quadratic 4; the rest is caches that are too small for the longer mail
PER_RECIPIENT_MS = Goal("≤", 0.5)
NONE = Goal("=", 0)

PARSE_ONLY = "selectolax: parse only, nothing written out"
CUT_ONLY = "mailsight: cut only"


def tables(rounds: int = 20, hostile_rounds: int = 5) -> Iterator[Table]:
    """Each as soon as it is measured."""
    for name, characters in SIZES.items():
        yield _rewriting(name, a_mail(characters), rounds)
    yield _hostile(hostile_rounds)
    yield _further_recipients(a_mail(SIZES["100 KB"]), rounds)


def _rewriting(name: str, mail: Mail, rounds: int) -> Table:
    contenders: dict[str, Callable[[], object]] = {
        **{name: partial(run, mail.html, mail.tracked) for name, run in REWRITERS.items()},
        PARSE_ONLY: partial(LexborHTMLParser, mail.html),
        CUT_ONLY: partial(links.split, mail.html),
    }
    medians = {name: statistics.median(took) for name, took in take_turns(contenders, rounds).items()}
    changed = {name: changed_lines(mail, run(mail.html, mail.tracked)) for name, run in REWRITERS.items()}
    ratio, lines = medians[MAILSIGHT] / medians[SELECTOLAX], mail.html.count("\n")
    beside = f"{medians[MAILSIGHT] / medians[PARSE_ONLY]:.2f} × selectolax's parse, which writes nothing out"
    figures = [
        Figure(f"mailsight to selectolax, {name}", ratio, "×", TO_SELECTOLAX, beside),
        Figure(f"lines that mailsight changed outside the links, {name}", changed[MAILSIGHT], goal=NONE),
    ]
    for contender, median in medians.items():
        says = [f"{median / medians[SELECTOLAX]:.2f} × selectolax"]
        if contender in changed:
            says.append(f"changes {changed[contender]} lines" if changed[contender] else "changes nothing else")
        figures.append(Figure(contender, median, "ms", note="; ".join(says)))
    about = (
        f"A newsletter of {len(mail.html):,} characters, {lines:,} lines and {len(mail.hrefs)} links, "
        "with Outlook's comments and nested tables. All give the mail as a text with every link replaced and a pixel; "
        "for a parser that means to parse, to change and to write out, and that is what the goal compares. The lines "
        "are compared byte by byte after the links and the pixel are taken back. "
        f"Medians of the CPU time of {rounds} rounds in which all take turns."
    )
    return Table(f"Rewriting a mail of {name}", about, figures)


def changed_lines(mail: Mail, sent: str) -> int:
    """How many lines of the mail did not come back as they were, byte for byte, besides its links and the pixel."""
    back = restored(sent, mail.tracked, mail.hrefs, PIXEL_URL).encode()
    before = mail.html.encode()
    if back == before:
        return 0
    return max(1, (Counter(before.split(b"\n")) - Counter(back.split(b"\n"))).total())


def _hostile(rounds: int) -> Table:
    wholes = {one: one.mail(HOSTILE_CHARACTERS) for one in HOSTILE}
    contenders: dict[str, Callable[[], object]] = {}
    for one, html in wholes.items():
        contenders[f"{one.name}, half"] = partial(_rewritten, one.mail(HOSTILE_CHARACTERS // 2))
        contenders[f"{one.name}, whole"] = partial(_rewritten, html)
        contenders[f"{one.name}, parsed"] = partial(LexborHTMLParser, html)
    least = {name: min(took) for name, took in take_turns(contenders, rounds).items()}
    changed = sum(not _comes_back(html) for html in wholes.values())
    figures = [_linear(one, least) for one in HOSTILE]
    figures.append(Figure("hostile mails that come back with another byte changed", changed, goal=NONE))
    about = (
        f"Mails of {HOSTILE_CHARACTERS // 2:,} and {HOSTILE_CHARACTERS:,} characters, made to be slow; measured is how "
        "many times as long the longer one takes to be cut and put together: twice is linear, four times quadratic. "
        f"Least CPU times of {rounds} rounds in which all take turns: noise only adds. "
        "Selectolax only parses here."
    )
    return Table("Hostile mails: linear in their length", about, figures)


def _rewritten(html: str) -> tuple[str, list[str], tuple[str, ...]]:
    """The mail with links and pixel, what was put in, and what had stood there."""
    cut = links.split(html)
    tracked = [f"https://t.example.net/c/{position}." for position in range(len(cut.originals))]
    return links.instrument(cut, tracked, PIXEL_URL), tracked, cut.originals


def _comes_back(html: str) -> bool:
    sent, tracked, originals = _rewritten(html)
    return restored(sent, tracked, list(originals), PIXEL_URL) == html


def _linear(one: Hostile, least: dict[str, float]) -> Figure:
    half, whole, parsed = (least[f"{one.name}, {part}"] for part in ("half", "whole", "parsed"))
    says = f"`{one.unit}`" if one.unit.isprintable() else "`\\0`, `\\v`, U+2028, U+FEFF"
    note = f"{says}; {half:.1f} ms, then {whole:.1f} ms; selectolax {parsed:.1f} ms"
    return Figure(one.name, whole / half, "×", LINEAR, note)


def _further_recipients(mail: Mail, rounds: int) -> Table:
    cut = links.split(mail.html)
    urls, pixel_url = minted(cut.destinations, f"{0:032x}")
    ids = map("{:032x}".format, itertools.count(1))
    contenders = {
        "tokens minted": lambda: [minted(cut.destinations, next(ids)) for _ in range(BATCH)],
        "put together": lambda: [links.instrument(cut, urls, pixel_url) for _ in range(BATCH)],
        "both": lambda: [html_for(cut, next(ids)) for _ in range(BATCH)],
        "cut": lambda: [html_for(links.split(mail.html), next(ids)) for _ in range(BATCH)],
        "selectolax": lambda: [by_selectolax(mail.html, minted(cut.destinations, next(ids))[0]) for _ in range(BATCH)],
    }
    medians = {name: statistics.median(took) / BATCH for name, took in take_turns(contenders, rounds).items()}
    tokens = len(urls) + 1
    figures = [
        Figure("a further recipient: tokens minted, mail put together", medians["both"], "ms", PER_RECIPIENT_MS),
        Figure(f"of that, {tokens} tokens minted", medians["tokens minted"], "ms"),
        Figure("of that, the mail put together", medians["put together"], "ms"),
        Figure("a first recipient: the mail is cut, too", medians["cut"], "ms", note=EVERY_MESSAGE),
        Figure("selectolax with the same tokens: parse, change, write out", medians["selectolax"], "ms"),
    ]
    about = (
        f"A mail of {len(mail.html):,} characters and {len(urls)} links that is cut already; each recipient gets links "
        f"and a pixel of their own, signed. Medians of the CPU time of {rounds} rounds of {BATCH} recipients in a row."
    )
    return Table("Each further recipient of a mail of 100 KB", about, figures)
