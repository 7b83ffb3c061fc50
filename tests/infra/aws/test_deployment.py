"""What is asked for, completed with what is deployed."""

import pytest

from infra.aws.deployment import Deployment, completed, is_stage

DEPLOYED = {
    "Stage": "prod",
    "TrackingDomain": "t.example.com",
    "TrackingCertificateArn": "arn:t",
    "AlarmEmail": "ops@example.com",
    "WebhookTargets": "10.1.0.0/16",
}


def test_what_is_not_given_stays_as_it_is_deployed() -> None:
    asked = completed(Deployment("prod", alarm_email="new@example.com"), DEPLOYED)
    assert asked.settings == {
        "Stage": "prod",
        "TrackingDomain": "t.example.com",
        "TrackingCertificateArn": "arn:t",
        "DashboardDomain": "",
        "DashboardCertificateArn": "",
        "AlarmEmail": "new@example.com",
        "Networks": "",
        "WebhookTargets": "10.1.0.0/16",
    }


def test_none_takes_a_domain_away_with_its_certificate() -> None:
    asked = completed(Deployment("prod", tracking_domain="none"), DEPLOYED)
    assert (asked.tracking_domain, asked.tracking_certificate) == ("", "")
    assert asked.alarm_email == "ops@example.com"


@pytest.mark.parametrize("name", ["prod", "a", "eu-1", "a" * 16])
def test_a_stage_has_a_short_name(name: str) -> None:
    assert is_stage(name)


@pytest.mark.parametrize("name", ["", "Prod", "1st", "a" * 17, "data", "x-data", "a_b", "prod\n", "ä"])
def test_a_name_that_would_break_or_be_another_stacks_is_none(name: str) -> None:
    """The app stack of a stage x-data would have the name of the data stack of a stage x."""
    assert not is_stage(name)
