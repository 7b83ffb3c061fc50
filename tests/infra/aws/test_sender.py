"""What SES says of the account and of the sender, in words that say what to do."""

import socket
from typing import Any

import pytest

from infra.aws import sender
from infra.aws.finding import Finding, Level, attempt
from infra.local import stack
from tests.infra.aws.stubs import stubbed

ACCOUNT = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0},
}
VERIFIED = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}}
WAITING = {
    "VerifiedForSendingStatus": False,
    "VerificationStatus": "PENDING",
    "DkimAttributes": {
        "Status": "PENDING",
        "Tokens": ["abc", "def"],
        "SigningHostedZone": "dkim.eu-west-1.amazonses.com",
    },
}
UNKNOWN = "NotFoundException"


def account(**changed: Any) -> list[Finding]:
    client = stubbed("sesv2", ("get_account", {**ACCOUNT, **changed}))
    return attempt(client, lambda: sender.account(client))


def identity(address: str, *answers: Any) -> Finding:
    client = stubbed("sesv2", *(("get_email_identity", answer) for answer in answers))
    (finding,) = attempt(client, lambda: sender.identity(client, address))
    return finding


def test_quota_and_rate_are_shown_and_become_parameters() -> None:
    production, quota = account()
    assert (production.level, quota.level) == (Level.OK, Level.OK)
    assert quota.text == "SES quota: 50,000 recipients in 24 hours, 12 of them used, 14 a second; 4 are sent at once"
    assert quota.values == {"SesDailyQuota": "50000", "SendConcurrency": "4"}


@pytest.mark.parametrize(("rate", "at_once"), [(1, "2"), (14, "4"), (200, "60"), (10_000, "1000")])
def test_as_many_are_sent_at_once_as_the_rate_allows_and_lambda_takes(rate: float, at_once: str) -> None:
    found = account(SendQuota={"Max24HourSend": -1, "MaxSendRate": rate, "SentLast24Hours": 0})
    assert found[-1].values == {"SesDailyQuota": "0", "SendConcurrency": at_once}


def test_the_sandbox_is_a_warning_that_says_who_gets_mail() -> None:
    sandbox, _ = account(ProductionAccessEnabled=False)
    assert sandbox.level is Level.WARNING
    assert "only addresses and domains that you verified there, and success@simulator.amazonses.com" in sandbox.text


def test_paused_sending_is_a_failure_and_a_review_a_warning() -> None:
    paused = account(SendingEnabled=False, EnforcementStatus="SHUTDOWN")[0]
    assert paused.level is Level.FAILED
    assert "reputation SHUTDOWN" in paused.text
    review = account(EnforcementStatus="PROBATION")[0]
    assert review.level is Level.WARNING


def test_a_region_without_ses_is_a_failure_that_says_where_ses_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    client = stack.client("sesv2", url)
    (finding,) = attempt(client, lambda: sender.account(client))
    assert finding.level is Level.FAILED
    assert "SES does not answer in eu-west-1" in finding.text


def test_a_missing_permission_is_named() -> None:
    client = stubbed("sesv2", ("get_account", "AccessDeniedException"))
    (finding,) = attempt(client, lambda: sender.account(client))
    assert finding.level is Level.FAILED
    assert finding.text.startswith("you lack the permission ses:GetAccount (docs/DEPLOYMENT.md, Permissions).")


def test_an_address_may_send_by_itself_or_by_its_domain_or_by_one_above() -> None:
    alone = identity("News <news@example.com>", {"VerifiedForSendingStatus": True}, UNKNOWN)
    assert (alone.level, "unsigned by its domain" in alone.text) == (Level.WARNING, True)
    found = identity("news@example.com", UNKNOWN, VERIFIED)
    assert (found.level, found.text) == (
        Level.OK,
        "news@example.com may send, by its domain example.com; mails are signed with DKIM",
    )
    above = identity("news@mail.example.com", UNKNOWN, UNKNOWN, VERIFIED)
    assert "by its domain example.com" in above.text


def test_a_verified_domain_counts_though_the_address_itself_waits() -> None:
    assert identity("news@example.com", WAITING, VERIFIED).level is Level.OK


def test_a_sender_that_nobody_has_verified_is_a_failure_with_the_command() -> None:
    found = identity("news@example.com", UNKNOWN, UNKNOWN)
    assert found.level is Level.FAILED
    assert "aws sesv2 create-email-identity --region eu-west-1 --email-identity example.com" in found.text


def test_a_domain_that_waits_is_a_failure_with_the_records_to_set() -> None:
    found = identity("news@example.com", UNKNOWN, WAITING)
    assert found.level is Level.FAILED
    assert "abc._domainkey.example.com CNAME abc.dkim.eu-west-1.amazonses.com" in found.text


def test_an_address_that_waits_is_a_failure_that_speaks_of_the_mail() -> None:
    found = identity("news@example.com", {"VerifiedForSendingStatus": False}, UNKNOWN)
    assert found.level is Level.FAILED
    assert "open the mail that SES sent to news@example.com" in found.text


def test_unsigned_mails_are_a_warning() -> None:
    found = identity("news@example.com", UNKNOWN, {**WAITING, "VerifiedForSendingStatus": True})
    assert found.level is Level.WARNING
    assert "DKIM is PENDING" in found.text


@pytest.mark.parametrize("text", ["no address", "a@b@c", "news@example.com, other@example.com"])
def test_what_is_no_address_is_a_failure(text: str) -> None:
    assert identity(text).level is Level.FAILED


def test_without_a_sender_there_is_a_warning() -> None:
    assert identity("").level is Level.WARNING
