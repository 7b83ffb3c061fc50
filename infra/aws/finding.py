"""What a check found, and how a call of AWS that failed becomes such a finding."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException", "403"})
NOT_KNOWN = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
        *("SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "InvalidAccessKeyId"),
    }
)
"""Codes that speak of credentials that are wrong or over."""


class Level(StrEnum):
    """Whether a deployment can go on."""

    OK = "ok"
    WARNING = "warning"  # it goes on, and somebody should know
    FAILED = "FAILED"


class Finding(NamedTuple):
    """One line. The text of a failure says what to do; `values` are template parameters that the check has settled."""

    level: Level
    text: str
    values: Mapping[str, str] = MappingProxyType({})

    def __str__(self) -> str:
        return f"  {self.level:8}{self.text}"


def fine(text: str, **values: str) -> Finding:
    return Finding(Level.OK, text, values)


def warning(text: str, **values: str) -> Finding:
    return Finding(Level.WARNING, text, values)


def failure(text: str) -> Finding:
    return Finding(Level.FAILED, text)


def attempt(client: Any, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of a check that asks through this client; a call that fails is a finding, too."""
    try:
        return list(check())
    except (ClientError, BotoCoreError) as error:
        return [failure(told(client, error))]


def told(client: Any, error: ClientError | BotoCoreError) -> str:
    """What a failed call of this client means, and what to do."""
    service, region = client.meta.service_model.signing_name, client.meta.region_name
    if not isinstance(error, ClientError):
        return f"{service} in {region} cannot be asked: {_line(error)}"
    code = error.response.get("Error", {}).get("Code", "")
    action = _ACTIONS.get(error.operation_name, f"{service}:{error.operation_name}")
    if code in DENIED:
        return f"you lack the permission {action} (docs/DEPLOYMENT.md, Permissions). AWS says: {_line(error)}"
    if code in NOT_KNOWN:
        return (
            f"AWS does not know these credentials, or not in {region}: sign in again (aws sso login, aws configure), "
            f"or enable the region in the account. AWS says: {_line(error)}"
        )
    return f"{action} failed: {_line(error)}"


_ACTIONS = {"HeadObject": "s3:GetObject and s3:ListBucket"}
"""Permissions that have other names than the calls."""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
