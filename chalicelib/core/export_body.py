"""What is to be exported (`POST /v1/exports`), checked before anything begins: a person, or a list of mails."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.core import mail_filter
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import AddressKey, Strict, read
from chalicelib.core.mail_filter import KNOWN, Here
from chalicelib.core.report_period import PRESETS
from chalicelib.core.sheet import FORMATS

STATUSES, SOURCES, REASONS = KNOWN["status"], KNOWN["source"], KNOWN["reason"]
PERIODS = tuple(PRESETS)


class MailsIn(Strict):
    """Which mails, as the query of GET /v1/emails says it; all of them where nothing is named."""

    status: Literal[STATUSES] | None = None  # type: ignore[valid-type]  # the tuple is the one place of the names
    source: Literal[SOURCES] | None = None  # type: ignore[valid-type]  # as above
    reason: Literal[REASONS] | None = None  # type: ignore[valid-type]  # as above
    period: Literal[PERIODS] | None = None  # type: ignore[valid-type]  # as above
    first: Annotated[str | None, Field(alias="from", description="the first day")] = None
    last: Annotated[str | None, Field(alias="to", description="the last day")] = None
    user: Annotated[list[str], Field(description="any of these users")] = Field(default_factory=list)
    group: str | None = None
    template: str | None = None
    module: str | None = None
    counted_as: Annotated[str | None, Field(description="a column of a report")] = None

    @property
    def query(self) -> dict[str, list[str]]:
        """The same as a query."""
        given = self.model_dump(by_alias=True, exclude_unset=True)
        return {name: value if isinstance(value, list) else [value] for name, value in given.items() if value}


class NewExport(Strict):
    """Either a person by their address, or a list of mails."""

    address: AddressKey | None = None
    emails: MailsIn | None = None
    format: Annotated[Literal[FORMATS] | None, Field(description="of a list of mails: csv unless it is told")] = None  # type: ignore[valid-type]  # as above

    @model_validator(mode="after")
    def _is_one(self) -> "NewExport":
        if (self.address is None) is (self.emails is None):
            raise PydanticCustomError("at:address", "give either address, or emails")
        if self.format and self.emails is None:
            raise PydanticCustomError("at:format", "a person is exported as ZIP; a format is for emails")
        return self


class Asked(NamedTuple):
    """The key of a person's address; or else the query of a list of mails, and the format of its files."""

    address: str | None
    query: Mapping[str, list[str]]
    file_format: str


def to_export(body: Mapping[str, Any], here: Here) -> Asked:
    """What a JSON object asks for. Raises BadInput."""
    new = read(NewExport, body)
    if new.emails is None:
        return Asked(new.address, {}, "zip")
    query = new.emails.query
    try:
        mail_filter.parse(query, here)
    except BadInput as error:
        raise BadInput([wrong(f"/emails{one['pointer']}", one["message"]) for one in error.errors]) from None
    return Asked(None, query, new.format or FORMATS[0])
