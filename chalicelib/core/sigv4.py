"""AWS Signature Version 4 by hand, for POST requests without a query and for links to S3: botocore would be most of a
cold start.

Sources: AWS General Reference, "Create a signed AWS API request"; Amazon S3 API Reference, "Authenticating Requests:
Using Query Parameters". A test compares every header and every link with botocore's.
"""

import hashlib
import time
from collections.abc import Mapping
from urllib.parse import quote

from chalicelib.core.mac import Mac

ALGORITHM = "AWS4-HMAC-SHA256"
_DATE = "x-amz-date"


class Signer:
    """Signs for one service in one region. The key of a day is derived once; threads may share a signer."""

    def __init__(
        self, *, service: str, region: str, access_key_id: str, secret_access_key: str, session_token: str = ""
    ) -> None:
        self.access_key_id = access_key_id
        self.scope = f"{region}/{service}/aws4_request"
        self._steps = (region, service, "aws4_request")
        self._secret = b"AWS4" + secret_access_key.encode()
        self._session_token = session_token
        self._mac_of_day = ("", Mac(b""))  # replaced as a whole, so that no thread sees one day with another's key

    def form(self, headers: Mapping[str, str], *, host: str, path: str) -> "Form":
        """For requests with these headers. Names in lower case, values without white space at their ends."""
        token = {"x-amz-security-token": self._session_token} if self._session_token else {}
        return Form(self, {**headers, "host": host, **token}, path)

    def query(self, query: Mapping[str, str], *, method: str, host: str, path: str, at: float, seconds: int) -> str:
        """The query by which anybody may ask S3 for this, by this method, for so many seconds. `path` is encoded as it
        will be sent, `at` is in Unix seconds."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        day = moment[:8]
        whole = {
            **query,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.access_key_id}/{day}/{self.scope}",
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host",
            **({"X-Amz-Security-Token": self._session_token} if self._session_token else {}),
        }
        text = "&".join(f"{quote(name, safe='')}={quote(whole[name], safe='')}" for name in sorted(whole))
        digest = hashlib.sha256(f"{method}\n{path}\n{text}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD".encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{moment}\n{day}/{self.scope}\n{digest}"
        return f"{text}&X-Amz-Signature={self.mac_of_day(day).digest(to_sign.encode()).hex()}"

    def mac_of_day(self, day: str) -> Mac:
        """That with the key of a day like `20261121`."""
        known_day, mac = self._mac_of_day
        if known_day != day:
            mac = Mac(self._secret)
            for step in (day, *self._steps):
                mac = Mac(mac.digest(step.encode()))
            self._mac_of_day = (day, mac)
        return mac


class Form:
    """Requests that differ in time and body only; what they have in common is put together once, in `headers` too."""

    def __init__(self, signer: Signer, headers: Mapping[str, str], path: str) -> None:
        self.headers = headers
        self._signer = signer
        names = sorted([*headers, _DATE])
        date = names.index(_DATE)
        lines = [f"{name}:{headers.get(name, '')}\n" for name in names]
        signed = ";".join(names)
        self._before = f"POST\n{canonical_path(path)}\n\n{''.join(lines[:date])}{_DATE}:"
        self._behind = f"\n{''.join(lines[date + 1 :])}\n{signed}\n"
        self._credential = f"{ALGORITHM} Credential={signer.access_key_id}/"
        self._signature = f"/{signer.scope}, SignedHeaders={signed}, Signature="

    def sign(self, body: bytes, at: float) -> dict[str, str]:
        """The headers to send beside the others: date and signature over all and the body. `at` is in Unix seconds."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        day = moment[:8]
        canonical = f"{self._before}{moment}{self._behind}{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{moment}\n{day}/{self._signer.scope}\n{digest}"
        signature = self._signer.mac_of_day(day).digest(to_sign.encode()).hex()
        return {_DATE: moment, "authorization": f"{self._credential}{day}{self._signature}{signature}"}


def canonical_path(path: str) -> str:
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
