"""What the world does to the functions, as the events in which Lambda hands it over."""

import email
import json
import secrets
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email import policy
from typing import Any, NamedTuple
from uuid import uuid4

from bench.dynamodb import REGION
from bench.mail import a_mail
from infra.demo_mail import Urls
from infra.local import pumps, ses_events, ses_request

CHARACTERS = 20_000
IMAGE_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36"
DELIVERED_AFTER = timedelta(seconds=2)
DESCRIPTION = "one recipient, 20 KB of HTML with 12 links, a text, a record, a user and a tag"


class Context:
    """Lambda's own, as far as the functions ask it."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:bench"

    def __init__(self) -> None:
        self.aws_request_id = secrets.token_hex(16)

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 60_000


class Sent(NamedTuple):
    """A mail as SES got it: what SES tells of it, and what its reader sees."""

    told: Sequence[Mapping[str, Any]]
    urls: Urls


def a_submission() -> dict[str, Any]:
    """The body of POST /v1/emails."""
    return {
        "from": "Anna Berg <anna.berg@crm.example>",
        "to": "Jan de Vries <jan.devries@customer.example>",
        "subject": "Ihr Angebot für den Frühling, wie am Telefon besprochen",
        "html": a_mail(CHARACTERS).html,
        "text": "Guten Tag Herr de Vries,\n\nanbei unser Angebot für den Frühling.\n\nAnna Berg\n" * 5,
        "record": {"module": "leads", "record_id": "00Q5f00000AbC12EAF"},
        "user": "anna.berg",
        "tags": [{"name": "campaign", "value": "spring-2027"}],
    }


def posted(body: Mapping[str, Any], api_key: str, idempotency_key: str | None) -> dict[str, Any]:
    """A mail that a program hands over, from the REST API."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json", "Host": "mail.crm.example"}
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    path = "/v1/emails"
    context = {"resourcePath": path, "httpMethod": "POST", "requestId": "bench", "identity": {"sourceIp": "192.0.2.7"}}
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {**context, "path": path, "domainName": "mail.crm.example"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def queued(bodies: Sequence[str], queue: str) -> dict[str, Any]:
    """Messages of a queue."""
    now_ms = str(int(time.time() * 1000))
    received = {"ApproximateReceiveCount": "1", "SentTimestamp": now_ms, "SenderId": "AIDAIENQZJOLO23YVJ4VO"}
    received["ApproximateFirstReceiveTimestamp"] = now_ms
    messages = [
        {"MessageId": str(number), "ReceiptHandle": "x" * 400, "Body": body, "Attributes": received}
        for number, body in enumerate(bodies)
    ]
    arn = f"arn:aws:sqs:{REGION}:123456789012:{queue}"
    return {"Records": [pumps.lambda_record(message, arn) for message in messages]}


def streamed(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """New items of the table `events`, from its stream."""
    return {
        "Records": [
            {
                "eventID": secrets.token_hex(16),
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": REGION,
                "dynamodb": {
                    "ApproximateCreationDateTime": time.time(),
                    "Keys": {name: item[name] for name in ("message_id", "event_key")},
                    "NewImage": item,
                    "SequenceNumber": f"{number:024d}",
                    "SizeBytes": len(json.dumps(item)),
                    "StreamViewType": "NEW_IMAGE",
                },
            }
            for number, item in enumerate(items)
        ]
    }


def requested(url: str, user_agent: str) -> dict[str, Any]:
    """A pixel that is loaded or a link that is followed, from the HTTP API."""
    path = "/" + url.split("/", 3)[3]
    headers = {
        "accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
        "accept-encoding": "gzip, deflate, br",
        "host": "t.crm.example",
        "user-agent": user_agent,
        "x-forwarded-for": "192.0.2.44",
        "x-forwarded-proto": "https",
    }
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.44", "userAgent": user_agent}
    context: dict[str, Any] = {"domainName": "t.crm.example", "http": http, "stage": "$default"}
    context |= {"requestId": secrets.token_urlsafe(11) + "=", "timeEpoch": int(time.time() * 1000)}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }


def sent(send_email: Mapping[str, Any]) -> Sent:
    """What became of a SendEmail request: its events Send and Delivery, and the mail."""
    mail = ses_request.read(json.dumps(send_email).encode())
    now = datetime.now(UTC)
    ses_message_id = ses_events.message_id(int(now.timestamp() * 1_000), str(uuid4()))
    accepted = ses_events.Accepted(ses_message_id, now, "192.0.2.9", REGION, mail)
    told = [ses_events.sent(accepted), *ses_events.first_answers(accepted, DELIVERED_AFTER, {})]
    letter = email.message_from_bytes(b64decode(send_email["Content"]["Raw"]["Data"]), policy=policy.default)
    html = letter.get_body(("html",))
    assert html is not None, "the mail that is measured has HTML"
    return Sent(told, Urls(html.get_content()))
