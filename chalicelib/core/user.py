"""A user: somebody of the account's own people, who sends mails, makes calls and may get reports."""

from typing import Any, NamedTuple


class User(NamedTuple):
    """`user_id` is what the CRM calls them in `user` of a mail; `address` is where reports go, if they get any."""

    user_id: str
    name: str
    address: str | None = None
    groups: tuple[str, ...] = ()


def show(user: User) -> dict[str, Any]:
    """The object `user` of the API."""
    return {
        "object": "user",
        "id": user.user_id,
        "name": user.name,
        "address": user.address,
        "groups": list(user.groups),
    }
