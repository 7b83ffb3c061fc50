"""What is to be deployed: one stage, with its names and its settings."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

STAGE = re.compile(r"[a-z][a-z0-9-]{0,15}")
MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NONE = "none"
"""Said for a setting, it takes away what is deployed; a setting that is not given stays as it is deployed."""

KEPT = {
    "tracking_domain": "TrackingDomain",
    "tracking_certificate": "TrackingCertificateArn",
    "dashboard_domain": "DashboardDomain",
    "dashboard_certificate": "DashboardCertificateArn",
    "alarm_email": "AlarmEmail",
    "networks": "Networks",
    "webhook_targets": "WebhookTargets",
}
"""Settings by the names of their template parameters."""


class Deployment(NamedTuple):
    """One stage. `sender` is the address that the test mail comes from; certificates are ARNs of ACM.

    `may_lose` names resources that may be removed or replaced; with `takes_over` a new data stack makes what an earlier
    one has left its own.
    """

    stage: str
    sender: str = ""
    tracking_domain: str = ""
    tracking_certificate: str = ""
    dashboard_domain: str = ""
    dashboard_certificate: str = ""
    alarm_email: str = ""
    networks: str = ""
    webhook_targets: str = ""
    track_concurrency: int | None = None
    architecture: str = "arm64"
    may_lose: frozenset[str] = frozenset()
    takes_over: bool = False

    @property
    def data_stack(self) -> str:
        return data_stack(self.stage)

    @property
    def app_stack(self) -> str:
        return f"mailsight-{self.stage}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings as parameters of the template."""
        return {"Stage": self.stage, **{parameter: getattr(self, field) for field, parameter in KEPT.items()}}


def data_stack(stage: str) -> str:
    """The name of the stack that holds a stage's data."""
    return f"mailsight-{stage}-data"


def is_stage(text: str) -> bool:
    """Whether a stage may have this name. One that ends in -data would name another stage's data stack."""
    return bool(STAGE.fullmatch(text)) and text != "data" and not text.endswith("-data")


def completed(asked: Deployment, deployed: Mapping[str, str]) -> Deployment:
    """What is asked for, with what is deployed (parameter to value) where nothing is said.

    An upgrade that does not name the tracking domain again must not take it away: every link that is out leads there.
    """
    chosen = {field: getattr(asked, field) or deployed.get(parameter, "") for field, parameter in KEPT.items()}
    for domain, certificate in (
        ("tracking_domain", "tracking_certificate"),
        ("dashboard_domain", "dashboard_certificate"),
    ):
        if chosen[domain] == NONE:
            chosen[certificate] = NONE
    settled: dict[str, Any] = {field: "" if value == NONE else value for field, value in chosen.items()}
    return asked._replace(**settled)
