"""What every answer of the API is made of, as models for its document: objects, lists, problems."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """An object that the API answers with: these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class ListAnswer(Answer):
    """A page of a list."""

    object: Literal["list"]
    has_more: bool
    after: str | None = Field(description="leads to what is older than this page")
    before: str | None = Field(description="leads to what is newer")


class InputError(Answer):
    """A wrong field: its JSON pointer (RFC 6901) and what to mend."""

    pointer: str
    message: str


class Problem(Answer):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[InputError] = []
