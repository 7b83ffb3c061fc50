"""Handing a mail to SES v2: one attempt, and an answer that says what may be done next.

SES has no idempotency: a repeated call is a second mail. So the client never retries by itself
(`total_max_attempts=1`), and an answer that leaves open whether SES took the mail is told apart from a refusal.
"""

import ssl
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from chalicelib.core.notification import TAG

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import ConfigurationOverridesTypeDef, MessageTagTypeDef

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=20)

LATER = frozenset(
    {
        # over the rate, over the daily quota
        *("TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling"),
        # the installation is at fault, not the mail; somebody will mend it
        *("AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"),
        *("UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired"),
        *("RequestTimeTooSkewed", "SendingPausedException", "AccountSuspendedException", "NotFoundException"),
    }
)
"""Codes of refusals that say nothing about the mail: certainly not taken, to be tried again."""


_NEVER_LEFT = (
    EndpointConnectionError,
    ConnectTimeoutError,
    ProxyConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
)
_OWN_TRACKING_OFF: "ConfigurationOverridesTypeDef" = {
    "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
}


class Verdict(StrEnum):
    """What SES's answer means."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good
    LATER = "later"  # certainly not taken; try again
    UNCLEAR = "unclear"  # it may have been taken


class Answer(NamedTuple):
    """`ses_message_id` if accepted; otherwise SES's code and text."""

    verdict: Verdict
    ses_message_id: str = ""
    code: str = ""
    detail: str = ""


class Ses:
    """Sends raw mails. `client` is a boto3 client made with ONE_ATTEMPT."""

    def __init__(self, client: "SESV2Client", configuration_set: str) -> None:
        self._client = client
        self._configuration_set = configuration_set

    def forget_connections(self) -> None:
        """Opens new connections from now on."""
        self._client.close()

    def send(
        self, raw: bytes, *, sender: str, recipients: Sequence[str], message_id: str, tags: Sequence[tuple[str, str]]
    ) -> Answer:
        """One call for one mail. `recipients` is the envelope: to, cc and bcc as bare addresses.

        SES's own open and click tracking is switched off for each mail, or links would be wrapped twice.
        """
        labels: list[MessageTagTypeDef] = [{"Name": TAG, "Value": message_id}]
        labels += [{"Name": name, "Value": value} for name, value in tags]
        try:
            answer = self._client.send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": list(recipients)},
                Content={"Raw": {"Data": raw}},
                ConfigurationSetName=self._configuration_set,
                EmailTags=labels,
                ConfigurationOverrides=_OWN_TRACKING_OFF,
            )
        except ClientError as error:
            return _refusal(error)
        except ParamValidationError as error:
            return Answer(Verdict.REFUSED, code="invalid_request", detail=str(error))
        except _NEVER_LEFT as error:
            return Answer(Verdict.LATER, code="unreachable", detail=str(error))
        except SSLError as error:  # also while the answer is read, when the mail is there
            is_foreign = isinstance(error.kwargs.get("error"), Exception) and _is_foreign(error.kwargs["error"])
            return Answer(Verdict.LATER if is_foreign else Verdict.UNCLEAR, code="no_tls", detail=str(error))
        except BotoCoreError as error:  # the request may have been on its way: read timeout, connection closed
            return Answer(Verdict.UNCLEAR, code="no_answer", detail=str(error))
        return Answer(Verdict.ACCEPTED, ses_message_id=answer["MessageId"])


def _is_foreign(error: Exception) -> bool:
    """Whether the server's certificate was refused, which comes before anything is sent."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in (error, *error.args))


def _refusal(error: ClientError) -> Answer:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    detail = str(error.response.get("Error", {}).get("Message", ""))
    if code in LATER or "Maximum sending rate exceeded" in detail or "quota exceeded" in detail:
        return Answer(Verdict.LATER, code=code, detail=detail)
    if int(error.response["ResponseMetadata"]["HTTPStatusCode"]) >= 500:
        return Answer(Verdict.UNCLEAR, code=code, detail=detail)
    return Answer(Verdict.REFUSED, code=code, detail=detail)
