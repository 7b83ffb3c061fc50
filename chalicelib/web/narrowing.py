"""What a list is narrowed to: the fields of its form, what is set, and how to take it away again.

The address of the page has the filter as the API takes it: mails without a user, template or module are asked for by
an empty field. Forms send empty fields for what nobody filled in, so theirs for a user is called otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from chalicelib.core import mail_filter, phone_call, phone_call_filter
from chalicelib.core.bad_input import BadInput
from chalicelib.core.mail_filter import KNOWN, Here
from chalicelib.core.source import RECEIVABLE, SENDABLE, is_status_allowed
from chalicelib.web.narrowing_words import CALLED, LABELS, days_words, words_of
from chalicelib.web.words import REASONS, STATUSES, source_words, titled

WHO = "who"
"""The field of the form that asks for one user."""

Given = Mapping[str, Sequence[str]]
T = TypeVar("T")


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


class By(NamedTuple, Generic[T]):
    """What a list can be narrowed by: the fields of its form, all fields in their order and those of them that may be
    empty, and what a query means."""

    fields: tuple[Field, ...]
    order: tuple[str, ...]
    may_be_empty: tuple[str, ...]
    read: Callable[[Given, Here], T]


class Narrowing(NamedTuple, Generic[T]):
    """`query` is what is asked for, for URLs, and `only` what that means. `is_untidy` says that the URL has fields that
    go without saying; `unknown` says which fields have values that no mail can have; they are left out."""

    by: By[T]
    query: Given
    only: T
    is_untidy: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """Of the form, as they are filled in."""
        users = self.query.get("user", ())
        who = users[0] if len(users) == 1 else ""
        values = {name: given[0] for name, given in self.query.items()}
        return tuple(
            field._replace(value=who if field.name == WHO else values.get(field.name, "")) for field in self.by.fields
        )

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What is set and no field of the form has; days that are filled in there take the place of a period."""
        shown = {field.name for field in self.fields if field.value or field.choices}
        shown |= {"user"} if WHO in shown else set()
        return [(name, value) for name, values in self.query.items() if name not in shown for value in values]


def chips(query: Given, names: Mapping[str, Mapping[str, str]]) -> list[Chip]:
    """All that is set; days together, and each user. `names` are those of users and templates, by field and id."""
    days = [name for name in mail_filter.DAYS if name in query]
    found = [Chip(LABELS["period"], days_words(query), _without(query, *days))] if days else []
    for name in (name for name in query if name not in mail_filter.DAYS):
        for value in query[name]:
            left = [other for other in query[name] if other != value]
            without = {**query, name: left} if left else _without(query, name)
            found.append(Chip(LABELS[name], names.get(name, {}).get(value) or words_of(name, value), without))
    return found


def _without(query: Given, *names: str) -> Given:
    return {name: values for name, values in query.items() if name not in names}


_SOURCES = (*SENDABLE, *RECEIVABLE)
_STATUSES = tuple(one for one in KNOWN["status"] if any(is_status_allowed(source, one) for source in _SOURCES))


def _select(name: str, words: Mapping[str, str]) -> Field:
    return Field(name, LABELS[name], tuple(Choice(value, titled(said)) for value, said in words.items()))


_DAYS = (Field("from", LABELS["from"], type="date"), Field("to", LABELS["to"], type="date"))
_WHO = Field(WHO, LABELS["user"])

MAILS = By(
    fields=(
        _select("status", {status: STATUSES[status] for status in _STATUSES}),
        _select("source", {source: source_words(source) for source in _SOURCES}),
        _select("reason", {reason: REASONS[reason] for reason in KNOWN["reason"]}),
        *_DAYS,
        _WHO,
    ),
    order=(*KNOWN, *mail_filter.DAYS, "group", "user", "template", "module", "counted_as"),
    may_be_empty=("user", "template", "module"),
    read=mail_filter.parse,
)
CALLS: By[phone_call.Only] = By(
    fields=(
        _select("direction", {one: one for one in phone_call.DIRECTIONS}),
        _select("outcome", {one: one for one in phone_call.OUTCOMES}),
        *_DAYS,
        _WHO,
    ),
    order=("direction", "outcome", *mail_filter.DAYS, "group", "user", "module", "counted_as"),
    may_be_empty=("module",),
    read=phone_call_filter.parse,
)


def tidy(given: Given, by: By[T]) -> dict[str, list[str]]:
    """What a URL asks for, each part once and in one order; what forms leave empty is left out."""
    who = [value.strip() for value in given.get(WHO, ()) if value.strip()]
    asked = {**given, "user": who} if who else given
    kept = {
        name: list(dict.fromkeys(value for value in asked.get(name, ()) if value or name in by.may_be_empty))
        for name in by.order
    }
    if kept["from"] or kept["to"]:
        kept["period"] = []
    return {name: values if name in mail_filter.REPEATABLE else values[-1:] for name, values in kept.items() if values}


def of(given: Given, here: Here, by: By[T]) -> Narrowing[T]:
    """What a URL asks for; parts that nothing can have are left out."""
    query = tidy(given, by)
    is_untidy = query != {name: list(values) for name, values in given.items() if name in (*by.order, WHO)}
    wrong = [name for name, values in query.items() if not _is_offered(name, values, by)]
    left = {name: values for name, values in query.items() if name not in wrong}
    while True:
        try:
            only = by.read(left, here)
        except BadInput as error:
            named = {one["pointer"].removeprefix("/") for one in error.errors}
            newly = [name for name in left if name in named or (name == "to" and "from" in named)]
            wrong += newly or left
            left = {name: values for name, values in left.items() if name not in wrong}
        else:
            unknown = tuple(CALLED.get(name, name) for name in query if name in wrong)
            return Narrowing(by, left, only, is_untidy, unknown)


def _is_offered(name: str, values: Sequence[str], by: By[T]) -> bool:
    """Whether a field that has choices offers these: sources that bring nothing in are not shown."""
    choices = next((field.choices for field in by.fields if field.name == name), ())
    return not choices or {choice.value for choice in choices} >= set(values)
