"""Checks of SES: that this account may send, how much, and from the address that is asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError

from chalicelib.core import address
from infra.aws.finding import Finding, failure, fine, warning

if TYPE_CHECKING:
    from mypy_boto3_sesv2.client import SESV2Client

SIMULATOR = "success@simulator.amazonses.com"
"""Takes every mail, also from the sandbox, and counts for no reputation."""

SECONDS_A_MAIL = 0.3
"""What one call of SES takes, with what stands around it; infra/app.yaml says so, too."""

LEAST_AT_ONCE, MOST_AT_ONCE = 2, 1000
"""As Lambda takes it for a queue."""


def account(ses: "SESV2Client") -> Iterator[Finding]:
    """Whether the account may send, to whom, and how much."""
    region = ses.meta.region_name
    try:
        found = ses.get_account()
    except EndpointConnectionError:
        yield failure(
            f"SES does not answer in {region}: is this machine online, and is SES offered there? "
            "https://docs.aws.amazon.com/general/latest/gr/ses.html lists its regions"
        )
        return
    yield from _standing(found, region)
    quota = found.get("SendQuota", {})
    daily, rate = int(quota.get("Max24HourSend", 0)), float(quota.get("MaxSendRate", 0))
    limit = "no limit" if daily < 0 else f"{daily:,} recipients in 24 hours"
    used = int(quota.get("SentLast24Hours", 0))
    at_once = min(max(round(rate * SECONDS_A_MAIL), LEAST_AT_ONCE), MOST_AT_ONCE)
    yield fine(
        f"SES quota: {limit}, {used:,} of them used, {rate:g} a second; {at_once} are sent at once",
        SesDailyQuota=str(max(daily, 0)),
        SendConcurrency=str(at_once),
    )


def _standing(found: Any, region: str) -> Iterator[Finding]:
    status = found.get("EnforcementStatus", "HEALTHY")
    page = f"https://{region}.console.aws.amazon.com/ses/home?region={region}#/reputation"
    if not found.get("SendingEnabled"):
        yield failure(
            f"SES sends nothing for this account in {region} (sending is paused, reputation {status}). "
            f"See why on {page}; if you paused it: aws sesv2 put-account-sending-attributes --sending-enabled"
        )
    elif status != "HEALTHY":
        yield warning(f"SES has the account under review (reputation {status}): see why on {page}")
    if found.get("ProductionAccessEnabled"):
        yield fine("SES: production access, anybody can be written to")
    else:
        yield warning(
            f"SES is in its sandbox in {region}: only addresses and domains that you verified there, and {SIMULATOR}, "
            "get mail. Ask for production access: docs/DEPLOYMENT.md, Production access"
        )


def identity(ses: "SESV2Client", sender: str) -> Iterator[Finding]:
    """Whether SES lets this address send: verified itself, or by its domain or one above."""
    if not sender:
        yield warning(
            "no sender: the test mail is left out. Name an address that SES has verified: FROM=you@example.com"
        )
        return
    try:
        name = address.parse(sender)[1]
    except address.BadAddress as error:
        yield failure(f"{sender!r} is no address to send from: {error}")
        return
    known = {one: _find(ses, one) for one in _candidates(name)}
    verified = [one for one, found in known.items() if found and found.get("VerifiedForSendingStatus")]
    if verified:
        yield _signed(name, verified[0], known[verified[0]])
        return
    waiting = [one for one, found in known.items() if found]
    region, domain = ses.meta.region_name, name.rpartition("@")[2]
    if waiting:
        found = known[waiting[0]]
        status = found.get("VerificationStatus", "PENDING")
        yield failure(f"SES has not verified {waiting[0]} in {region} yet ({status}): {_to_do(waiting[0], found)}")
        return
    yield failure(
        f"SES does not know {name} or its domain in {region}: aws sesv2 create-email-identity --region {region} "
        f"--email-identity {domain}, then set the CNAME records that `make deploy` names"
    )


def _candidates(name: str) -> list[str]:
    """The address, its domain, and the domains above, which stand for all below them."""
    labels = name.rpartition("@")[2].split(".")
    return [name, *(".".join(labels[start:]) for start in range(max(len(labels) - 1, 1)))]


def _find(ses: "SESV2Client", name: str) -> Any:
    try:
        return ses.get_email_identity(EmailIdentity=name)
    except ses.exceptions.NotFoundException:
        return None


def _signed(name: str, identity: str, found: Any) -> Finding:
    """Verified; and whether its mails are signed by its domain, without which many end as spam."""
    status = found.get("DkimAttributes", {}).get("Status", "NOT_STARTED")
    by = f"{name} may send" + ("" if identity == name else f", by its domain {identity}")
    if status == "SUCCESS":
        return fine(f"{by}; mails are signed with DKIM")
    if "@" in identity:
        return warning(
            f"{by}, but unsigned by its domain, so many end as spam: verify the domain, not only the address"
        )
    return warning(f"{by}, but DKIM is {status}, so many mails end as spam: {_to_do(identity, found)}")


def _to_do(identity: str, found: Any) -> str:
    """What makes SES believe that an identity is the caller's."""
    if "@" in identity:
        return f"open the mail that SES sent to {identity} and follow its link"
    attributes = found.get("DkimAttributes", {})
    zone = attributes.get("SigningHostedZone", "dkim.amazonses.com")
    records = [f"{token}._domainkey.{identity} CNAME {token}.{zone}" for token in attributes.get("Tokens", [])]
    if not records:
        return f"see what it wants of you: aws sesv2 get-email-identity --email-identity {identity}"
    return f"set these records in the DNS, and wait until SES has seen them: {'; '.join(records)}"
