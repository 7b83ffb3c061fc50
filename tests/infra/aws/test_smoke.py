"""The smoke test passes where all is well, and names what is wrong, and where to look, where it is not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.core import hit_answer
from chalicelib.settings import Settings
from chalicelib.storage.account import Account
from infra.aws import smoke
from infra.aws.smoke_mail import ACCOUNT, DESTINATION, Mail
from infra.aws.smoke_step import Patience, Site

ONCE = Patience(answer_seconds=0, mail_seconds=0, pause_seconds=0.05)
SECONDS = Patience(answer_seconds=30, mail_seconds=60, pause_seconds=0.05)

PIXEL = {"Content-Type": "image/gif", "Cache-Control": "no-store"}
PROBLEM = {"Content-Type": "application/problem+json"}
HEALTHY: dict[tuple[str, str], tuple[int, dict[str, str], bytes]] = {
    ("GET", "/o/x"): (200, PIXEL, hit_answer.GIF),
    ("HEAD", "/o/x"): (200, PIXEL, b""),
    ("GET", "/c/x"): (404, {}, b""),
    ("HEAD", "/c/x"): (404, {}, b""),
    ("GET", "/openapi.json"): (200, {"Content-Type": "application/json"}, b'{"openapi": "3.1.0"}'),
    ("GET", "/v1/emails"): (401, PROBLEM, b'{"code": "invalid_key"}'),
    ("GET", "/v1/no-such-path"): (404, PROBLEM, b'{"code": "not_found"}'),
    ("GET", "/signin"): (200, {"Content-Type": "text/html; charset=utf-8"}, b"<form>"),
}


class _Host(BaseHTTPRequestHandler):
    answers: dict[tuple[str, str], tuple[int, dict[str, str], bytes]]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        known = self.answers.get((self.command, self.path)) or self.answers[self.command, self.path[:3]]
        status, headers, body = known
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def host() -> Iterator[tuple[Site, dict[Any, Any], list[str]]]:
    """A host that is healthy until its answers are changed, and the paths that it was asked for."""
    answers = dict(HEALTHY)
    handler = type("Host", (_Host,), {"answers": answers, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield Site("prod", url, url), answers, handler.asked
        server.shutdown()


def test_hosts_that_are_as_they_should_be_pass_and_the_missing_mail_is_told(host: Any) -> None:
    said: list[str] = []
    assert smoke.run(host[0], said.append, None, ONCE)
    assert len([line for line in said if line.startswith("  ok ")]) == 6
    assert "no mail was sent" in said[-1]


@pytest.mark.parametrize(
    ("asked", "answer", "says", "look_at"),
    [
        (("GET", "/o/x"), (403, {}, b"{}"), "/o/x answers 403", "-track"),
        (("GET", "/o/x"), (200, PIXEL, b"R0lGODlh"), "8 bytes, not our GIF", "-track"),
        (("GET", "/o/x"), (200, {"Content-Type": "image/gif"}, hit_answer.GIF), "no-store", "-track"),
        (("HEAD", "/o/x"), (405, {}, b""), "HEAD /o/x answers 405", "-track"),
        (("GET", "/c/x"), (302, {"Location": "https://example.com"}, b""), "/c/x answers 302 instead of 404", "-track"),
        (("GET", "/openapi.json"), (200, {}, b"<html>"), "200 with '<html>', which is no JSON object", "-api"),
        (("GET", "/openapi.json"), (500, {}, b'{"message": "down"}'), "/openapi.json answers 500", "-api"),
        (("GET", "/v1/emails"), (200, {}, b"{}"), "200 instead of 401", "-api"),
        (("GET", "/v1/no-such-path"), (403, {}, b"{}"), "403 instead of 404", "gateway responses"),
        (("GET", "/v1/no-such-path"), (404, {}, b"{}"), "not application/problem+json", "gateway responses"),
        (("GET", "/signin"), (502, {}, b"Bad Gateway"), "/signin answers 502", "-api"),
    ],
)
def test_what_is_wrong_is_named_with_where_to_look(host: Any, asked: Any, answer: Any, says: str, look_at: str) -> None:
    site, answers, _ = host
    answers[asked] = answer
    said: list[str] = []
    assert not smoke.run(site, said.append, None, ONCE)
    (line,) = [line for line in said if "FAILED" in line]
    assert says in line
    assert look_at in line.partition("Look at ")[2]


def test_a_step_may_be_left_out_and_that_is_said(host: Any) -> None:
    site, answers, _ = host
    answers["GET", "/v1/no-such-path"] = (403, {}, b"{}")
    said: list[str] = []
    assert smoke.run(site, said.append, None, ONCE, frozenset({smoke.UNKNOWN_PATH}))
    assert "  left out: an unknown path is a problem" in said


def test_what_comes_a_little_later_is_waited_for(host: Any) -> None:
    site, answers, _ = host
    answers["GET", "/o/x"] = (503, {}, b"")
    said: list[str] = []
    soon = threading.Timer(0.2, answers.__setitem__, (("GET", "/o/x"), HEALTHY["GET", "/o/x"]))
    soon.start()
    assert smoke.run(site, said.append, None, SECONDS)
    soon.join()


def test_a_host_that_is_not_there_is_told() -> None:
    said: list[str] = []
    nobody = "http://127.0.0.1:9"
    assert not smoke.run(Site("prod", nobody, nobody), said.append, None, ONCE)
    assert "GET http://127.0.0.1:9/o/x gets no answer" in said[0]


DELIVERED = {
    **{"status": "delivered", "sending": "sent", "error": None, "bounce": None},
    **{"opens": {"count": 0}, "clicks": {"count": 0}, "tracking": {"until": "2027-03-02T00:00:00.000Z"}},
}
KEYS = Settings(token_keys=json.dumps({"1": "k" * 64})).keys


class NoTable:
    """Accounts that are kept nowhere."""

    def create(self, *_: Any, **__: Any) -> None: ...
    def add_key(self, *_: Any) -> None: ...
    def revoke_key(self, *_: Any) -> None: ...


def sent(host: Any, shown: dict[str, Any], patience: Patience) -> tuple[bool, list[str]]:
    """What is said of a mail that the API shows so, on a host whose pixel and links are as they should be."""
    site, answers, _ = host
    answers["POST", "/v1/emails"] = (202, {}, b'{"id": "%s"}' % (b"0" * 32))
    answers["GET", f"/v1/emails/{'0' * 32}"] = (200, {}, json.dumps(shown).encode())
    answers["GET", "/o/"] = (200, PIXEL, hit_answer.GIF)
    answers["GET", "/c/"] = (302, {"Location": DESTINATION}, b"")
    said: list[str] = []
    accounts: Any = NoTable()
    return smoke.run(site, said.append, Mail("me@example.com", accounts, KEYS), patience), said


def test_hits_that_are_not_counted_fail_at_the_end(host: Any) -> None:
    is_passed, said = sent(host, DELIVERED, ONCE)
    assert not is_passed
    assert "status, opens and clicks are ('delivered', 0, 0) instead of ('clicked', 1, 1)" in said[-1]
    assert "/aws/lambda/mailsight-prod-fold" in said[-1]


def test_hits_that_are_counted_twice_fail(host: Any) -> None:
    twice = {**DELIVERED, "status": "clicked", "opens": {"count": 2}, "clicks": {"count": 1}}
    assert not sent(host, twice, ONCE)[0]
    assert sent(host, {**twice, "opens": {"count": 1}}, ONCE)[0]


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ({"sending": "failed", "status": None, "error": {"code": "MessageRejected"}}, "the mail is failed: {'code'"),
        ({"status": "bounced", "bounce": {"type": "hard"}}, "the mail is bounced: {'type': 'hard'}"),
    ],
)
def test_a_mail_that_failed_for_good_is_not_waited_for(host: Any, shown: dict[str, Any], says: str) -> None:
    patience = Patience(answer_seconds=0, mail_seconds=2, pause_seconds=0.05)
    is_passed, said = sent(host, {**DELIVERED, **shown}, patience)
    assert not is_passed
    assert says in said[-1]
    asked = host[2]
    assert len([path for path in asked if path.endswith("0" * 32)]) == 1


def test_a_mail_that_is_not_delivered_is_told_with_where_it_stands(host: Any) -> None:
    waiting = {**DELIVERED, "status": None, "sending": "queued", "error": {"code": "AccessDenied"}}
    is_passed, said = sent(host, waiting, ONCE)
    assert not is_passed
    assert "the mail is queued: {'code': 'AccessDenied'}" in said[-1]
    assert "mailsight-prod-send, then" in said[-1]


@pytest.fixture
def mail(local: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Mail:
    """What the mail needs, of the embedded default."""
    for name, value in local["environment"].items():
        monkeypatch.setenv(name, value)
    own = Settings(token_keys=local["environment"]["MAILSIGHT_TOKEN_KEYS"])
    table = Account(local["environment"]["MAILSIGHT_ACCOUNT_TABLE"], local["environment"]["AWS_REGION"])
    return Mail("me@example.com", table, own.keys)


def site_of(local: dict[str, Any]) -> Site:
    return Site("local", local["tracking_url"], local["api_url"])


@pytest.mark.local
def test_a_whole_installation_passes_with_a_mail_that_is_opened_and_clicked(local: dict[str, Any], mail: Mail) -> None:
    said: list[str] = []
    assert smoke.run(site_of(local), said.append, mail, SECONDS), "\n".join(said)
    assert said[-1] == "  ok      one open and one click are counted"
    assert len(said) == 11


@pytest.mark.local
def test_the_key_of_the_test_ends_with_it(local: dict[str, Any], mail: Mail) -> None:
    added: list[Any] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(mail.accounts, name)

        def add_key(self, key: Any) -> None:
            added.append(key)
            mail.accounts.add_key(key)

    watched: Any = Watched()
    assert smoke.run(site_of(local), lambda _: None, mail._replace(accounts=watched), SECONDS)
    (key,) = added
    kept = mail.accounts.key(key.key_id)
    assert kept is not None and kept.account == ACCOUNT
    assert kept.revoked_at is not None
    assert (kept.expires_at - kept.created_at).days <= 1


@pytest.mark.local
def test_functions_with_other_token_keys_than_the_secret_fail_at_the_link(local: dict[str, Any], mail: Mail) -> None:
    other = mail._replace(keys=Settings(token_keys=json.dumps({"1": "x" * 64})).keys)
    said: list[str] = []
    patience = Patience(answer_seconds=30, mail_seconds=5, pause_seconds=0.05)
    assert not smoke.run(site_of(local), said.append, other, patience)
    assert "its link is followed: the link answers 404" in said[-1]
    assert "other token keys than the secret" in said[-1]


@pytest.mark.local
def test_a_mail_that_cannot_be_sent_ends_the_test_at_once(local: dict[str, Any], mail: Mail) -> None:
    said: list[str] = []
    assert not smoke.run(site_of(local), said.append, mail._replace(sender="no address"), ONCE)
    assert "a mail is taken: POST /v1/emails answers 422" in said[-1]
