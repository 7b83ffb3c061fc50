"""What a report is narrowed to: the fields of its address, how each is said, and how to change or take one away.

In the address of a page `(none)` asks for mails without a template, module or user, for which the API takes the empty
text; that is taken here, too. But what the form of filters sends empty goes without saying, and it says that it is it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chalicelib.core import report_query
from chalicelib.core.cell import NONE
from chalicelib.core.report_query import BREAK_UPS, DATE
from chalicelib.core.source import RECEIVABLE, SENDABLE
from chalicelib.core.status import Status
from chalicelib.web.narrowing import Choice
from chalicelib.web.ports import Directory
from chalicelib.web.report_words import FIELDS, WITHOUT
from chalicelib.web.words import STATUSES, source_words, titled

FORM = "form"
"""The field by which the form of filters says that it sends empty what nobody filled in."""

DAYS = ("period", "from", "to")
NARROWING = ("group", "user", "template", "module", "source", "status")
OTHERS = ("compare", "by", "interval", "order", "minimum", "limit")
PLACES = ("after", "before")
_KNOWN = (*DAYS, *NARROWING, *OTHERS, *PLACES)

Given = Mapping[str, Sequence[str]]


class Chip(NamedTuple):
    """A filter that is set, in words, and the query without it."""

    label: str
    words: str
    without: Given


def tidy(query: Given) -> dict[str, list[str]]:
    """The fields that reports know, each with what is given, and nothing that is empty."""
    asked = query if FORM in query else paged(query)
    kept = {name: [value.strip() for value in asked.get(name, ()) if value.strip()] for name in _KNOWN}
    return {name: values for name, values in kept.items() if values}


def for_report(name: str, given: Given) -> dict[str, list[str]]:
    """The query as this report takes it; what only others take is left out."""
    asked = plain(only(given, report_query.known(name)))
    if name not in BREAK_UPS:
        return asked
    by = "".join(asked.get("by", BREAK_UPS[name][:1]))
    is_left_out = {"interval": DATE not in by, "limit": by == DATE}  # days are all there
    return {field: values for field, values in asked.items() if not is_left_out.get(field)}


def plain(given: Given) -> dict[str, list[str]]:
    """The query as the API takes it."""
    return {name: ["" if value == NONE and name in WITHOUT else value for value in given[name]] for name in given}


def paged(query: Given) -> dict[str, list[str]]:
    """The API's query as the address of a page has it."""
    return {name: [NONE if not value and name in WITHOUT else value for value in query[name]] for name in query}


def changed(given: Given, **changes: str | None) -> dict[str, list[str]]:
    """The query with other values; None takes a field away. A place in a list is lost: it is another list."""
    kept = {name: list(values) for name, values in given.items() if name not in changes and name not in PLACES}
    return {**kept, **{name: [value] for name, value in changes.items() if value is not None}}


def only(given: Given, names: Iterable[str]) -> dict[str, list[str]]:
    """These fields of the query."""
    return {name: list(given[name]) for name in names if name in given}


def in_period(given: Given, period: str) -> dict[str, list[str]]:
    """The query with another preset period."""
    kept = changed(given, **dict.fromkeys(DAYS))
    return {"period": [period], **kept}


def pairs(given: Given, without: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The query as hidden fields of a form that has these others."""
    left_out = {*without, *PLACES}
    return [(name, value) for name, values in given.items() if name not in left_out for value in values]


def chips(given: Given, directory: Directory) -> list[Chip]:
    """What narrows the report."""
    return [
        Chip(FIELDS[name], words(name, value, directory), _less(given, name, value))
        for name in NARROWING
        for value in given.get(name, ())
    ]


def _less(given: Given, name: str, value: str) -> dict[str, list[str]]:
    left = [one for one in given[name] if one != value]
    rest = changed(given, **{name: None})
    return {**rest, name: left} if left else rest


def words(name: str, value: str, directory: Directory) -> str:
    """How a value of a filter is said."""
    if value == NONE and name in WITHOUT:
        return WITHOUT[name]
    if name == "source":
        return titled(source_words(value))
    if name == "status":
        return STATUSES.get(value, value)
    named = {"user": dict(directory.users), "template": dict(directory.templates)}.get(name, {})
    return named.get(value) or value


def choices(given: Given, directory: Directory) -> dict[str, list[Choice]]:
    """What each select and each group of boxes of the form offers; also what is set though nobody knows it."""
    known: dict[str, list[Choice]] = {
        "group": [Choice(one, one) for one in directory.groups],
        "user": [Choice(NONE, WITHOUT["user"]), *(Choice(*one) for one in directory.users)],
        "template": [Choice(NONE, WITHOUT["template"]), *(Choice(*one) for one in directory.templates)],
        "source": [Choice(one, titled(source_words(one))) for one in (*SENDABLE, *RECEIVABLE)],
        "status": [Choice(one.value, STATUSES[one]) for one in Status if one is not Status.RECEIVED],
    }
    for name, offered in known.items():
        there = {choice.value for choice in offered}
        offered += [Choice(value, words(name, value, directory)) for value in given.get(name, ()) if value not in there]
    return known
