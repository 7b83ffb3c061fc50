"""Every check is made, and what fails says what to do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.aws import checks
from infra.aws.clients import Clients
from infra.aws.deployment import Deployment
from infra.aws.finding import Finding, Level
from tests.infra.aws.stubs import ACCOUNT, REGION, stubbed
from tests.infra.aws.test_sender import ACCOUNT as SES
from tests.infra.aws.test_sender import VERIFIED

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WHO = {"UserId": "A", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/anna"}
ROOM = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}}
NONE = "ValidationError"
DENIED = "AccessDeniedException"


def stack(status: str, **parameters: str) -> dict[str, Any]:
    said = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Stacks": [{"StackName": "s", "StackStatus": status, "CreationTime": NOW, "Parameters": said}]}


def answering(app: Any, data: Any, *, who: Any = WHO, ses: Any = SES, functions: Any = ROOM) -> Clients:
    """Clients of an account whose stacks answer so; the sender is verified itself."""
    cloudformation = stubbed("cloudformation", *(("describe_stacks", answer) for answer in (app, data, app)))
    mail = (("get_account", ses), ("get_email_identity", VERIFIED), ("get_email_identity", "NotFoundException"))
    return Clients(
        REGION,
        stubbed("sts", ("get_caller_identity", who)),
        stubbed("sesv2", *mail),
        stubbed("acm"),
        stubbed("lambda", ("get_account_settings", functions)),
        cloudformation,
        stubbed("s3"),
        stubbed("secretsmanager"),
        stubbed("dynamodb"),
        stubbed("sqs"),
    )


def failures(checked: checks.Checked) -> list[str]:
    return [finding.text for finding in checked.findings if finding.level is Level.FAILED]


def concurrency(free: int, wanted: int = 100, kept: int = 0) -> Finding:
    limit = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": free}}
    (finding,) = checks.concurrency(stubbed("lambda", ("get_account_settings", limit)), wanted, kept)
    return finding


def test_an_account_that_has_all_may_go_on_with_the_parameters_that_were_settled() -> None:
    there = stack("UPDATE_COMPLETE", TrackConcurrency="0")
    checked = checks.look(Deployment("prod", sender="news@example.com"), REGION, answering(there, there), NOW)
    assert checked.may_go_on, failures(checked)
    assert f"account {ACCOUNT}, region {REGION}, as arn:aws:iam::{ACCOUNT}:user/anna" in str(checked.findings[1])
    assert checked.parameters == {
        "Stage": "prod",
        "TrackingDomain": "",
        "TrackingCertificateArn": "",
        "DashboardDomain": "",
        "DashboardCertificateArn": "",
        "AlarmEmail": "",
        "Networks": "",
        "WebhookTargets": "",
        "SesDailyQuota": "50000",
        "SendConcurrency": "4",
        "TrackConcurrency": "100",
    }


def test_all_that_fails_is_told_at_once() -> None:
    aws = answering(
        stack("ROLLBACK_COMPLETE", TrackingDomain="t.example.com"),
        stack("UPDATE_IN_PROGRESS"),
        ses=DENIED,
        functions=DENIED,
    )
    told = failures(checks.look(Deployment("prod", sender="news@example.com"), REGION, aws, NOW))
    for words in (
        "mailsight-prod-data is UPDATE_IN_PROGRESS",
        "mailsight-prod is ROLLBACK_COMPLETE",
        "ses:GetAccount",
        "t.example.com needs a certificate",
        "lambda:GetAccountSettings",
    ):
        assert any(words in text for text in told), (words, told)


def test_a_permission_that_is_missing_twice_is_told_once() -> None:
    told = failures(checks.look(Deployment("prod", sender="news@example.com"), REGION, answering(DENIED, DENIED), NOW))
    assert [text.partition(" (")[0] for text in told] == ["you lack the permission cloudformation:DescribeStacks"]


@pytest.mark.parametrize(("address", "is_one"), [("ops@example.com", True), ("none", True), ("ops", False)])
def test_alarms_go_to_an_address(address: str, is_one: bool) -> None:
    (*_, last) = checks.here(Deployment("prod", alarm_email=address), REGION)
    assert (last.level is not Level.FAILED) is is_one


@pytest.mark.parametrize(("asked", "deployed", "kept"), [(None, "", "100"), (None, "300", "300"), (50, "300", "50")])
def test_what_is_kept_for_the_tracking_host_stays_unless_it_is_said(asked: Any, deployed: str, kept: str) -> None:
    there = stack("UPDATE_COMPLETE", TrackConcurrency=deployed) if deployed else stack("UPDATE_COMPLETE")
    wanted = Deployment("prod", sender="news@example.com", track_concurrency=asked)
    assert checks.look(wanted, REGION, answering(there, there), NOW).parameters["TrackConcurrency"] == kept


def test_without_credentials_the_rest_is_left_out_and_that_is_said() -> None:
    checked = checks.look(Deployment("prod"), REGION, answering(NONE, NONE, who="ExpiredToken"), NOW)
    (told,) = failures(checked)
    assert "sign in again (aws sso login, aws configure)" in told
    assert "were not looked at" in checked.findings[-1].text


def test_without_a_region_and_with_a_bad_name_both_are_told() -> None:
    told = failures(checks.look(Deployment("x-data"), "", None, NOW))
    assert "is no name for a stage" in told[0]
    assert "export AWS_REGION=" in told[1]


@pytest.mark.parametrize(("minor", "is_run"), [(10, False), (11, True), (14, True), (15, False)])
def test_the_python_that_packs_is_one_that_lambda_runs(minor: int, is_run: bool) -> None:
    (finding,) = checks.here(Deployment("prod"), REGION, (3, minor))
    assert (finding.level is Level.OK) is is_run


@pytest.mark.parametrize(
    ("free", "wanted", "kept", "settled"),
    [(200, 100, 0, "100"), (199, 100, 0, "0"), (100, 100, 100, "100"), (10, 100, 0, "0"), (1000, 300, 0, "300")],
)
def test_executions_are_kept_only_where_a_hundred_stay_free(free: int, wanted: int, kept: int, settled: str) -> None:
    found = concurrency(free, wanted, kept)
    assert found.values == {"TrackConcurrency": settled}
    assert (found.level is Level.OK) is (settled != "0")


def test_who_wants_none_kept_is_not_asked_for_a_permission() -> None:
    (finding,) = checks.concurrency(stubbed("lambda"), 0, 0)
    assert finding.values == {"TrackConcurrency": "0"}


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --region eu-west-1 --stack-name mailsight-prod"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --region eu-west-1"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_cannot_be_updated_says_what_it_needs(status: str, says: str) -> None:
    found = checks.stack_status("mailsight-prod", {"StackStatus": status}, REGION)
    assert found.level is Level.FAILED
    assert says in found.text


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_is_whole_or_only_planned_is_fine(status: str) -> None:
    assert checks.stack_status("mailsight-prod", {"StackStatus": status}, REGION).level is Level.OK


def test_leaving_a_tracking_domain_is_a_warning() -> None:
    there = stack("UPDATE_COMPLETE", TrackingDomain="t.example.com", TrackingCertificateArn="arn:x")
    checked = checks.look(
        Deployment("prod", sender="news@example.com", tracking_domain="none"), REGION, answering(there, there), NOW
    )
    warnings = [finding.text for finding in checked.findings if finding.level is Level.WARNING]
    assert any("links in mails that are out lead to t.example.com" in text for text in warnings)
