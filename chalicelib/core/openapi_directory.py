"""Users and templates, as models for the API's document."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from chalicelib.core.openapi_answer import Answer, ListAnswer
from chalicelib.core.template_body import NewTemplate
from chalicelib.core.user_body import NewUser

Json = dict[str, Any]


class User(Answer):
    """One of the account's own people."""

    object: Literal["user"]
    id: str
    name: str
    address: str | None
    groups: list[str]


class UserList(ListAnswer):
    """A page of users, by their ids; `after` leads to those behind it."""

    data: list[User]


class DeletedUser(Answer):
    """A user who is not known any more."""

    object: Literal["user"]
    id: str
    deleted: Literal[True]


class ListedTemplate(Answer):
    """A template, without html and text."""

    object: Literal["template"]
    id: str
    name: str
    subject: str
    created_at: datetime
    updated_at: datetime = Field(description="when what it says was changed last")


class Template(ListedTemplate):
    """A template."""

    html: str | None
    text: str | None


class TemplateList(ListAnswer):
    """A page of templates, by their ids; `after` leads to those behind it."""

    data: list[ListedTemplate]


class DeletedTemplate(Answer):
    """A template that is not there any more."""

    object: Literal["template"]
    id: str
    deleted: Literal[True]


MODELS: tuple[type[BaseModel], ...] = (
    *(NewUser, User, UserList, DeletedUser),
    *(NewTemplate, Template, TemplateList, DeletedTemplate),
)

_NAME = {"type": "string", "minLength": 1, "maxLength": 200}


def paths(operation: Callable[..., Json], window: Sequence[Json], of_a_body: str, of_one: str) -> Json:
    """Their paths; `operation` describes one, with the statuses of its problems, and `window` the part of a list."""
    user, template = _named("user_id"), _named("template_id")
    group = {"name": "group", "in": "query", "required": False, "schema": _NAME, "description": "only who is in it"}
    listed = "Templates, by their ids, without html and text", "list_templates", TemplateList
    made = Template, [template], of_a_body, NewTemplate
    return {
        "/v1/users": {"get": operation("Users, by their ids", "list_users", UserList, [group, *window])},
        "/v1/users/{user_id}": {
            "get": operation("One user", "get_user", User, [user], of_one),
            "put": operation("Make or replace a user", "put_user", User, [user], of_a_body, NewUser),
            "delete": operation("Forget a user", "delete_user", DeletedUser, [user], of_one),
        },
        "/v1/templates": {"get": operation(*listed, window)},
        "/v1/templates/{template_id}": {
            "get": operation("One template", "get_template", Template, [template], of_one),
            "put": operation("Make or replace a template", "put_template", *made),
            "delete": operation("Forget a template", "delete_template", DeletedTemplate, [template], of_one),
        },
    }


def _named(parameter: str) -> Json:
    """A name that its caller gave, in the path."""
    said = "one line, as you call it; percent-encoded, a slash too"
    return {"name": parameter, "in": "path", "required": True, "schema": _NAME, "description": said}
