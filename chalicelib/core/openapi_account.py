"""An account's settings and what is known of people, as models for the API's document."""

from datetime import datetime
from typing import Literal

from chalicelib.core import mode as modes
from chalicelib.core.consent import Act
from chalicelib.core.openapi_answer import Answer, ListAnswer
from chalicelib.core.suppression import Reason


class AccountSettings(Answer):
    """The settings of an account; those that `PUT` takes, under the same names."""

    object: Literal["account"]
    id: str
    tracking: bool
    plan_may_track: bool
    consent_required: bool
    mode: Literal[modes.NAMES]  # type: ignore[valid-type]  # the tuple is the one place of the names
    capture_window_days: int
    verdict_rules_off: list[str]
    own_networks: list[str]
    attachment_threshold_bytes: int
    soft_bounce_limit: int
    soft_bounce_days: int
    time_zone: str


class ConsentEntry(Answer):
    """One thing that a person said."""

    act: Act
    at: datetime
    how: str
    by: str
    mode: Literal[modes.NAMES]  # type: ignore[valid-type]  # as above
    noted_at: datetime


class Consent(Answer):
    """What holds for a person now, null if they said nothing; and all that they said, newest first."""

    object: Literal["consent"]
    address: str
    status: Act | None
    mode: Literal[modes.NAMES] | None  # type: ignore[valid-type]  # as above
    history: list[ConsentEntry]


class SuppressionCause(Answer):
    """One reason why an address gets no mail."""

    reason: Reason
    at: datetime
    expires_at: datetime | None
    detail: str | None
    by: str | None


class Suppression(Answer):
    """What is known of an address; it gets no mail while one of the causes is in force."""

    object: Literal["suppression"]
    address: str | None
    in_force: bool
    reason: Reason | None
    causes: list[SuppressionCause]
    lifted_at: datetime | None
    lifted_by: str | None


class SuppressionList(ListAnswer):
    """A page of suppressions, those with the latest news first."""

    data: list[Suppression]
