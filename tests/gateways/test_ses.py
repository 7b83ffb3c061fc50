"""What SES's answers mean, told by real boto3 against an endpoint that answers as it is told."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.gateways.ses import ONE_ATTEMPT, Answer, Ses, Verdict

MESSAGE_ID = "0123456789abcdef" * 2


@contextmanager
def endpoint(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[dict]]]:
    """An HTTP server on loopback; yields its address and the requests it got."""
    got: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def says(status: int, body: dict, error: str = "") -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        raw = json.dumps(body).encode()
        handler.send_response(status)
        if error:
            handler.send_header("x-amzn-errortype", error)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def client_of(url: str, config: Config = ONE_ATTEMPT) -> Any:
    return boto3.client(
        "sesv2",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=config,
    )


def sent_to(url: str, config: Config = ONE_ATTEMPT) -> Answer:
    return a_mail(Ses(client_of(url, config), "mailsight"))


def a_mail(ses: Ses, sender: Any = "me@example.com") -> Answer:
    return ses.send(
        b"Subject: x\r\n\r\n",
        sender=sender,
        recipients=["a@b.test", "c@d.test"],
        message_id=MESSAGE_ID,
        tags=[("plan", "gold")],
    )


def test_an_accepted_mail_carries_our_tag_and_switches_off_tracking_by_ses():
    with endpoint(says(200, {"MessageId": "ses-1"})) as (url, got):
        assert sent_to(url) == Answer(Verdict.ACCEPTED, "ses-1")
    (request,) = got
    assert request["EmailTags"] == [
        {"Name": "mailsight_message_id", "Value": MESSAGE_ID},
        {"Name": "plan", "Value": "gold"},
    ]
    tracking = request["ConfigurationOverrides"]["Tracking"]
    assert tracking == {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    assert request["ConfigurationSetName"] == "mailsight"
    assert request["Destination"] == {"ToAddresses": ["a@b.test", "c@d.test"]}


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (says(400, {"message": "not verified"}, "MessageRejected"), Verdict.REFUSED, "MessageRejected"),
        (says(404, {"message": "no set"}, "NotFoundException"), Verdict.LATER, "NotFoundException"),
        (says(403, {"message": "no"}, "AccessDeniedException"), Verdict.LATER, "AccessDeniedException"),
        (says(429, {"message": "slow"}, "TooManyRequestsException"), Verdict.LATER, "TooManyRequestsException"),
        (says(400, {"message": "Maximum sending rate exceeded."}, "Throttling"), Verdict.LATER, "Throttling"),
        (says(400, {"message": "Daily message quota exceeded."}, "BadRequest"), Verdict.LATER, "BadRequest"),
        (says(500, {"message": "oops"}, "InternalFailure"), Verdict.UNCLEAR, "InternalFailure"),
        (says(503, {}), Verdict.UNCLEAR, "503"),
        (cut, Verdict.UNCLEAR, "no_answer"),
    ],
)
def test_each_answer_says_what_may_be_done_next_after_one_attempt(answer, verdict, code):
    with endpoint(answer) as (url, got):
        told = sent_to(url)
    assert (told.verdict, told.code, len(got)) == (verdict, code, 1)


def test_an_answer_that_comes_too_late_leaves_it_open():
    is_over = threading.Event()
    with endpoint(lambda handler: is_over.wait(10) and None) as (url, got):
        told = sent_to(url, ONE_ATTEMPT.merge(Config(read_timeout=0.2)))
        is_over.set()
    assert (told.verdict, len(got)) == (Verdict.UNCLEAR, 1)


def test_a_connection_that_died_meanwhile_is_not_used_for_the_next_mail():
    peers = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        peers.append(handler.client_address[1])
        says(200, {"MessageId": "ses-1"})(handler)

    with endpoint(answer) as (url, _):
        ses = Ses(client_of(url), "mailsight")
        for _ in range(2):
            ses.forget_connections()
            assert a_mail(ses).verdict is Verdict.ACCEPTED
    assert len(set(peers)) == 2


def test_what_cannot_be_asked_is_refused_and_what_breaks_in_tls_is_unclear():
    assert a_mail(Ses(client_of("http://127.0.0.1:1"), "mailsight"), sender=7).verdict is Verdict.REFUSED
    with endpoint(says(200, {})) as (url, _):
        assert sent_to(url.replace("http:", "https:")).verdict is Verdict.UNCLEAR, (
            "TLS may break after the mail went out"
        )


def test_a_mail_that_never_left_this_machine_is_tried_again():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert sent_to(f"http://127.0.0.1:{unused.getsockname()[1]}").verdict is Verdict.LATER
