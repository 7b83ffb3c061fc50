"""What a program tells of a telephone call (`POST /v1/calls`), checked before anything changes."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from chalicelib.core import past
from chalicelib.core.body import Id, Moment, Name, Strict, read
from chalicelib.core.phone_call import DIRECTIONS, OUTCOMES, PhoneCall, day_of, id_of
from chalicelib.core.submission import RecordIn

LONGEST_SECONDS = 86_400


class NewCall(Strict):
    """A call that ended. With a `call_id`, the CRM's own, telling of it again changes nothing."""

    call_id: Name | None = None
    user: Id
    record: RecordIn | None = None
    direction: Literal[DIRECTIONS]  # type: ignore[valid-type]  # the tuple is the one place of the names
    started_at: Annotated[Moment, Field(description="at most 400 days ago")]
    seconds: Annotated[int, Field(ge=0, le=LONGEST_SECONDS)]
    outcome: Literal[OUTCOMES]  # type: ignore[valid-type]  # as above


class Named(NamedTuple):
    """By what a call is the same when it is told again: the program's Idempotency-Key, if it gave one; else new ids."""

    idempotency_key: str | None
    new_id: Callable[[], str]


def added(body: Mapping[str, Any], account: str, zone: tzinfo, named: Named, now: datetime) -> PhoneCall:
    """The call that a JSON object tells of. Raises BadInput."""
    new = read(NewCall, body)
    past.check(new.started_at, now, "/started_at")
    if new.call_id is not None:
        call_id = id_of(account, "id", new.call_id)
    elif named.idempotency_key is not None:
        call_id = id_of(account, "key", named.idempotency_key)
    else:
        call_id = named.new_id()
    return PhoneCall(
        call_id=call_id,
        account=account,
        user=new.user,
        direction=new.direction,
        started_at=new.started_at,
        seconds=new.seconds,
        outcome=new.outcome,
        day=day_of(new.started_at, zone),
        record=(new.record.module, new.record.record_id) if new.record else None,
        given_id=new.call_id,
    )
