"""The JSON body of a request, read into a model: unknown fields and wrong types are refused, each one named.

Unknown fields are refused, also those of later versions: what is ignored today would surprise tomorrow.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.core import address, address_key, instant, named_address
from chalicelib.core import mode as modes
from chalicelib.core.bad_input import BadInput, one_of, wrong
from chalicelib.core.cell import NONE
from chalicelib.core.line import is_line, is_seen

MOST_ERRORS = 100  # are named at once


def _without_null(schema: dict[str, Any]) -> None:
    """The schema of a model whose fields are None where they are left out, and are never given so."""
    for field in schema["properties"].values():
        kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
        if "anyOf" in field and len(kinds) < len(field["anyOf"]):
            del field["anyOf"]
            field.pop("default", None)
            field.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


class Strict(BaseModel):
    """Takes what it says and nothing else: no other fields, no text for a number, no null for what may be left out."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_without_null)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_null(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError("null", "must not be null; what is not given is left out")
        return value


Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], body: Mapping[str, Any]) -> Model:
    """What a JSON object says. Raises BadInput, which names each wrong field.

    A model's own error of type `at:<field>` is one of this field, whichever validator found it; of a model that stands
    in a list, of the field there.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise BadInput([_problem(one) for one in found[:MOST_ERRORS]]) from None


def is_one_line(text: str) -> str:
    """The text. Raises what pydantic takes for an error."""
    if not is_line(text):
        raise PydanticCustomError("line", "must be one line without control characters")
    return text


def _is_seen(text: str) -> str:
    if not is_seen(text):
        raise PydanticCustomError("unseen", "must have a character that can be seen")
    return text


def _is_free(text: str) -> str:
    if text == NONE:
        raise PydanticCustomError("reserved", "stands for none in reports, and is nothing's id")
    return text


def _address(text: str) -> str:
    try:
        return address.show(text)
    except address.BadAddress as error:
        raise PydanticCustomError("address", "{reason}", {"reason": str(error)}) from None


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise PydanticCustomError("moment", "must be a time like 2026-11-21T08:30:00Z (RFC 3339)")
    try:
        return instant.parse(value)
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment", "there is no such time") from None


_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(is_one_line), AfterValidator(_is_seen)
]
Id = Annotated[Name, AfterValidator(_is_free)]
MailAddress = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_address)]
AddressKey = Annotated[MailAddress, AfterValidator(named_address.bare), AfterValidator(address_key.key_of)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
ModeName = Literal[modes.NAMES]  # type: ignore[valid-type]  # the tuple is the one place of the names


class Whose(Strict):
    """A person, by their address; anything that tells of one begins with this."""

    address: AddressKey


def _problem(error: Any) -> dict[str, str]:
    place = [str(step) for step in error["loc"]]
    if len(place) > 2 and place[-1] == "[key]":  # pydantic's mark of an error in a name of an object
        place.pop()
    if error["type"].startswith("at:"):
        is_in_list = bool(error["loc"]) and isinstance(error["loc"][-1], int)
        place = [*(place if is_in_list else ()), error["type"].removeprefix("at:")]
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in place)
    return wrong(pointer[:200], _in_words(error))


def _in_words(error: Any) -> str:
    told = error.get("ctx", {})
    if error["type"] == "literal_error":  # its values stand in one text: 'full', 'last_open_date' or 'off'
        return one_of(re.findall("'([^']*)'", told["expected"]))
    words = _WORDS.get(error["type"])
    return words.format(**told) if words else str(error["msg"])


_WORDS = {
    "extra_forbidden": "this field is not known here",
    "missing": "this field is required",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length:,} characters",
    "string_unicode": "must be valid Unicode: it holds half of a surrogate pair",
    "too_short": "must have at least {min_length:,} entries",
    "too_long": "must have at most {max_length:,} entries",
    "string_pattern_mismatch": "is too short, too long, or has a character that is not allowed here; see docs/API.md",
}
"""pydantic's error types in the words of this API; its own texts for the rest."""
