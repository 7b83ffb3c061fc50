"""What the list of mails is narrowed to: the fields of its form, what is set, and how to take it away again.

The address of the page has the filter as the API takes it: mails without a user, template or module are asked for by
an empty field. Forms send empty fields for what nobody filled in, so theirs for a user is called otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.core import mail_filter
from chalicelib.core.bad_input import BadInput
from chalicelib.core.mail_filter import KNOWN, Here, Only
from chalicelib.core.source import RECEIVABLE, SENDABLE, is_status_allowed
from chalicelib.web.narrowing_words import CALLED, LABELS, days_words, words_of
from chalicelib.web.words import REASONS, STATUSES, source_words, titled

WHO = "who"
"""The field of the form that asks for one user."""

Given = Mapping[str, Sequence[str]]

_ORDER = (*KNOWN, *mail_filter.DAYS, "group", "user", "template", "module", "counted_as")
_MAY_BE_EMPTY = ("user", "template", "module")


class Choice(NamedTuple):
    """A value that a field may have, and its words."""

    value: str
    words: str


class Field(NamedTuple):
    """A field of the form, with the value that is set, "" for none. Without choices it is an input of this type."""

    name: str
    label: str
    choices: tuple[Choice, ...] = ()
    type: str = "text"
    value: str = ""


class Chip(NamedTuple):
    """A part of the filter, in words, and the query without it."""

    label: str
    words: str
    without: Given


class Narrowing(NamedTuple):
    """`query` is what is asked for, for URLs, and `only` what that means. `is_untidy` says that the URL has fields that
    go without saying; `unknown` says which fields have values that no mail can have; they are left out."""

    query: Given
    only: Only
    is_untidy: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """Of the form, as they are filled in."""
        users = self.query.get("user", ())
        who = users[0] if len(users) == 1 else ""
        values = {name: given[0] for name, given in self.query.items()}
        return tuple(field._replace(value=who if field.name == WHO else values.get(field.name, "")) for field in FIELDS)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What is set and no field of the form has; days that are filled in there take the place of a period."""
        shown = {field.name for field in self.fields if field.value or field.choices}
        shown |= {"user"} if WHO in shown else set()
        return [(name, value) for name, values in self.query.items() if name not in shown for value in values]

    def without(self, *names: str) -> Given:
        """The query without some of its fields."""
        return {name: values for name, values in self.query.items() if name not in names}


def chips(narrowed: Narrowing, names: Mapping[str, Mapping[str, str]]) -> list[Chip]:
    """All that is set; days together, and each user. `names` are those of users and templates, by field and id."""
    query = narrowed.query
    days = [name for name in mail_filter.DAYS if name in query]
    found = [Chip(LABELS["period"], days_words(query), narrowed.without(*days))] if days else []
    for name in (name for name in query if name not in mail_filter.DAYS):
        for value in query[name]:
            left = [other for other in query[name] if other != value]
            without = {**query, name: left} if left else narrowed.without(name)
            found.append(Chip(LABELS[name], names.get(name, {}).get(value) or words_of(name, value), without))
    return found


_SOURCES = (*SENDABLE, *RECEIVABLE)
_STATUSES = tuple(one for one in KNOWN["status"] if any(is_status_allowed(source, one) for source in _SOURCES))


def _select(name: str, words: Mapping[str, str]) -> Field:
    return Field(name, LABELS[name], tuple(Choice(value, titled(said)) for value, said in words.items()))


FIELDS = (
    _select("status", {status: STATUSES[status] for status in _STATUSES}),
    _select("source", {source: source_words(source) for source in _SOURCES}),
    _select("reason", {reason: REASONS[reason] for reason in KNOWN["reason"]}),
    Field("from", LABELS["from"], type="date"),
    Field("to", LABELS["to"], type="date"),
    Field(WHO, LABELS["user"]),
)


def tidy(given: Given) -> dict[str, list[str]]:
    """What a URL asks for, each part once and in one order; what forms leave empty is left out."""
    who = [value.strip() for value in given.get(WHO, ()) if value.strip()]
    asked = {**given, "user": who} if who else given
    kept = {
        name: list(dict.fromkeys(value for value in asked.get(name, ()) if value or name in _MAY_BE_EMPTY))
        for name in _ORDER
    }
    if kept["from"] or kept["to"]:
        kept["period"] = []
    return {name: values if name in mail_filter.REPEATABLE else values[-1:] for name, values in kept.items() if values}


def of(given: Given, here: Here) -> Narrowing:
    """What a URL asks for; parts that no mail can have are left out."""
    query = tidy(given)
    is_untidy = query != {name: list(values) for name, values in given.items() if name in (*_ORDER, WHO)}
    wrong = [name for name, values in query.items() if not _is_offered(name, values)]
    left = {name: values for name, values in query.items() if name not in wrong}
    while True:
        try:
            only = mail_filter.parse(left, here)
        except BadInput as error:
            named = {one["pointer"].removeprefix("/") for one in error.errors}
            newly = [name for name in left if name in named or (name == "to" and "from" in named)]
            wrong += newly or left
            left = {name: values for name, values in left.items() if name not in wrong}
        else:
            return Narrowing(left, only, is_untidy, tuple(CALLED.get(name, name) for name in query if name in wrong))


def _is_offered(name: str, values: Sequence[str]) -> bool:
    """Whether a field that has choices offers these: sources that bring nothing in are not shown."""
    choices = next((field.choices for field in FIELDS if field.name == name), ())
    return not choices or {choice.value for choice in choices} >= set(values)
