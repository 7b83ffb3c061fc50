"""What is to be exported (`POST /v1/exports`), checked before anything begins: a person, a list of mails, or a
report."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.core import report_query
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import AddressKey, Strict, read
from chalicelib.core.job import Kind
from chalicelib.core.mail_filter import KNOWN
from chalicelib.core.report_period import PRESETS
from chalicelib.core.report_query import STATUS
from chalicelib.core.report_schedule_body import Query
from chalicelib.core.sheet import FORMATS

STATUSES, SOURCES, REASONS = KNOWN["status"], KNOWN["source"], KNOWN["reason"]
PERIODS = tuple(PRESETS)
REPORTS = tuple(name for name in report_query.REPORTS if name != STATUS)
"""The other one's rows are mails."""


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
        return {
            name: value if isinstance(value, list) else [value]
            for name, value in given.items()
            if value not in (None, [])
        }


class NewExport(Strict):
    """Either a person by their address, a list of mails, or a report."""

    address: AddressKey | None = None
    emails: MailsIn | None = None
    report: Literal[REPORTS] | None = None  # type: ignore[valid-type]  # as above
    query: Annotated[Query | None, Field(description="of GET /v1/reports/{name}; all rows are in the file")] = None
    format: Annotated[Literal[FORMATS] | None, Field(description="of mails and reports: csv unless it is told")] = None  # type: ignore[valid-type]  # as above

    @model_validator(mode="after")
    def _is_one(self) -> "NewExport":
        if sum(one is not None for one in (self.address, self.emails, self.report)) != 1:
            raise PydanticCustomError("at:address", "give one of address, emails and report")
        if self.format and self.address is not None:
            raise PydanticCustomError("at:format", "a person is exported as ZIP; a format is for emails and reports")
        if self.query is not None and self.report is None:
            raise PydanticCustomError("at:query", "is of a report")
        return self


class Asked(NamedTuple):
    """Of a person the key of their address; else the query of a list of mails or of a `report`, and the files'
    format."""

    kind: Kind
    address: str | None = None
    query: Mapping[str, list[str]] = MappingProxyType({})
    file_format: str = "zip"
    report: str | None = None


def to_export(body: Mapping[str, Any]) -> Asked:
    """What a JSON object asks for; whether there is such a list or report now is not looked at. Raises BadInput."""
    new = read(NewExport, body)
    file_format = new.format or FORMATS[0]
    if new.emails is not None:
        return Asked(Kind.MAILS, query=new.emails.query, file_format=file_format)
    if new.report is None:
        return Asked(Kind.EXPORT, new.address)
    query = {name: values for name, values in (new.query or {}).items() if values}
    if "limit" in query:
        raise BadInput([wrong("/query/limit", "is for reading a report; an export has every row")])
    return Asked(Kind.REPORT, query=query, file_format=file_format, report=new.report)
