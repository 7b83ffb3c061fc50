"""Whether a request was signed with a secret: AWS Signature Version 4 as whoever receives it checks it.

Sources: AWS General Reference, "Create a signed AWS API request" and "Common errors"; a test holds it against
botocore's signer. Refusals have the names that AWS gives them, for the SDKs show those to people.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from chalicelib.core.problem import MailsightError
from chalicelib.core.sigv4 import ALGORITHM, Signer, canonical_path

SKEW = timedelta(minutes=15)
"""By so much may the clock of whoever signs be wrong, and so long a signature holds."""

_MUST_BE_SIGNED = frozenset({"host", "x-amz-date"})
_CREDENTIAL = re.compile(r"([A-Za-z0-9]{1,128})/([0-9]{8})/([A-Za-z0-9-]{1,64})/([a-z0-9-]{1,64})/aws4_request")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z")


class Received(NamedTuple):
    """A request as it came in. `path` is what was asked for, in front of any gateway; `query` has the parameters
    decoded; names of headers are in lower case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


class Refused(MailsightError):
    """The signature proves nothing; `kind` is the name that AWS has for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Claim(NamedTuple):
    """Who is said to have signed what, when (as `20261121T083007Z`), for which region; nothing of it is proved yet."""

    access_key_id: str
    region: str
    service: str
    moment: str
    signed: tuple[str, ...]
    signature: str


def claim_of(request: Received, service: str, now: datetime) -> Claim:
    """What the request says of its signature. Raises Refused if that cannot hold, whatever the secret is."""
    if "x-amz-security-token" in request.headers:
        raise Refused("UnrecognizedClientException", "session tokens are not taken here: sign without one")
    parts = _parts(request.headers.get("authorization", ""))
    credential = _CREDENTIAL.fullmatch(parts.get("Credential", ""))
    signed = tuple(parts.get("SignedHeaders", "").split(";"))
    if credential is None or not _SIGNATURE.fullmatch(parts.get("Signature", "")):
        raise _incomplete("it has no whole Credential, SignedHeaders and Signature")
    if (
        list(signed) != sorted(set(signed))
        or not set(signed) >= _MUST_BE_SIGNED
        or set(signed) - request.headers.keys()
    ):
        raise _incomplete(
            "SignedHeaders are headers of the request in alphabetic order, host and x-amz-date among them"
        )
    access_key_id, day, region, said = credential.groups()
    if said != service:
        raise Refused("InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'.")
    moment = request.headers["x-amz-date"]
    _check_time(moment, day, now)
    return Claim(access_key_id, region, said, moment, signed, parts["Signature"])


def check(request: Received, claim: Claim, secret: str) -> None:
    """Raises Refused if the request is not as it was signed with this secret."""
    digest = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-amz-content-sha256", digest) != digest:
        raise Refused("InvalidSignatureException", "x-amz-content-sha256 is not the hash of the body that came in.")
    names = ";".join(claim.signed)
    lines = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in claim.signed)
    canonical = f"{request.method}\n{canonical_path(request.path)}\n{_query(request.query)}\n{lines}\n{names}\n{digest}"
    signer = Signer(
        service=claim.service, region=claim.region, access_key_id=claim.access_key_id, secret_access_key=secret
    )
    day = claim.moment[:8]
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.moment}\n{day}/{signer.scope}\n{hashed}"
    if not hmac.compare_digest(signer.mac_of_day(day).digest(to_sign.encode()).hex(), claim.signature):
        raise Refused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )


def _parts(header: str) -> dict[str, str]:
    """The named parts of an Authorization header."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme != ALGORITHM:
        raise Refused("MissingAuthenticationTokenException", f"sign the request with {ALGORITHM}")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value for name, _, value in pairs}


def _check_time(moment: str, day: str, now: datetime) -> None:
    try:
        if not _MOMENT.fullmatch(moment):
            raise ValueError
        at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _incomplete("x-amz-date is no time like 20261121T083007Z") from None
    if moment[:8] != day:
        raise Refused("InvalidSignatureException", "Date in Credential scope does not match the day of x-amz-date.")
    if abs(now - at) > SKEW:
        side = "expired: is your clock late?" if at < now else "not yet current: is your clock early?"
        shown = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        raise Refused("InvalidSignatureException", f"Signature {side} It is of {moment}, and it is {shown} here.")


def _incomplete(problem: str) -> Refused:
    return Refused("IncompleteSignatureException", f"the header Authorization cannot be checked: {problem}")


def _query(parameters: Sequence[tuple[str, str]]) -> str:
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in parameters)
    return "&".join(f"{name}={value}" for name, value in encoded)
