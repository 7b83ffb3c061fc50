"""AWS on loopback that keeps the books: moto behind, and of every request what it was and which units it costs.

Runs as a process of its own, so that what it does is not measured with what calls it. Units are reckoned by
`bench.capacity` from the items as they are before and after a request, indexes and transactions included.
"""

import io
import json
import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from uuid import uuid4

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from bench import dynamodb
from bench.dynamodb import Write
from infra.local import ses_events

DRAIN, STORED = "/recorded", "/stored"
_SEND_EMAIL = "/v2/email/outbound-emails"


class Call(NamedTuple):
    """One request. Bytes are those of the bodies; units stand under `table` or `table/index`.

    `request` is the body where it is JSON; `wrote` are the table and the new item of each item that was not there.
    """

    service: str
    operation: str
    sent: int
    received: int
    writes: dict[str, float]
    reads: dict[str, float]
    request: Any = None
    wrote: tuple[tuple[str, dict[str, Any]], ...] = ()


class Recorder:
    """A WSGI application."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._inner = Client(self._moto, Response)
        self._tables = dynamodb.tables_of_the_data_stack()
        self._calls: list[Call] = []
        self._one_at_a_time = threading.Lock()  # between the looks before and after nobody else writes
        for table in self._tables.values():
            self._ask("CreateTable", {"TableName": table.name, **table.definition})

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == DRAIN:
            calls, self._calls = self._calls, []
            return Response(json.dumps(calls), content_type="application/json")
        if request.path == STORED:
            return Response(json.dumps(self._stored()), content_type="application/json")
        body = request.get_data()
        target = request.headers.get("X-Amz-Target", "")
        with self._one_at_a_time:
            if target.startswith("DynamoDB"):
                return self._dynamodb(request, body, target)
            if request.path == _SEND_EMAIL:
                answer = Response(json.dumps({"MessageId": ses_events.message_id(0, str(uuid4()))}))
                self._calls.append(Call("ses", "SendEmail", len(body), _length(answer), {}, {}, json.loads(body)))
                return answer
            answer = self._pass_on(request, body)
            service = target.partition(".")[0].removeprefix("Amazon").lower() or "s3"
            operation = target.partition(".")[2] or f"{request.method.title()}Object"
            asked = json.loads(body) if target else None
            self._calls.append(Call(service, operation, len(body), _length(answer), {}, {}, asked))
            return answer

    def _dynamodb(self, request: Request, body: bytes, target: str) -> Response:
        operation, asked = target.partition(".")[2], json.loads(body)
        writes = dynamodb.writes_of(operation, asked, self._tables)
        before = [self._item(write) for write in writes]
        reads = dynamodb.reads_of(operation, asked, self._tables, self._ask)
        answer = self._pass_on(request, body)
        after = [self._item(write) for write in writes]
        units: dict[str, float] = {}
        for write, old, new in zip(writes, before, after, strict=True):
            for name, cost in dynamodb.units_of(write, old, new).items():
                units[name] = units.get(name, 0) + cost
        new_items = zip(writes, before, after, strict=True)
        wrote = tuple((write.table.name, new) for write, old, new in new_items if new and not old)
        self._calls.append(Call("dynamodb", operation, len(body), _length(answer), units, reads, asked, wrote))
        return answer

    def _item(self, write: Write) -> Any:
        asked = {"TableName": write.table.name, "Key": write.key, "ConsistentRead": True}
        return self._ask("GetItem", asked).get("Item")

    def _ask(self, operation: str, asked: Mapping[str, Any]) -> Any:
        """What moto answers to a request that nobody made."""
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Authorization": _SIGNED}
        answer = self._inner.post("/", json=asked, headers=headers, content_type="application/x-amz-json-1.0")
        return json.loads(answer.get_data())

    def _pass_on(self, request: Request, body: bytes) -> Response:
        environ = {**request.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return Response.from_app(self._moto, environ, buffered=True)

    def _stored(self) -> dict[str, int]:
        """Bytes by table and index, as they are stored for money."""
        stored: dict[str, int] = {}
        for table in self._tables.values():
            items = self._ask("Scan", {"TableName": table.name})["Items"]
            for name, sizes in dynamodb.stored_sizes(table, items).items():
                stored[name] = sum(sizes)
        return stored


_SIGNED = f"AWS4-HMAC-SHA256 Credential=bench/20260101/{dynamodb.REGION}/dynamodb/aws4_request, Signature=none"


def _length(answer: Response) -> int:
    return len(answer.get_data())


class _KeepsConnections(WSGIRequestHandler):
    """As AWS does, so that callers pay for opening one only once."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer

    def handle_expect_100(self) -> bool:
        """Says at once that a body may come; left in the buffer, the caller would wait a second for it."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def _serve(tell: Connection) -> None:
    server = make_server("127.0.0.1", 0, Recorder(), threaded=True, request_handler=_KeepsConnections)
    tell.send(server.server_port)
    server.serve_forever()


@contextmanager
def running() -> Iterator[str]:
    """The URL of an AWS with empty tables, for as long as the block runs."""
    listen, tell = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_serve, args=(tell,), daemon=True)
    process.start()
    tell.close()  # so that waiting for a process that died ends
    try:
        yield f"http://127.0.0.1:{listen.recv()}"
    finally:
        process.terminate()
        process.join()
