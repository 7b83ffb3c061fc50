"""Host names, their certificates, and whether the DNS leads there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.aws import domains
from infra.aws.deployment import Deployment
from infra.aws.finding import Finding, Level
from tests.infra.aws.stubs import ACCOUNT, REGION, stubbed

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
ASKED = Deployment("prod", tracking_domain="t.example.com", tracking_certificate=ARN)
ISSUED = {
    "DomainName": "example.com",
    "SubjectAlternativeNames": ["example.com", "*.example.com"],
    "Status": "ISSUED",
    "NotAfter": NOW + timedelta(days=90),
}


def certificate(answer: Any, asked: Deployment = ASKED) -> Finding:
    said = answer if isinstance(answer, str) else {"Certificate": answer}
    (finding,) = domains.certificates(stubbed("acm", ("describe_certificate", said)), asked, NOW)
    return finding


def failures(asked: Deployment) -> list[str]:
    return [finding.text for finding in domains.names(asked) if finding.level is Level.FAILED]


def test_an_issued_certificate_of_the_domain_is_fine() -> None:
    assert certificate(ISSUED) == Finding(Level.OK, "certificate for t.example.com, valid until 2027-02-20")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("t.example.com", True),
        ("T.Example.com", True),
        ("*.example.com", True),
        ("example.com", False),
        ("*.t.example.com", False),
        ("*.com", False),
        ("*", False),
    ],
)
def test_a_star_stands_for_one_label(name: str, is_one: bool) -> None:
    assert domains.is_covered("t.example.com", name) is is_one


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({**ISSUED, "SubjectAlternativeNames": ["www.example.com"]}, "is one for example.com, www.example.com"),
        ({**ISSUED, "NotAfter": NOW - timedelta(days=1)}, "is over (ISSUED)"),
        ({**ISSUED, "Status": "EXPIRED"}, "is over (EXPIRED)"),
        ("ResourceNotFoundException", "there is no certificate"),
    ],
)
def test_another_certificate_is_a_failure_with_the_command(answer: Any, said: str) -> None:
    found = certificate(answer)
    assert found.level is Level.FAILED
    assert said in found.text
    assert "aws acm request-certificate --region eu-west-1 --domain-name t.example.com" in found.text


def test_a_certificate_that_waits_is_a_failure_with_the_record_to_set() -> None:
    record = {"Name": "_x.t.example.com.", "Type": "CNAME", "Value": "_y.acm-validations.aws."}
    options = [{"DomainName": "t.example.com", "ResourceRecord": record}]
    found = certificate({**ISSUED, "Status": "PENDING_VALIDATION", "DomainValidationOptions": options})
    assert found.level is Level.FAILED
    assert "_x.t.example.com. CNAME _y.acm-validations.aws." in found.text


def test_a_certificate_elsewhere_is_told_without_asking() -> None:
    found = certificate(ISSUED, ASKED._replace(tracking_certificate=ARN.replace(REGION, "us-east-1")))
    assert found.level is Level.FAILED
    assert "is in us-east-1, not in eu-west-1" in found.text
    assert "is no certificate of ACM" in certificate(ISSUED, ASKED._replace(tracking_certificate="x")).text


def test_domain_and_certificate_come_together() -> None:
    assert failures(ASKED) == []
    (lonely,) = failures(Deployment("prod", tracking_domain="t.example.com"))
    assert "TRACKING_CERTIFICATE=arn:…" in lonely
    (useless,) = failures(Deployment("prod", dashboard_certificate=ARN))
    assert "DASHBOARD_DOMAIN=…" in useless


def test_links_and_dashboard_have_names_of_their_own() -> None:
    both = ASKED._replace(dashboard_domain="t.example.com", dashboard_certificate=ARN)
    assert "cannot both have t.example.com" in failures(both)[0]


@pytest.mark.parametrize(
    "name", ["https://t.example.com", "t.example.com/", "T.example.com", "localhost", "a..b.c", "ä.de"]
)
def test_what_is_no_host_name_is_a_failure(name: str) -> None:
    assert "is no host name" in failures(ASKED._replace(tracking_domain=name))[0]


def test_no_tracking_domain_is_a_warning() -> None:
    (finding,) = domains.none(Deployment("prod"))
    assert finding.level is Level.WARNING
    assert not list(domains.none(ASKED))


@pytest.mark.parametrize(
    ("known", "does"),
    [
        ({}, False),
        ({"t.example.com": {"d-1.execute-api.example"}}, True),  # a CNAME
        ({"t.example.com": {"192.0.2.1"}, "d-1.execute-api.example": {"192.0.2.1", "192.0.2.2"}}, True),  # an alias
        ({"t.example.com": {"198.51.100.1"}, "d-1.execute-api.example": {"192.0.2.1"}}, False),
    ],
)
def test_the_dns_leads_there_by_name_or_by_address(known: dict[str, set[str]], does: bool) -> None:
    assert domains.leads_to("t.example.com", "d-1.execute-api.example", lambda host: known.get(host, set())) is does


def test_a_host_that_the_dns_does_not_know_is_nowhere() -> None:
    assert domains.places("no-such-host.invalid") == set()
    assert "127.0.0.1" in domains.places("localhost") or "::1" in domains.places("localhost")
