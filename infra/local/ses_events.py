"""What SES tells about a mail, as it publishes events of a configuration set to SNS.

Shapes: developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS" and the examples beside it;
what the simulator's mailboxes do: "Using the mailbox simulator manually". What those pages leave open (the fields of an
out-of-office answer, of a complaint, of a suppressed address) is as real notifications of the simulator show it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import getaddresses
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from chalicelib.core import instant
from infra.local import letter
from infra.local.ses_request import Outgoing, unfold

SIMULATOR = "simulator.amazonses.com"
ACCOUNT = "000000000000"
_SHOWN_HEADERS = 10_240  # bytes; beyond, SES cuts the list and says headersTruncated

Notification = dict[str, Any]


class Accepted(NamedTuple):
    """A mail that SES took. `source_ip` is the caller's."""

    ses_message_id: str
    accepted_at: datetime
    source_ip: str
    region: str
    mail: Outgoing


class Refusal(NamedTuple):
    """What a real SMTP server said against a recipient: reply code (RFC 5321 section 4.2) and text."""

    code: int
    text: str


def message_id(epoch_ms: int, unique: str) -> str:
    """An id of SES's form; `unique` is a UUID's text."""
    return f"0102{epoch_ms:012x}-{unique}-000000"


def sent(accepted: Accepted) -> Notification:
    """Of the moment of acceptance."""
    return {"eventType": "Send", "mail": _mail(accepted), "send": {}}


def rejected(accepted: Accepted) -> Notification:
    """SES found a virus, the only reason there is."""
    return {"eventType": "Reject", "mail": _mail(accepted), "reject": {"reason": "Bad content"}}


def first_answers(accepted: Accepted, after: timedelta, refusals: Mapping[str, Refusal]) -> list[Notification]:
    """What is known when recipients' servers have answered: a Delivery for each that took the mail, else bounces.

    Bounces of one kind come as one event ("Amazon SES combines the bounce responses into a single response").
    """
    recipients = accepted.mail.recipients
    unknown = [address for address in recipients if scenario(address) == "bounce"]
    suppressed = [address for address in recipients if scenario(address) == "suppressionlist"]
    told = [_delivery(accepted, address, after) for address in recipients if not _is_bounced(address, refusals)]
    if unknown:
        dsn = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        told.append(_bounce(accepted, after, "General", unknown, dsn, f"dns; {_mta(accepted)}"))
    if suppressed:
        dsn = {"action": "failed", "status": "5.1.1", "diagnosticCode": _SUPPRESSED}
        told.append(_bounce(accepted, after, "Suppressed", suppressed, dsn, "dns; amazonses.com"))
    told += [_refused(accepted, after, address, refusal) for address, refusal in refusals.items()]
    return told


def late_answers(accepted: Accepted, after: timedelta) -> list[Notification]:
    """What comes after a delivery: out-of-office answers and complaints."""
    recipients = accepted.mail.recipients
    away = [address for address in recipients if scenario(address) == "ooto"]
    angry = [address for address in recipients if scenario(address) == "complaint"]
    told = []
    if away:  # no delivery status notification comes with it, hence none of its fields
        told.append(_bounce(accepted, after, "General", away, {}, None, kind="Transient"))
    if angry:
        told.append(_complaint(accepted, after, angry))
    return told


def is_simulated(address: str) -> bool:
    """Whether the simulator plays this recipient."""
    return address.lower().rpartition("@")[2] == SIMULATOR


def scenario(address: str) -> str:
    """The simulator's mailbox that an address names, its label dropped; `success` for the rest of the world.

    A mailbox that the simulator does not have is an unknown user, like `bounce`.
    """
    if not is_simulated(address):
        return "success"
    name = address.lower().partition("@")[0].partition("+")[0]
    return name if name in ("success", "complaint", "ooto", "suppressionlist") else "bounce"


_SUPPRESSED = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
    "address. For more information about how to remove an address from the suppression list, see the Amazon SES "
    "Developer Guide: http://docs.aws.amazon.com/ses/latest/DeveloperGuide/remove-from-suppressionlist.html "
)


def _is_bounced(address: str, refusals: Mapping[str, Refusal]) -> bool:
    return address in refusals or scenario(address) in ("bounce", "suppressionlist")


def _delivery(accepted: Accepted, address: str, after: timedelta) -> Notification:
    return {
        "eventType": "Delivery",
        "mail": _mail(accepted, {"ses:outgoing-ip": ["192.0.2.0"]}),
        "delivery": {
            "timestamp": instant.show(accepted.accepted_at + after),
            "processingTimeMillis": after // timedelta(milliseconds=1),
            "recipients": [address],
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": _mta(accepted),
        },
    }


def _refused(accepted: Accepted, after: timedelta, address: str, refusal: Refusal) -> Notification:
    """A refusal of the relay: for good if the code is 5xx. SES gives up on 4xx only after hours; here nobody waits."""
    is_final = refusal.code >= 500
    words = refusal.text.split(" ", 1)
    has_status = words[0].count(".") == 2 and words[0].replace(".", "").isdigit()
    status = words[0] if has_status else ("5.0.0" if is_final else "4.0.0")
    dsn = {"action": "failed", "status": status, "diagnosticCode": f"smtp; {refusal.code} {refusal.text}"}
    kind = "Permanent" if is_final else "Transient"
    return _bounce(accepted, after, "General", [address], dsn, f"dns; {_mta(accepted)}", kind=kind)


def _bounce(
    accepted: Accepted,
    after: timedelta,
    subtype: str,
    addresses: Sequence[str],
    dsn: Mapping[str, str],
    reporting_mta: str | None,
    kind: str = "Permanent",
) -> Notification:
    bounce: dict[str, Any] = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [{"emailAddress": address, **dsn} for address in addresses],
        "timestamp": instant.show(accepted.accepted_at + after),
        "feedbackId": _feedback_id(accepted, f"{kind}/{subtype}/{addresses[0]}", after),
    }
    if reporting_mta:
        bounce["reportingMTA"] = reporting_mta
    return {"eventType": "Bounce", "bounce": bounce, "mail": _mail(accepted)}


def _complaint(accepted: Accepted, after: timedelta, addresses: Sequence[str]) -> Notification:
    complaint = {
        "complainedRecipients": [{"emailAddress": address} for address in addresses],
        "timestamp": instant.show(accepted.accepted_at + after),
        "feedbackId": _feedback_id(accepted, "complaint", after),
        "complaintSubType": None,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": instant.show(accepted.accepted_at + after),
    }
    return {"eventType": "Complaint", "complaint": complaint, "mail": _mail(accepted)}


def _mail(accepted: Accepted, more_tags: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    mail = accepted.mail
    domain = mail.sender.rpartition("@")[2]
    headers, is_truncated = _headers(mail)
    return {
        "timestamp": instant.show(accepted.accepted_at),
        "source": mail.source,
        "sourceArn": f"arn:aws:ses:{accepted.region}:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": accepted.ses_message_id,
        "destination": list(mail.recipients),
        "headersTruncated": is_truncated,
        "headers": headers,
        "commonHeaders": _common_headers(accepted),
        "tags": {
            "ses:configuration-set": [mail.configuration_set],
            "ses:source-ip": [accepted.source_ip],
            "ses:from-domain": [domain],
            "ses:caller-identity": ["local"],
            **(more_tags or {}),
            **mail.tags,
        },
    }


def _headers(mail: Outgoing) -> tuple[list[dict[str, str]], bool]:
    """The headers as handed over, and whether some were left out."""
    shown: list[dict[str, str]] = []
    size = 0
    for name, field in mail.fields:
        size += len(field)
        if size > _SHOWN_HEADERS:
            return shown, True
        shown.append({"name": name, "value": unfold(field)})
    return shown, False


def _common_headers(accepted: Accepted) -> dict[str, Any]:
    mail = accepted.mail
    common: dict[str, Any] = {}
    for name in ("from", "to", "cc"):
        pairs = getaddresses([mail.header(name)])
        if pairs:
            common[name] = [
                f"{letter.header_text(called)} <{address}>" if called else address for called, address in pairs
            ]
    if mail.header("Date"):
        common["date"] = mail.header("Date")
    common["messageId"] = mail.header("Message-ID") or accepted.ses_message_id
    common["subject"] = letter.header_text(mail.header("Subject"))
    return common


def _mta(accepted: Accepted) -> str:
    return f"a1-1.smtp-out.{accepted.region}.amazonses.com"


def _feedback_id(accepted: Accepted, fact: str, after: timedelta) -> str:
    at = accepted.accepted_at + after
    return message_id(int(at.timestamp() * 1000), str(uuid5(NAMESPACE_OID, f"{accepted.ses_message_id}/{fact}")))
