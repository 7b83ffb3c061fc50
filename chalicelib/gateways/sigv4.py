"""AWS Signature Version 4 for POST requests without a query, by hand: botocore would be most of a cold start.

Source: AWS General Reference, "Create a signed AWS API request". A test compares every header with botocore's.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Signs for one service in one region. The key of a day is derived once; threads may share a signer."""

    def __init__(
        self, *, service: str, region: str, access_key_id: str, secret_access_key: str, session_token: str = ""
    ) -> None:
        self._scope = f"{region}/{service}/aws4_request"
        self._steps = (region, service, "aws4_request")
        self._access_key_id = access_key_id
        self._secret = b"AWS4" + secret_access_key.encode()
        self._session_token = session_token
        self._key_of_day = ("", b"")  # replaced as a whole, so that no thread sees one day with another's key

    def sign(self, headers: Mapping[str, str], *, host: str, path: str, body: bytes, at: float) -> dict[str, str]:
        """The headers to send: those given, the host, the date, and the signature over all of them and the body.

        Names are given in lower case, values without white space at their ends. `at` is in Unix seconds.
        """
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        day = moment[:8]
        signed = {**headers, "host": host, "x-amz-date": moment}
        if self._session_token:
            signed["x-amz-security-token"] = self._session_token
        names = sorted(signed)
        lines = "".join(f"{name}:{signed[name]}\n" for name in names)
        header_names = ";".join(names)
        canonical = f"POST\n{_canonical_path(path)}\n\n{lines}\n{header_names}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{moment}\n{day}/{self._scope}\n{digest}"
        signature = _hmac(self._day_key(day), to_sign).hex()
        signed["authorization"] = (
            f"{ALGORITHM} Credential={self._access_key_id}/{day}/{self._scope}, "
            f"SignedHeaders={header_names}, Signature={signature}"
        )
        return signed

    def _day_key(self, day: str) -> bytes:
        known_day, key = self._key_of_day
        if known_day != day:
            key = _hmac(self._secret, day)
            for step in self._steps:
                key = _hmac(key, step)
            self._key_of_day = (day, key)
        return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)


def _canonical_path(path: str) -> str:
    """Without dot segments and empty segments (RFC 3986 section 5.2.4), and encoded once more than it is sent."""
    if path in ("", "/"):
        return "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return quote("/" + "/".join(kept) + end, safe="/")
