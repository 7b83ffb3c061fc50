"""What a program tells of a person's consent (`PUT` and `DELETE /v1/consents`), checked before it is noted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib.core import consent
from chalicelib.core import mode as modes
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import ModeName, Moment, Name, Whose, read
from chalicelib.core.consent import Entry
from chalicelib.core.token import Mode

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""What is said to be older is a slip, such as the 0 of another program's clock."""


class NewConsent(Whose):
    """A consent: `how` it was given (a form and its version, a paper, a call), `by` whom it was noted, and when."""

    how: Name
    by: Name | None = None
    given_at: Moment | None = None
    mode: ModeName | None = None


class Withdrawal(Whose):
    """A withdrawal; it asks for nothing but the address, for it must be as easy as the consent was."""

    how: Name | None = None
    by: Name | None = None


class Said(NamedTuple):
    """Whose entry it is: the key of their address."""

    address: str
    entry: Entry


def given(body: Mapping[str, Any], *, by: str, account_mode: Mode, now: datetime) -> Said:
    """The consent that a JSON object tells of. `by` is who calls, for where it does not say who noted it.

    Raises BadInput for a wrong field, a time to come or long gone, and a mode wider than the account's.
    """
    new = read(NewConsent, body)
    if new.given_at and new.given_at > now:
        raise BadInput([wrong("/given_at", "a consent cannot be given in the future")])
    if new.given_at and new.given_at < EARLIEST:
        raise BadInput([wrong("/given_at", f"a consent to a mail cannot be given before {EARLIEST.year}")])
    mode = Mode.FULL
    if new.mode:
        mode = modes.parse(new.mode)
        modes.check(mode, account_mode, "/mode")
    return Said(new.address, consent.given(new.given_at or now, new.how, new.by or by, now, mode))


def withdrawn(body: Mapping[str, Any], *, by: str, now: datetime) -> Said:
    """The withdrawal that the parameters tell of; it holds from now on. Raises BadInput."""
    said = read(Withdrawal, body)
    return Said(said.address, consent.withdrawn(now, said.how or "", said.by or by))
