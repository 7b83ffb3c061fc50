"""Every answer names its request, and the log names those that failed; and no page of another site may read any."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from chalice.local import LambdaContext, LambdaEventConverter, RouteMatcher

from app import app
from tests.entrypoints.every_route import forget_parts, of_nobody, operations, request_of
from tests.entrypoints.permitting import Office
from tests.moto_stack import REGION, data_stack

EVERY = pytest.mark.parametrize("operation", list(operations()), ids=lambda one: f"{one.method} {one.path}")
PAGES = ("/", "/signin", "/mails", "/reports", "/static/page.css", "/openapi.json")
FROM_A_BROWSER = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with pytest.MonkeyPatch.context() as patch, data_stack() as stack:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        forget_parts()
        yield Office(stack)
        forget_parts()


def answered(method: str, path: str, key: str = "", body: Any = None, request_id: str = "gateway-1") -> dict[str, Any]:
    """What Lambda answers the gateway, which gave the request this id."""
    sent = {"content-type": "application/json", "authorization": f"Bearer {key}", "accept": "*/*", **FROM_A_BROWSER}
    convert = LambdaEventConverter(RouteMatcher(list(app.routes)), app.api.binary_types)
    event = convert.create_lambda_event(method, path, sent, json.dumps(body).encode() if body is not None else b"")
    event["requestContext"]["requestId"] = request_id
    answer: dict[str, Any] = app(event, LambdaContext("api", 512))
    return answer


def headers_of(answer: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in answer["headers"].items()}


@EVERY
@pytest.mark.parametrize("is_known", [True, False], ids=["a known key", "no key"])
def test_each_answer_of_the_api_names_its_request_and_lets_no_other_site_read_it(office, operation, is_known):
    path, body = request_of(operation, of_nobody())
    headers = headers_of(answered(operation.method, path, office.key if is_known else "", body))
    assert headers["x-request-id"] == "gateway-1"
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", PAGES)
def test_so_does_each_page(office, path):
    headers = headers_of(answered("GET", path))
    assert headers["x-request-id"] == "gateway-1"
    assert not [name for name in headers if name.startswith("access-control")]


def test_a_browser_that_asks_beforehand_for_another_site_is_not_let_in(office):
    for path in ("/v1/emails", "/signin"):
        answer = answered("OPTIONS", path)
        assert answer["statusCode"] == 405
        assert not [name for name in headers_of(answer) if name.startswith("access-control")]


def test_without_a_gateway_it_is_lambda_s_own_id(office):
    ids = [office.call("GET", "/v1/emails")[2]["X-Request-Id"] for _ in range(2)]
    assert len({*ids, ""}) == 3


def test_the_log_names_a_request_that_failed_and_nobody_whom_it_was_about(office, caplog):
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName="account")
    path = f"/v1/consents?{urlencode({'address': 'anna@example.com'})}"
    answer = answered("GET", path, office.key, request_id="gateway-2")
    assert (answer["statusCode"], headers_of(answer)["x-request-id"]) == (500, "gateway-2")
    (line,) = [vars(one) for one in caplog.records if one.getMessage() == "request_failed"]
    assert (line["request_id"], line["status"], line["path"]) == ("gateway-2", 500, "/v1/consents")
    assert "anna" not in str(line)
