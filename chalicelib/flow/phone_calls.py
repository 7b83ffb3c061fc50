"""Telling of telephone calls: each is counted once, on the day on which it began where the account is.

Told again it changes nothing, wherever a request died: a call and what it counts for are written together.
"""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import NamedTuple, Protocol

from chalicelib.core import phone_call
from chalicelib.core.phone_call import PhoneCall
from chalicelib.core.problem import MailsightError

MOST_TRIES = 5


class Reused(MailsightError):
    """The id, or the Idempotency-Key, was used for another call."""


class UnderWay(MailsightError):
    """Another request is working on the same call; send it again in a moment."""


class PhoneCalls(Protocol):
    """Where calls are; each write also changes the cells, both or neither."""

    def add(self, call: PhoneCall) -> bool: ...
    def get(self, account: str, call_id: str) -> PhoneCall | None: ...
    def told(self, account: str, call_id: str) -> str | None: ...
    def remove(self, call: PhoneCall) -> bool: ...
    def move(self, call: PhoneCall, day: str) -> bool: ...
    def all(self, account: str) -> Iterator[PhoneCall]: ...


class Told(NamedTuple):
    """A call as it is stored, and whether it was told for the first time."""

    call: PhoneCall
    is_new: bool


def tell(call: PhoneCall, calls: PhoneCalls, zone_of: Callable[[str], tzinfo]) -> Told:
    """Stores a call and counts it, or finds the one that was told before. Raises Reused and UnderWay."""
    if calls.add(call):
        return Told(_on_its_day(call, calls, zone_of), is_new=True)
    told = calls.told(call.account, call.call_id)
    found = calls.get(call.account, call.call_id)
    if told is None or found is None:
        raise UnderWay("another request with this call is being worked on; send it again in a moment")
    if told != phone_call.fingerprint(call):
        name = "Idempotency-Key" if call.given_id is None else "call_id"
        raise Reused(f"this {name} was used for another call; delete that one first, or use a new {name}")
    return Told(_on_its_day(found, calls, zone_of), is_new=False)  # who told it first may have died before this


def take_back(account: str, call_id: str, calls: PhoneCalls) -> bool:
    """Takes a call back, and out of the figures; False if there is none. Raises UnderWay."""
    for _ in range(MOST_TRIES):
        call = calls.get(account, call_id)
        if call is None:
            return False
        if calls.remove(call):
            return True
    raise UnderWay("this call is being changed by others; send the request again in a moment")


def rezone(account: str, zone: tzinfo, may_go_on: Callable[[], bool], *, calls: PhoneCalls) -> bool:
    """Lets every call of an account count for its day in this time zone; False if time was up before all were looked
    at. Doing it again moves only what does not stand right."""
    for call in calls.all(account):
        if not may_go_on():
            return False
        day = phone_call.day_of(call.started_at, zone)
        if day != call.day:
            calls.move(call, day)  # one that is gone, or was moved by another worker, needs nothing
    return True


def _on_its_day(call: PhoneCall, calls: PhoneCalls, zone_of: Callable[[str], tzinfo]) -> PhoneCall:
    """The call, moved if the account's time zone was changed while it was written: who moves all calls may have come
    by before."""
    day = phone_call.day_of(call.started_at, zone_of(call.account))
    if day == call.day or not calls.move(call, day):
        return call
    return call._replace(day=day)
