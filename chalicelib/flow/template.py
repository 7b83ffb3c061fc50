"""Templates: the item says what there is, and their html and text lie beside it.

Bodies are stored first, under a name that was never used, then the item that names them; what it named before is
deleted last. A crash between any two leaves bodies that nobody names, which cost their bytes and nothing else.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core.problem import MailsightError
from chalicelib.core.template import Template, content_id_of
from chalicelib.core.template_body import Written
from chalicelib.gateways.template_contents import Bodies
from chalicelib.storage.templates import Changed
from chalicelib.storage.versions import MOST_TRIES


class Lost(MailsightError):
    """What a template says is not there any more; store it again with PUT."""


class Register(Protocol):
    """Which templates there are."""

    def get(self, account: str, template_id: str) -> Template | None: ...
    def change(
        self, account: str, template_id: str, change: Callable[[Template | None], Template | None]
    ) -> Changed: ...


class Contents(Protocol):
    """What they say."""

    def put(self, account: str, content_id: str, bodies: Bodies) -> None: ...
    def get(self, account: str, content_id: str) -> Bodies | None: ...
    def delete(self, account: str, content_id: str) -> None: ...


class Stores(NamedTuple):
    """Where templates are."""

    register: Register
    contents: Contents


def whole(account: str, template_id: str, stores: Stores) -> Template | None:
    """The template with html and text as they are now; None if there is none of this id. Raises Lost."""
    for _ in range(MOST_TRIES):
        found = stores.register.get(account, template_id)
        if found is None:
            return None
        bodies = stores.contents.get(account, found.content_id)
        if bodies:  # else it was replaced between the two reads
            return replace(found, html=bodies.html, text=bodies.text)
    raise Lost("what this template says is not there any more; store it again with PUT /v1/templates/{id}")


def put(
    account: str, template_id: str, new: Written, stores: Stores, *, new_id: Callable[[], str], now: datetime
) -> Template:
    """Stores a template in the place of the one with this id, if there is one. What it says already it goes on saying,
    and then nothing is changed."""
    bodies = Bodies(new.html, new.text)
    content_id = content_id_of(*bodies, new_id())

    def changed(before: Template | None) -> Template:
        if before and before.says(*bodies) and (before.name, before.subject) == (new.name, new.subject):
            return before
        created_at = before.created_at if before else now
        return Template(template_id, new.name, new.subject, None, None, now, created_at, content_id)

    held = stores.register.get(account, template_id)
    if held is None or changed(held) is not held:
        stores.contents.put(account, content_id, bodies)
        done = stores.register.change(account, template_id, changed)
        assert done.after
        stale = {one.content_id for one in (done.before, done.after) if one} | {content_id}
        for one in stale - {done.after.content_id}:
            stores.contents.delete(account, one)
        held = done.after
    return replace(held, html=bodies.html, text=bodies.text)


def remove(account: str, template_id: str, stores: Stores) -> bool:
    """Forgets a template; False if there is none of this id. What was made of it stays."""
    before = stores.register.change(account, template_id, lambda _: None).before
    if before:
        stores.contents.delete(account, before.content_id)
    return before is not None
