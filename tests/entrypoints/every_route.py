"""What is known of the routes of the API's document, so that a test can ask every one of them: an account with one of
everything, and requests that name what is its own."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import boto3

from app import ROUTES
from chalicelib.core import cell, openapi
from chalicelib.core import event as events
from chalicelib.core.aggregate import aggregate_of
from chalicelib.core.change import Change
from chalicelib.core.event import Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.refold import Fold, Step
from chalicelib.core.summary import summarise
from chalicelib.core.token import Mode
from chalicelib.entrypoints import limiting
from chalicelib.storage.aggregates import Aggregates
from chalicelib.storage.cells import CellTable
from chalicelib.storage.events import Events
from chalicelib.storage.folds import Folds
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from tests.entrypoints.permitting import Office
from tests.moto_stack import REGION
from tests.noon import NOON

OWNER, STRANGER = "owner-4f1c", "stranger"
ALL = ("send", "read", "admin")

PERSON = "erika.canary@example.com"
GROUP = "canaries"
READER = "canary-reader"
NAMED = ("users/user_id", "templates/template_id")
"""What its account names itself, so that each account may have one of the same name."""

EVERYBODY_HAS = {"reports/name": "sent-email-status"}
"""What each account has by the same name, filled with its own; of the reports the one that shows mails."""

EVERYBODY_S = "4711"
"""What the CRMs of all accounts call a call of theirs."""
CALLED_AT = (NOON - timedelta(hours=1)).isoformat()

CANARIES = ("canary", OWNER)
"""Stands in every text of the owner: addresses, subjects, links, names of files, URLs."""

Json = dict[str, Any]


class Operation(NamedTuple):
    """One method of one path of the document."""

    method: str
    path: str
    described: Json

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    @property
    def body(self) -> str | None:
        """The name of the body's schema."""
        if "requestBody" not in self.described:
            return None
        reference: str = self.described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        return reference.rpartition("/")[2]

    def parameters(self, place: str) -> list[str]:
        """The names of the parameters of the path, or of the query."""
        return [one["name"] for one in self.described["parameters"] if one["in"] == place]


def operations() -> Iterator[Operation]:
    """All of them, as the document has them."""
    for path, methods in openapi.document("/")["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described)


class NotKnown(AssertionError):
    """A route asks for something that this file cannot give."""

    def __init__(self, operation: Operation, what: str) -> None:
        place = "tests/entrypoints/every_route.py"
        super().__init__(
            f"{operation.method} {operation.path} takes {what}, which {place} cannot fill: give the owner one of it in "
            "`Owner`, and name it in `ids`, `queries` or `bodies`, so that it is shown to be no other account's"
        )


class Named(NamedTuple):
    """What a request names of somebody's: ids by path and parameter, values of the query, fields of bodies."""

    ids: dict[str, str]
    queries: dict[str, str]
    bodies: dict[str, Json]


def request_of(operation: Operation, named: Named) -> tuple[str, Json | None]:
    """Path with its query, and body, of a request that names what is somebody's. Raises NotKnown."""
    path = operation.path
    for name in operation.parameters("path"):
        kind = operation.path.split("/")[2]
        if f"{kind}/{name}" not in named.ids:
            raise NotKnown(operation, f"{name} of {kind} in its path")
        path = path.replace(f"{{{name}}}", quote(named.ids[f"{kind}/{name}"], safe=""))
    query = {}
    for parameter in operation.described["parameters"]:
        if parameter["in"] == "query" and parameter["name"] in named.queries:
            query[parameter["name"]] = named.queries[parameter["name"]]
        elif parameter["in"] == "query" and parameter["required"]:
            raise NotKnown(operation, f"the parameter {parameter['name']}")
    if operation.body and operation.body not in named.bodies:
        raise NotKnown(operation, f"the body {operation.body}")
    body = named.bodies[operation.body] if operation.body else None
    return (f"{path}?{urlencode(query)}" if query else path), body


def forget_parts() -> None:
    """Lets every API find its tables anew."""
    for module in ROUTES:
        if hasattr(module, "_parts"):
            module._parts.cache_clear()
    limiting._limiter.cache_clear()


class Owner:
    """An account that has one of everything, with canaries in it."""

    def __init__(self, stack: Any) -> None:
        self.office = Office(stack)
        self.key = self.office.key = self.office.new_key(OWNER, ALL, rate_limit=30_000)
        self.upload_id = self._add("/v1/uploads", {"filename": "canary.pdf", "size": 3})
        self.mails = [self._add("/v1/emails", mail(PERSON, f"canary {number}")) for number in range(3)]
        for message_id in self.mails:
            _open(message_id)
        self.webhook_id = self._add("/v1/webhooks", hook("canary"))
        for _ in range(2):
            self.office.done("POST", f"/v1/webhooks/{self.webhook_id}/test")
        for address in (PERSON, "other.canary@example.com"):
            self.office.done("POST", "/v1/suppressions", {"address": address, "detail": "canary detail"})
            self.office.done("PUT", "/v1/consents", {"address": address, "how": "canary form"})
        for age in range(2):
            _add_up(OWNER, age)
            self.office.done("PUT", f"/v1/users/canary-{age}", {"name": "canary", "groups": [GROUP]})
            self.office.done("PUT", f"/v1/templates/canary-{age}", template("canary"))
        self.received_id = self._add("/v1/emails/received", received(PERSON, "canary"))
        self.call_ids = [self._add("/v1/calls", call(name)) for name in (EVERYBODY_S, "canary")]
        self.office.done("PUT", f"/v1/users/{READER}", {"name": "canary", "address": PERSON})
        self.schedule_id = self._add("/v1/report-schedules", reports_by_mail(READER))
        self.export_id = self._add("/v1/exports", {"address": PERSON})
        self.erasure_id = self._add("/v1/erasures", {"address": "gone.canary@example.com", "confirm": True})

    def _add(self, path: str, body: Json) -> str:
        status, answer, _ = self.office.call("POST", path, body)
        assert status in (201, 202), answer
        return str(answer["id"])

    @property
    def named(self) -> Named:
        """Requests that name what is the owner's."""
        ids = {
            "emails/message_id": self.mails[0],
            "webhooks/webhook_id": self.webhook_id,
            "calls/call_id": self.call_ids[0],
            "exports/job_id": self.export_id,
            "report-schedules/schedule_id": self.schedule_id,
            "erasures/job_id": self.erasure_id,
            "users/user_id": "canary-0",
            "templates/template_id": "canary-0",
            **EVERYBODY_HAS,
        }
        return Named(ids, {"address": PERSON, "group": GROUP}, bodies(PERSON, self.upload_id, OWNER))

    @property
    def ids(self) -> list[str]:
        """What nobody else may learn, beside the canaries."""
        jobs = self.export_id, self.erasure_id, self.schedule_id
        return [*self.mails, self.received_id, *self.call_ids, self.upload_id, self.webhook_id, *jobs]

    def items(self) -> list[str]:
        """All that the tables hold of the owner."""
        found = []
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        for table in dynamodb.list_tables()["TableNames"]:
            items = dynamodb.scan(TableName=table)["Items"]
            found += [text for text in (repr(item) for item in items) if any(one in text for one in [OWNER, *self.ids])]
        return sorted(found)


def of_nobody() -> Named:
    """Requests like the owner's, that name what nobody has."""
    ids = (*(f"{kind}/job_id" for kind in ("exports", "erasures")), "emails/message_id", "webhooks/webhook_id", *NAMED)
    ids = (*ids, "calls/call_id", "report-schedules/schedule_id")
    person = "nobody.known@example.com"
    unknown = bodies(person, secrets.token_hex(16), "no-such-account")
    made = {name: secrets.token_hex(16) for name in ids} | EVERYBODY_HAS
    return Named(made, {"address": person, "group": "no-such-group"}, unknown)


def bodies(person: str, upload_id: str, account: str) -> dict[str, Json]:
    """A valid body of each schema, about this person and naming these."""
    now = datetime.now(UTC)
    return {
        "NewEmail": mail(person, "Hi") | {"attachments": [{"filename": "a.pdf", "upload_id": upload_id}]},
        "NewReceivedEmail": received(person, "canary"),
        "NewCall": call(EVERYBODY_S),
        "NewUpload": {"filename": "a.pdf", "size": 3},
        "AccountChange": {"id": account, "tracking": False},
        "NewConsent": {"address": person, "how": "form"},
        "NewSuppression": {"address": person},
        "NewExport": {"address": person},
        "NewErasure": {"address": person, "confirm": True},
        "NewUser": {"name": "Somebody", "address": person, "groups": ["sales"]},
        "NewTemplate": template("stranger"),
        "NewReportSchedule": reports_by_mail(READER if account == OWNER else "nobody"),
        "ReportScheduleChange": {"enabled": False},
        "NewWebhook": hook("stranger"),
        "WebhookChange": {"enabled": False},
        "NewReplay": {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()},
    }


def mail(person: str, subject: str) -> Json:
    url = "https://example.com/canary" if "canary" in subject else "https://example.com/"
    return {"from": "me@example.com", "to": person, "subject": subject, "html": f'<a href="{url}">Go</a>'}


def template(name: str) -> Json:
    return {"name": name, "subject": f"{name} {{{{name}}}}", "html": f"<p>{name}</p>", "text": name}


def received(person: str, name: str) -> Json:
    return {"from": person, "subject": name, "text": name, "message_id": f"<{name}@example.com>"}


def call(name: str) -> Json:
    told = {"direction": "inbound", "started_at": CALLED_AT, "seconds": 30, "outcome": "answered"}
    return {"call_id": name, "user": name, "record": {"module": "leads", "record_id": name}, **told}


def reports_by_mail(user: str) -> Json:
    return {"report": "top-users", "every": "day", "users": [user], "from": "canary@example.com"}


def hook(name: str) -> Json:
    return {"url": f"https://{name}.example.com/hooks", "events": ["*"]}


def _open(message_id: str) -> None:
    """The mail is sent, delivered and opened."""
    messages, table, now = Messages("messages", REGION), Events("events", REGION), datetime.now(UTC)
    happened = [
        events.make(message_id, "s", Kind.SENT, now, ses_message_id=f"ses-canary-{message_id}"),
        events.make(message_id, "d", Kind.DELIVERED, now, recipient=PERSON),
        events.make(message_id, "o", Kind.OPENED, now, method="GET"),
    ]
    for one in happened:
        table.put(one, now + timedelta(days=1))
    folds = Folds(messages, table, CellTable("reports", REGION), Notices("outbox", REGION))
    found, _ = folds.find(message_id)
    state = summarise(happened)
    counted = cell.counted_of(found, state, UTC)
    added = cell.difference(found, cell.NOTHING, counted)
    folds.store([Change(found, Step(Fold(state, counted=counted), (), False), added)])


def _add_up(account: str, age: int) -> None:
    """The account has an aggregate of a day."""
    tracking = Tracking(True, True, until=datetime.now(UTC), mode=Mode.AGGREGATE)
    day = datetime.now(UTC) - timedelta(days=age)
    one = Message("c" * 32, account, day, Envelope("me@example.com", (PERSON,)), tracking)
    Aggregates("messages", REGION).ensure(aggregate_of(one))


def said(answer: Any, headers: Any) -> str:
    """All that an answer tells, as one text."""
    return json.dumps([answer, dict(headers)], ensure_ascii=False)
