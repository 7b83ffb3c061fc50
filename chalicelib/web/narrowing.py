"""What the list of mails is narrowed to: the fields of its form, what is set, and how to take it away again."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from chalicelib.core.mail_filter import KNOWN, Only
from chalicelib.core.source import SENDABLE, is_status_allowed
from chalicelib.web.words import REASONS, STATUSES, source_words, titled


class Choice(NamedTuple):
    """A value that a field may have, and its words."""

    value: str
    words: str


class Field(NamedTuple):
    """A field of the form. `value` is the one that is set, "" for none; `words` say it."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    value: str = ""

    @property
    def words(self) -> str:
        return next((choice.words for choice in self.choices if choice.value == self.value), "")


class Narrowing(NamedTuple):
    """`is_untidy` says that the URL has fields that are empty; `unknown` are the fields with values that no mail can
    have, which are left out."""

    fields: tuple[Field, ...]
    is_untidy: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def query(self) -> dict[str, str]:
        """The fields that are set, for URLs."""
        return {field.name: field.value for field in self.fields if field.value}

    @property
    def only(self) -> Only:
        return Only(**self.query)

    def without(self, name: str) -> dict[str, str]:
        """The query without one of the fields."""
        return {given: value for given, value in self.query.items() if given != name}


_LABELS = {"status": "Status", "source": "Source", "reason": "Not tracked"}
_WORDS: Mapping[str, Callable[[str], str]] = {
    "status": STATUSES.__getitem__,
    "source": source_words,
    "reason": REASONS.__getitem__,
}
_STATUSES = tuple(one for one in KNOWN["status"] if any(is_status_allowed(source, one) for source in SENDABLE))
_VALUES = (_STATUSES, SENDABLE, KNOWN["reason"])
"""Of each field, what mails can have that are sent from here; nothing brings in others yet."""

FIELDS = tuple(
    Field(name, label, tuple(Choice(value, titled(_WORDS[name](value))) for value in values))
    for (name, label), values in zip(_LABELS.items(), _VALUES, strict=True)
)


def of(query: Mapping[str, str]) -> Narrowing:
    """What a URL asks for; values that there are not are left out."""
    fields = tuple(field._replace(value=_known(field, query.get(field.name, ""))) for field in FIELDS)
    unknown = tuple(field.name for field in fields if query.get(field.name, "") != field.value)
    return Narrowing(fields, any(query.get(field.name) == "" for field in fields), unknown)


def _known(field: Field, value: str) -> str:
    return value if value in {choice.value for choice in field.choices} else ""
