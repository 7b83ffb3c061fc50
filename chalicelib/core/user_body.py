"""What a program says of a user (`PUT /v1/users/{id}`), and of which users it wants to know."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.core import named_address
from chalicelib.core.body import MailAddress, Name, Strict, read
from chalicelib.core.user import User

MOST_GROUPS = 20


class NewUser(Strict):
    """A user as they are from now on; what is left out is none."""

    name: Name
    address: Annotated[MailAddress, AfterValidator(named_address.bare)] | None = None
    groups: list[Name] = Field(default_factory=list, max_length=MOST_GROUPS)

    @model_validator(mode="after")
    def _groups_differ(self) -> "NewUser":
        if len(set(self.groups)) < len(self.groups):
            raise PydanticCustomError("at:groups", "a group stands twice")
        return self


class OfGroup(Strict):
    """Only those who are in this group."""

    group: Name | None = None


def parse(user_id: str, body: Mapping[str, Any]) -> User:
    """The user of this id that a JSON object describes. Raises BadInput."""
    new = read(NewUser, body)
    return User(user_id, new.name, new.address, tuple(new.groups))


def group_of(query: Mapping[str, str]) -> str | None:
    """The group that a query asks for, None for everybody. Raises BadInput."""
    return read(OfGroup, {name: text for name, text in query.items() if name == "group"}).group
