"""Checks of the host names: each with a certificate that covers it; and whether the DNS leads there already."""

import re
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.aws.deployment import Deployment
from infra.aws.finding import Finding, failure, fine, warning

if TYPE_CHECKING:
    from mypy_boto3_acm.client import ACMClient

_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_ARN = re.compile(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/\S+")


def names(asked: Deployment) -> Iterator[Finding]:
    """What can be said of the names alone."""
    for what, domain, certificate in _pairs(asked):
        option = what.upper().replace(" ", "_")
        if domain and not _HOST.fullmatch(domain):
            yield failure(f"{domain!r} is no host name for the {what}: write it like t.example.com, without https://")
        if domain and not certificate:
            yield failure(f"{domain} needs a certificate: {option}_CERTIFICATE=arn:… (docs/DEPLOYMENT.md, Certificate)")
        if certificate and not domain:
            yield failure(f"the certificate for the {what} needs its domain: {option}_DOMAIN=…")
    if asked.tracking_domain and asked.tracking_domain == asked.dashboard_domain:
        yield failure(
            f"links and dashboard cannot both have {asked.tracking_domain}: who follows a link must not bring along "
            "the dashboard's cookies. Take two names, like t.example.com and mail.example.com"
        )


def none(asked: Deployment) -> Iterator[Finding]:
    """What it means to have no tracking domain."""
    if not asked.tracking_domain:
        yield warning(
            "no tracking domain: links have the name of this API and die with it, and mail filters trust them less. "
            "A domain can be added later, for mails that are sent from then on"
        )


def certificates(acm: "ACMClient", asked: Deployment, now: datetime) -> Iterator[Finding]:
    """Whether each certificate is there, valid, and of its domain."""
    for _, domain, certificate in _pairs(asked):
        if domain and certificate:
            yield _certificate(acm, domain, certificate, now)


def _certificate(acm: "ACMClient", domain: str, arn: str, now: datetime) -> Finding:
    region, match = acm.meta.region_name, _ARN.fullmatch(arn)
    if not match:
        return failure(f"{arn!r} is no certificate of ACM; list yours: aws acm list-certificates --region {region}")
    if match[1] != region:
        return failure(f"the certificate for {domain} is in {match[1]}, not in {region}: {_request(domain, region)}")
    try:
        found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except acm.exceptions.ResourceNotFoundException:
        return failure(f"there is no certificate {arn} in this account: {_request(domain, region)}")
    covered = [found.get("DomainName", ""), *found.get("SubjectAlternativeNames", [])]
    if not any(is_covered(domain, name) for name in covered):
        return failure(
            f"the certificate for {domain} is one for {', '.join(sorted(set(covered)))}: {_request(domain, region)}"
        )
    ends_at = found.get("NotAfter")
    if found["Status"] == "ISSUED" and (ends_at is None or ends_at > now):
        return fine(f"certificate for {domain}" + (f", valid until {ends_at:%Y-%m-%d}" if ends_at else ""))
    if found["Status"] == "PENDING_VALIDATION":
        return failure(f"the certificate for {domain} is not issued yet: {_to_do(found)}")
    return failure(f"the certificate for {domain} is over ({found['Status']}): {_request(domain, region)}")


def is_covered(domain: str, name: str) -> bool:
    """Whether a certificate for this name is one for the domain; `*.` stands for exactly one label (RFC 6125)."""
    first, _, rest = domain.partition(".")
    return domain == name.lower() or bool(first and name.lower() == f"*.{rest}")


def leads_to(domain: str, target: str, places: Callable[[str], set[str]]) -> bool:
    """Whether the DNS leads from the domain to where the target is; `places` gives names and addresses of a host."""
    return bool(places(domain) & (places(target) | {target.lower()}))


def places(host: str) -> set[str]:
    """The canonical name and the addresses of a host; empty where the DNS does not know it."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    except OSError:
        return set()
    return {str(entry[4][0]) for entry in found} | {entry[3].lower() for entry in found if entry[3]}


def _pairs(asked: Deployment) -> list[tuple[str, str, str]]:
    return [
        ("tracking", asked.tracking_domain, asked.tracking_certificate),
        ("dashboard", asked.dashboard_domain, asked.dashboard_certificate),
    ]


def _request(domain: str, region: str) -> str:
    return f"aws acm request-certificate --region {region} --domain-name {domain} --validation-method DNS"


def _to_do(found: Any) -> str:
    records = [
        option["ResourceRecord"] for option in found.get("DomainValidationOptions", []) if "ResourceRecord" in option
    ]
    if not records:
        return "see what ACM waits for: https://console.aws.amazon.com/acm"
    lines = [f"{record['Name']} {record['Type']} {record['Value']}" for record in records]
    return f"set in the DNS, and wait some minutes: {'; '.join(lines)}"
