"""What is told to this installation stays in its place: words that stand nowhere else go through everything there is,
and are then looked for in all tables, objects, queues and logs, in many disguises."""

import http.client
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from tests import traces
from tests.e2e.conftest import NewCrm
from tests.e2e.crm import Crm
from tests.e2e.test_erased_person import Client
from tests.e2e.test_unsubscribing import post, unsubscribe_url
from tests.entrypoints.every_route import operations
from tests.infra.local_run import BROWSER, ROOT, LocalRun, until
from tests.webhook_receiver import Receiver

pytestmark = [pytest.mark.local]

PERSON = "canary-person-7f3a@example.com"
BOUNCED = "bounce+canary-41d8@simulator.amazonses.com"
COMPLAINED = "complaint+canary-5e02@simulator.amazonses.com"
SUBJECT, TEXT, FILE, FILENAME = "CanarySubject9b1e", "CanaryText51c2", "CanaryFile0aa7", "CanaryName33d0"
TARGET = "https://example.com/CanaryTarget77aa"
RECORD, USER, TAG, HEADER = "CanaryRecord6a11", "CanaryUser2c90", "CanaryTag88e1", "CanaryHeader1d55"
HOW, DETAIL, REPEATED, HOOK = "CanaryHow40f2", "CanaryDetail93b6", "CanaryOnce5512", "CanaryHook7e0c"
USER_NAME, TEMPLATE, CALLER, ANSWER = "CanaryPerson19c4", "CanaryTemplate66d3", "CanaryCall0d7b", "CanaryAnswer2fe8"
CALL_ID, SCHEDULED, UPLOADED = "CanaryCallId83aa", "canary-reports-9c1d@example.com", "CanaryUpload4b6f"
ERASED = "canary-erased-b7e2@example.com"
AGENT, REFERRER = "CanaryAgent8812", "CanaryReferrer3b7d"
ORIGIN = "127.66.77.88"
"""From where the canary's mail is opened: all of 127.0.0.0/8 leads to this machine."""

NETWORK = "127.66.77"

MAIL = frozenset({"messages.facts", "export"})
CONTENT = frozenset({"object messages", "export"})
STATED = frozenset({"messages.state", "events.data"})
"""What SES told of which recipient, and what became of the mail there."""

LISTED = frozenset({f"account {item}" for item in ("suppression.item", "suppression.data")})
SHOWN = frozenset({f"account {item}" for item in ("suppressed.item", "suppressed.data")})
CONSENT = frozenset({"account consent.item", "account consent.data", "export"})

MAY_STAND: dict[str, frozenset[str]] = {
    PERSON: MAIL | STATED | LISTED | SHOWN | CONSENT | {"account user.data"},
    BOUNCED: MAIL | STATED | LISTED | SHOWN | {"account outcomes.item"},
    COMPLAINED: MAIL | STATED | LISTED | SHOWN,
    SUBJECT: MAIL,
    TEXT: CONTENT,
    FILE: CONTENT | {"object files"},
    FILENAME: CONTENT | {"links.filename"},
    TARGET: CONTENT | {"links.destination"},
    RECORD: MAIL,
    USER: MAIL | {"messages.user", "reports.item", "reports.packed"},
    TAG: MAIL,
    HEADER: CONTENT,
    HOW: CONSENT,
    DETAIL: LISTED | SHOWN,
    HOOK: frozenset({"account webhooks.data"}),
    USER_NAME: frozenset({"account user.data"}),
    TEMPLATE: frozenset({"object templates", "account template.data"}),
    CALLER: frozenset({"reports.data"}),
    CALL_ID: frozenset({"reports.data"}),
    ANSWER: CONTENT,
    SCHEDULED: frozenset({"account report_schedules.data"}),
    UPLOADED: frozenset({"account upload.data"}),
    ERASED: frozenset(),
    **dict.fromkeys((REPEATED, AGENT, REFERRER, ORIGIN, NETWORK), frozenset()),
}
"""Each canary, and the only places where it may be: kinds of objects; and `table.attribute`, with the kind of the item
in the table `account`. Queues and logs are in none."""

HASHED = {REPEATED: "account idempotency.item", "key": "account key.data"}
"""What is kept as a hash, and where that is."""


def hit(url: str) -> int:
    """The status of a GET from the canary's machine, with the canary's program."""
    to = urlsplit(url)
    connection = http.client.HTTPConnection(str(to.hostname), to.port, timeout=30, source_address=(ORIGIN, 0))
    headers = {"User-Agent": f"{BROWSER} {AGENT}", "Referer": f"https://{REFERRER}.example/", "X-Forwarded-For": ORIGIN}
    connection.request("GET", to.path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def ses_credential(local_run: LocalRun, account: str) -> tuple[str, str]:
    command = [sys.executable, "-m", "infra.account", "--local", str(local_run.folder), "--account", account, "--ses"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = dict(re.findall(r"^(AWS_\w+)=(\S+)$", said, re.MULTILINE))
    return names["AWS_ACCESS_KEY_ID"], names["AWS_SECRET_ACCESS_KEY"]


def sent_by_ses(crm: Crm, credential: tuple[str, str]) -> str:
    client = boto3.client(
        "sesv2",
        endpoint_url=crm.run["api_url"],
        region_name="eu-west-1",
        aws_access_key_id=credential[0],
        aws_secret_access_key=credential[1],
        config=Config(proxies={}),
    )
    body = {"Subject": {"Data": SUBJECT}, "Body": {"Text": {"Data": TEXT}}}
    sent = client.send_email(
        FromEmailAddress="me@example.com",
        Destination={"ToAddresses": [PERSON]},
        Content={"Simple": body},
    )
    return str(sent["MessageId"])


class Noting(Crm):
    """Keeps which operations of the document were done."""

    def __init__(self, crm: Crm) -> None:
        super().__init__(crm.run)
        self.done: set[tuple[str, str]] = set()

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        status, answer = super().call(method, path, body, **headers)
        if status in (200, 201, 202):
            self.done |= {(method, one.path) for one in operations() if is_of(path, one.path)}
        return status, answer


def is_of(path: str, described: str) -> bool:
    """Whether a path is one of those; of two that fit, the one without a name in it."""
    pattern = re.sub(r"\{\w+\}", "(?!prepare$|received$)[^/]+", described)
    return bool(re.fullmatch(pattern, path.partition("?")[0]))


def done(crm: Crm, method: str, path: str, body: object = None, **headers: str) -> Any:
    status, answer = crm.call(method, path, body, **headers)
    assert status in (200, 201, 202), answer
    return answer


def everything(crm: Crm, receiver: Receiver, credential: tuple[str, str]) -> dict[str, str]:
    """Lets the canaries go through all there is; the secrets that were shown on the way, by name."""
    hook = done(crm, "POST", "/v1/webhooks", {"url": f"{receiver.url}/{HOOK}", "events": ["*"], "description": HOOK})
    done(crm, "PUT", "/v1/consents", {"address": PERSON, "how": HOW, "by": HOW})
    mail = {
        "from": "me@example.com",
        "to": PERSON,
        "subject": SUBJECT,
        "html": f'<p>{TEXT}</p><a href="{TARGET}">Go</a> <a href="{TARGET}?{"z" * 900}">Deep</a>',
        "attachments": [{"filename": f"{FILENAME}.txt", "content": b64encode(FILE.encode()).decode(), "as_link": True}],
        "headers": {"X-Canary": HEADER},
        "record": {"module": "leads", "record_id": RECORD},
        "user": USER,
        "tags": [{"name": "canary", "value": TAG}],
        "unsubscribe": True,
    }
    ids = [done(crm, "POST", "/v1/emails", mail, **{"Idempotency-Key": REPEATED})["id"] for _ in range(2)]
    assert ids[0] == ids[1]
    crm.status(ids[0], "delivered")
    arrived = crm.arrived(SUBJECT)
    for letter, status in (("o", 200), ("c", 302), ("a", 302)):
        for url in dict.fromkeys(re.findall(rf"http://127\.0\.0\.1:\d+/{letter}/[A-Za-z0-9_.-]+", arrived["html"])):
            assert hit(url) == status
    crm.wait(ids[0], lambda one: one["clicks"]["count"] + one["clicks"]["machine"] >= 3)
    crm.status(sent_by_ses(crm, credential), "delivered")
    for address, reached in ((BOUNCED, "status"), (COMPLAINED, "complained_at")):
        message_id = crm.send(to=address, subject=SUBJECT)
        crm.wait(message_id, lambda one, field=reached: one[field] not in (None, "sent", "delivered"))
    done(crm, "POST", "/v1/emails/prepare", mail | {"attachments": []})
    later = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%dT%H:%M:%SZ}"
    done(crm, "POST", f"/v1/emails/{crm.send(to=PERSON, subject=SUBJECT, scheduled_at=later)}/cancel")
    rotated = done(crm, "POST", f"/v1/webhooks/{hook['id']}/rotate")
    done(crm, "POST", f"/v1/webhooks/{hook['id']}/test")
    export = done(crm, "POST", "/v1/exports", {"address": PERSON})
    until(lambda: done(crm, "GET", f"/v1/exports/{export['id']}")["status"] == "done", "the export")
    assert post(unsubscribe_url(arrived), b"List-Unsubscribe=One-Click") == 200
    crm.wait(ids[0], lambda one: one["unsubscribed_at"])
    done(crm, "DELETE", f"/v1/consents?address={PERSON}&how={HOW}")
    done(crm, "POST", "/v1/suppressions", {"address": "other@example.com", "detail": DETAIL})
    the_rest(crm, hook["id"])
    refused(crm, mail)
    until(lambda: not done(crm, "GET", f"/v1/webhooks/{hook['id']}/deliveries?status=waiting")["data"], "deliveries")
    return {"webhook": hook["secret"], "rotated webhook": rotated["secret"]}


def the_rest(crm: Crm, hook_id: str) -> None:
    """What does not follow from a mail."""
    now = datetime.now(UTC)
    done(crm, "PUT", "/v1/account", {"tracking": True})
    done(crm, "PUT", "/v1/users/canary", {"name": USER_NAME, "address": PERSON, "groups": ["sales"]})
    done(crm, "PUT", "/v1/templates/canary", {"name": TEMPLATE, "subject": TEMPLATE, "text": TEMPLATE})
    told = {"direction": "inbound", "started_at": now.isoformat(), "seconds": 5, "outcome": "answered"}
    record = {"module": "leads", "record_id": CALLER}
    done(crm, "POST", "/v1/calls", {"call_id": CALL_ID, "user": "canary", "record": record, **told})
    received = {"from": PERSON, "subject": SUBJECT, "text": ANSWER, "message_id": "<canary@example.com>"}
    done(crm, "POST", "/v1/emails/received", received)
    reports = {"report": "top-users", "every": "day", "users": ["canary"], "from": SCHEDULED}
    schedule = done(crm, "POST", "/v1/report-schedules", reports)
    done(crm, "PUT", f"/v1/report-schedules/{schedule['id']}", {"every": "month"})
    done(crm, "PUT", f"/v1/webhooks/{hook_id}", {"enabled": True})
    begun = {"from": (now - timedelta(hours=1)).isoformat(), "to": now.isoformat()}
    done(crm, "POST", f"/v1/webhooks/{hook_id}/replay", begun)
    crm.status(crm.send(to=ERASED, subject="Soon forgotten"), "delivered")
    erasure = done(crm, "POST", "/v1/erasures", {"address": ERASED, "confirm": True})
    until(lambda: done(crm, "GET", f"/v1/erasures/{erasure['id']}")["status"] == "done", "the erasure")
    done(
        crm, "POST", "/v1/uploads", {"filename": f"{UPLOADED}.pdf", "size": 3}
    )  # an erasure deletes those that were before it


def refused(crm: Crm, mail: dict[str, Any]) -> None:
    """What is wrong is not logged, either."""
    assert crm.call("POST", "/v1/emails", mail)[0] == 422  # unsubscribed
    assert crm.call("POST", "/v1/emails", mail | {"to": f"{PERSON} {SUBJECT}", "colour": TEXT})[0] == 422
    assert crm.call("GET", f"/v1/emails?address={PERSON}")[0] == 422
    assert crm.call("GET", f"/v1/emails/{SUBJECT}")[0] == 404
    assert crm.call("GET", f"/v1/{SUBJECT}")[0] == 404


TABLES = ("events", "messages", "links", "salts", "account", "reports", "outbox")


def kept(client: Client, run: LocalRun) -> list[tuple[str, bytes]]:
    """All that is kept, by where it stands."""
    logs = [path for path in run.folder.iterdir() if ".log" in path.name]
    said = [(f"log {path.name}", path.read_bytes()) for path in logs]
    assert any(b"MailAccepted" in octets for _, octets in said), "a log that says nothing proves nothing"
    return [*in_tables(client), *in_objects_and_queues(client), *said, ("log terminal", run.output.encode())]


def in_tables(client: Client) -> list[tuple[str, bytes]]:
    """All values of an attribute as one."""
    names = {client.environment[f"MAILSIGHT_{name.upper()}_TABLE"]: name for name in TABLES}
    found: dict[str, list[bytes]] = {}
    for place, item, value in traces.attributes(client.of("dynamodb"), names):
        table, _, attribute = place.rpartition(".")
        kind = f" {item['item']['S'].partition('#')[0]}" if names[table] == "account" else ""
        found.setdefault(f"{names[table]}{kind}.{attribute}", []).append(value)
    return [(place, b"\n".join(values)) for place, values in found.items()]


def in_objects_and_queues(client: Client) -> Iterator[tuple[str, bytes]]:
    """Objects by their kind; messages by their queue."""
    for place, octets in client.dump():
        kind, _, name = place.partition(" ")
        if kind == "queue":
            yield f"queue {name.rpartition('/')[2]}", octets
        elif kind == "object":
            first, second = name.split("/")[:2]
            yield ("export" if first == "_exports" else f"object {second}"), octets


def test_what_is_told_to_this_installation_stays_in_its_place(
    new_crm: NewCrm, local_run: LocalRun, local: dict[str, Any], receiver: Receiver
) -> None:
    crm, client = Noting(new_crm("canaries")), Client(local["environment"])
    credential = ses_credential(local_run, "canaries")
    secrets = everything(crm, receiver, credential)
    writing = {(one.method, one.path) for one in operations() if one.method in ("POST", "PUT")}
    assert writing <= crm.done, "send a canary through these, too"
    secrets |= {"key": crm.run["api_key"].rpartition("_")[2], "credential": credential[1]}
    stored = kept(client, local_run)
    astray: dict[str, set[str]] = {}
    for word, places in MAY_STAND.items():
        found = traces.found_in(stored, word)
        hashed = {place for place, disguise in found if "sha256" in disguise}
        strays = {place for place, disguise in found if "sha256" not in disguise} - places
        strays |= hashed - {HASHED.get(word, "")}
        if not found and places:
            strays.add("nowhere: then it proves nothing that it is not elsewhere")
        if strays:
            astray[word] = strays
    assert not astray
    for name, secret in secrets.items():
        found = traces.found_in(stored, secret.removeprefix("whsec_"))
        assert {place for place, _ in found} <= {HASHED.get(name, "")}, name
        assert all("sha256" in disguise for _, disguise in found), name
