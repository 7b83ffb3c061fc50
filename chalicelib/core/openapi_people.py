"""Exports of a person, a list of mails or a report, and erasures, as models for the API's document."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from chalicelib.core.job import Status
from chalicelib.core.openapi_answer import Answer


class ExportCounts(Answer):
    """How many of the account's mails were looked at, and what was found of the person."""

    looked_at: int
    mails: int
    events: int


class ErasureCounts(ExportCounts):
    """And what else was erased."""

    consents: int
    suppressions: int
    users: int = Field(description="of the account, whose address it was; they stay, without it")
    exports: int


class MailListCounts(Answer):
    """How many mails its files hold so far."""

    mails: int


class ReportCounts(Answer):
    """How many rows its file holds, those of the period before among them."""

    rows: int


class Job(Answer):
    """A job; it names nobody whom it is about."""

    id: str
    status: Status
    created_at: datetime
    finished_at: datetime | None
    error: str | None


class ExportFile(Answer):
    """A ZIP, or a file of at most 100,000 mails or rows; `size` in bytes."""

    url: str
    url_expires_at: datetime
    size: int


class Export(Job):
    """All that is kept of a person, a list of mails, or a report with all its rows."""

    object: Literal["export"]
    of: Literal["person", "emails", "report"]
    format: Literal["zip", "csv", "xlsx"]
    progress: float | None = Field(description="0 to 1; null where it is not known", ge=0, le=1)
    counts: ExportCounts | MailListCounts | ReportCounts
    files: list[ExportFile] = Field(description="when it is done, for seven days; each call makes other links")


class Erasure(Job):
    """An erasure of all that is kept of a person."""

    object: Literal["erasure"]
    counts: ErasureCounts
