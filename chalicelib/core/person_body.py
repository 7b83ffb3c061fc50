"""Who is to be erased (`POST /v1/erasures`), checked before anything begins."""

from collections.abc import Mapping
from typing import Any

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from chalicelib.core.body import Whose, read


class NewErasure(Whose):
    """A person by their address, and that it is meant: what is erased cannot be brought back."""

    confirm: bool

    @field_validator("confirm")
    @classmethod
    def _is_meant(cls, value: bool) -> bool:
        if not value:
            raise PydanticCustomError(
                "unconfirmed",
                "must be true: every mail from or to this address is erased for all who got it, and cannot come back",
            )
        return value


def to_erase(body: Mapping[str, Any]) -> str:
    """The key of the address. Raises BadInput, also without a confirmation."""
    return read(NewErasure, body).address
