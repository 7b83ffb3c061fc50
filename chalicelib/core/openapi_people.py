"""Exports and erasures of a person, as models for the API's document."""

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
    exports: int


class Job(Answer):
    """A job about one person, whom it does not name."""

    id: str
    status: Status
    created_at: datetime
    finished_at: datetime | None
    error: str | None


class ExportFile(Answer):
    """A ZIP; `size` in bytes."""

    url: str
    url_expires_at: datetime
    size: int


class Export(Job):
    """All that is kept of a person."""

    object: Literal["export"]
    counts: ExportCounts
    files: list[ExportFile] = Field(description="when it is done, for seven days; each call makes other links")


class Erasure(Job):
    """An erasure of all that is kept of a person."""

    object: Literal["erasure"]
    counts: ErasureCounts
