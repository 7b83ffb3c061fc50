"""What a program puts on the suppression list and takes from it (`POST` and `DELETE /v1/suppressions`), checked before
anything changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Moment, Name, Whose, read
from chalicelib.core.suppression import Cause, Reason

GIVEN = tuple(reason.value for reason in Reason if reason is not Reason.SOFT_BOUNCES)
"""Reasons that a program may give, as it knows them from elsewhere. Rows of soft bounces are counted here."""


class NewSuppression(Whose):
    """An address that is to get no mail any more, or none until `expires_at`."""

    reason: Literal[GIVEN] = Reason.MANUAL.value  # type: ignore[valid-type]  # the tuple is the one place of the names
    detail: Name | None = None
    by: Name | None = None
    expires_at: Moment | None = None


class Lift(Whose):
    """An address that may be written to again."""

    by: Name | None = None


class Added(NamedTuple):
    """Whose cause it is: the key of their address."""

    address: str
    cause: Cause


def added(body: Mapping[str, Any], *, by: str, now: datetime) -> Added:
    """The cause that a JSON object tells of. `by` is who calls, for where it does not say who wants it.

    Raises BadInput for a wrong field and for an end that is over already.
    """
    new = read(NewSuppression, body)
    if new.expires_at and new.expires_at <= now:
        raise BadInput([wrong("/expires_at", "must be in the future; without it the suppression stays")])
    return Added(new.address, Cause(Reason(new.reason), now, new.expires_at, new.detail or "", new.by or by))


def lift_of(query: Mapping[str, Any]) -> Lift:
    """The address to lift, and who wants it if that is told. Raises BadInput."""
    return read(Lift, query)
