"""What each type of SES notification says: facts, which become events once they have a time and an id.

Field names: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from chalicelib.core.event import Kind

LONGEST_REASON = 500
LONGEST_PAYLOAD = 2_000
LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LONGEST_WORD = 50
_MOST_BYTES = 3_500  # of one text in JSON, where a character may take twelve; an event stays under 4 KB

Json = Mapping[str, Any]


class Fact(NamedTuple):
    """An event without time and id. `recipient` and `own_id` tell it from others of its mail, type and time."""

    kind: Kind
    data: dict[str, Any]
    recipient: str = ""
    own_id: str = ""


def read(ses_type: str, payload: Json) -> tuple[Fact, ...]:
    """The facts of a notification, one for each recipient that its own object names.

    A type that is not documented, and one that should name recipients and names none, is one fact of kind `unknown`.
    Raises ValueError, with a text that holds no personal data, if a documented field is missing or of another type.
    """
    if ses_type not in _TYPES:
        return (_unknown(payload),)
    name, facts_of = _TYPES[ses_type]
    return tuple(facts_of(object_(payload, name), payload)) or (_unknown(payload),)


def part(ses_type: str, payload: Json) -> Json:
    """The object of a notification's own type, such as `bounce`.

    For a type that is not documented it is looked for under the type's name, as most have it; empty if there is none.
    """
    if ses_type in _TYPES:
        return object_(payload, _TYPES[ses_type][0])
    guess = payload.get(ses_type[:1].lower() + ses_type[1:].replace(" ", ""))
    return guess if isinstance(guess, dict) else {}


def _sent(_: Json, payload: Json) -> Iterable[Fact]:
    yield Fact(Kind.SENT, {"ses_message_id": text(object_(payload, "mail"), "messageId")})


def _delivered(delivery: Json, _: Json) -> Iterable[Fact]:
    for entry in _list(delivery, "recipients"):
        address = _address(entry, "recipients")
        yield Fact(Kind.DELIVERED, {"recipient": short(address, LONGEST_ADDRESS)}, address)


def _delayed(delay: Json, _: Json) -> Iterable[Fact]:
    for address, entry in _recipients(delay, "delayedRecipients"):
        data = {
            "recipient": short(address, LONGEST_ADDRESS),
            "type": short(text(delay, "delayType"), LONGEST_WORD),
            "reason": _reason(text(entry, "diagnosticCode"), text(entry, "status")),
        }
        yield Fact(Kind.DELAYED, data, address)


def _bounced(bounce: Json, _: Json) -> Iterable[Fact]:
    subtype = text(bounce, "bounceSubType")
    for address, entry in _recipients(bounce, "bouncedRecipients"):
        bounce_type = _bounce_type(bounce, entry)
        data = {
            "recipient": short(address, LONGEST_ADDRESS),
            "type": bounce_type,
            "reason": _reason(text(entry, "diagnosticCode"), text(entry, "status"), subtype),
            "ses_type": short(text(bounce, "bounceType"), LONGEST_WORD),
            "ses_subtype": short(subtype, LONGEST_WORD),
        }
        kind = Kind.AUTO_REPLIED if bounce_type == "auto_reply" else Kind.BOUNCED
        yield Fact(kind, data, address, text(bounce, "feedbackId"))


def _bounce_type(bounce: Json, recipient: Json) -> str:
    """hard, soft or auto_reply.

    SES publishes an automatic answer ("out of the office") as Transient/General and says so in its list of bounce
    types. What tells it from a failure: `reportingMTA`, `action`, `status` and `diagnosticCode` are copied from a
    delivery status notification (RFC 3464), and an automatic answer (RFC 3834) is none, so it has not one of them.

    A Permanent bounce of several recipients may hold one whose own action is "delayed": its server is still trying
    (RFC 3464 section 2.3.3), so that one is soft.
    """
    if text(bounce, "bounceType") == "Permanent":
        return "soft" if text(recipient, "action") == "delayed" else "hard"
    is_general = (text(bounce, "bounceType"), text(bounce, "bounceSubType")) == ("Transient", "General")
    has_report = text(bounce, "reportingMTA") or any(text(recipient, name) for name in _FROM_REPORT)
    return "auto_reply" if is_general and not has_report else "soft"


_FROM_REPORT = ("action", "status", "diagnosticCode")


def _complained(complaint: Json, _: Json) -> Iterable[Fact]:
    """Nobody complained if the report says "not-spam": that takes a complaint back (IANA, MARF feedback types)."""
    feedback_type = text(complaint, "complaintFeedbackType")
    if feedback_type == "not-spam":
        return
    reason = _reason(text(complaint, "complaintSubType"), feedback_type)
    for address, _entry in _recipients(complaint, "complainedRecipients"):
        data = {"recipient": short(address, LONGEST_ADDRESS), "reason": reason}
        yield Fact(Kind.COMPLAINED, data, address, text(complaint, "feedbackId"))


def _rejected(reject: Json, _: Json) -> Iterable[Fact]:
    yield Fact(Kind.REJECTED, {"reason": _reason(text(reject, "reason"))})


def _rendering_failed(failure: Json, _: Json) -> Iterable[Fact]:
    yield Fact(Kind.RENDERING_FAILED, {"reason": _reason(text(failure, "errorMessage"))})


def _kept(kind: Kind) -> Callable[[Json, Json], Iterable[Fact]]:
    """For types that are kept and counted nowhere. Who it was (IP address, user agent) is forgotten."""

    def facts_of(own: Json, _: Json) -> Iterable[Fact]:
        kept = {name: value for name, value in own.items() if name not in ("ipAddress", "userAgent")}
        yield Fact(kind, {"payload": short(_compact(kept), LONGEST_PAYLOAD)}, own_id=_compact(own))

    return facts_of


def _unknown(payload: Json) -> Fact:
    """Everything but `mail`, which repeats headers and addresses of a message that we have."""
    kept = _compact({name: value for name, value in payload.items() if name != "mail"})
    return Fact(Kind.UNKNOWN, {"payload": short(kept, LONGEST_PAYLOAD)}, own_id=kept)


# SES's type: the name of its own object, and what reads it.
_TYPES: Mapping[str, tuple[str, Callable[[Json, Json], Iterable[Fact]]]] = {
    "Send": ("send", _sent),
    "Delivery": ("delivery", _delivered),
    "DeliveryDelay": ("deliveryDelay", _delayed),
    "Bounce": ("bounce", _bounced),
    "Complaint": ("complaint", _complained),
    "Reject": ("reject", _rejected),
    "Rendering Failure": ("failure", _rendering_failed),
    "Subscription": ("subscription", _kept(Kind.SUBSCRIPTION_CHANGED)),
    "Open": ("open", _kept(Kind.SES_OPENED)),
    "Click": ("click", _kept(Kind.SES_CLICKED)),
}


def _recipients(parent: Json, name: str) -> Iterable[tuple[str, Json]]:
    """The addresses in a list of objects, each with its object."""
    for entry in _list(parent, name):
        if not isinstance(entry, dict):
            raise ValueError(f"an entry of `{name}` is no object")
        yield _address(entry.get("emailAddress"), name), entry


def _address(value: object, name: str) -> str:
    """Without display name: SES repeats `Anna Berg <anna@example.com>` where the recipient was given so."""
    address = value.strip() if isinstance(value, str) else ""
    if address.endswith(">"):
        address = address[:-1].rpartition("<")[2].strip()
    if not address:
        raise ValueError(f"an entry of `{name}` has no address")
    return address


def object_(parent: Json, name: str) -> Json:
    """The object in a field. Raises ValueError if there is none."""
    value = parent.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"`{name}` is missing or no object")
    return value


def text(parent: Json, name: str) -> str:
    """The text of a field; "" if it is missing, null or of another type."""
    value = parent.get(name)
    return value if isinstance(value, str) else ""


def _list(parent: Json, name: str) -> list[Any]:
    value = parent.get(name)
    if not isinstance(value, list):
        raise ValueError(f"`{name}` is missing or no list")
    return value


def _reason(*texts: str) -> str:
    """The first that says something."""
    return short(next((one for one in texts if one.strip()), ""), LONGEST_REASON)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def short(long: str, characters: int) -> str:
    """At most so many characters, fewer if they are such that JSON needs many bytes for them; always valid Unicode."""
    cut = long[:characters].encode("utf-8", "replace").decode("utf-8")
    while len(json.dumps(cut)) > min(4 * characters, _MOST_BYTES):
        cut = cut[: len(cut) * 3 // 4]
    return cut
