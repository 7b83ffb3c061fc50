"""Our signature is botocore's, header for header."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.sigv4 import Signer
from chalicelib.gateways.aws_json import AwsJson

AT = datetime(2026, 11, 21, 8, 30, 7, tzinfo=UTC)
TARGETS = {
    "dynamodb": ("DynamoDB_20120810.PutItem", "DynamoDB_20120810.GetItem"),
    "sqs": ("AmazonSQS.SendMessage",),
}
ENDPOINTS = [
    "https://dynamodb.eu-central-1.amazonaws.com",
    "https://sqs.cn-north-1.amazonaws.com.cn/",
    "https://DynamoDB.US-East-1.amazonaws.com:443",
    "http://127.0.0.1:4566",
    "http://localhost:80/",
    "http://localhost:443",
    "https://localhost:80",
    "http://[::1]:4566",
    "https://[2001:db8::1]",
    "http://xn--bcher-kva.example:65535/a b/",
    "http://proxy.example:8000/aws/./one/../two//three",
    "http://proxy.example/~tilde/%2Fslash/ü",
    "http://proxy.example/../..",
]

texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)


def botocores(url: str, headers: dict[str, str], body: bytes, signer: dict[str, str], at: datetime) -> dict[str, str]:
    request: Any = AWSRequest(method="POST", url=url, data=body, headers=headers)
    credentials = Credentials(signer["access_key_id"], signer["secret_access_key"], signer["session_token"] or None)
    with time_machine.travel(at, tick=False):
        SigV4Auth(credentials, signer["service"], signer["region"]).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def signed_by_both(
    endpoint: str, target: str, body: bytes, signer: dict[str, str], at: datetime = AT
) -> tuple[dict[str, str], dict[str, str]]:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target}
    client = AwsJson(endpoint, Signer(**signer))
    form = Signer(**signer).form(headers, host=client.host, path=client.path)
    ours = {**form.headers, **form.sign(body, at.timestamp())}
    assert ours.pop("host") == client.host  # botocore leaves it to its HTTP client
    return ours, botocores(endpoint, headers, body, signer, at)


def a_signer(service: str, token: str = "") -> dict[str, str]:
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    key = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": secret, "session_token": token}
    return {"service": service, "region": "eu-central-1", **key}


@pytest.mark.parametrize("token", ["", "IQoJb3JpZ2luX2VjEA//+=="])
@pytest.mark.parametrize(("service", "target"), [(name, target) for name in TARGETS for target in TARGETS[name]])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_call_of_the_hot_path_is_signed_as_botocore_signs_it(
    endpoint: str, service: str, target: str, token: str
) -> None:
    ours, theirs = signed_by_both(endpoint, target, b'{"TableName":"events"}', a_signer(service, token))
    assert ours == theirs
    assert ("x-amz-security-token" in ours) == bool(token)


@given(
    body=st.binary(max_size=300),
    region=st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"]),
    key=st.tuples(texts, texts, st.one_of(st.just(""), texts)),
    port=st.integers(1, 65535),
    path=st.lists(st.sampled_from(["a", "..", ".", "", "b c", "~", "%41", "ü", "*", "a=b&c"])).map("/".join),
    at=st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)),
)
def test_bodies_keys_paths_and_times_of_every_kind(
    body: bytes, region: str, key: tuple[str, str, str], port: int, path: str, at: datetime
) -> None:
    names = ("access_key_id", "secret_access_key", "session_token")
    signer = {"service": "dynamodb", "region": region, **dict(zip(names, key, strict=True))}
    url = f"http://store.example:{port}/{path}"
    ours, theirs = signed_by_both(url, "DynamoDB_20120810.PutItem", body, signer, at)
    assert ours == theirs


def test_the_key_of_a_day_is_not_used_on_another() -> None:
    signer, again = Signer(**a_signer("dynamodb")), Signer(**a_signer("dynamodb"))
    days = [AT.timestamp() + day * 86_400 for day in (0, 1, 0)]
    first, second, third = [signer.form({}, host="h", path="/").sign(b"", at)["authorization"] for at in days]
    assert first == third != second
    assert second == again.form({}, host="h", path="/").sign(b"", days[1])["authorization"]
