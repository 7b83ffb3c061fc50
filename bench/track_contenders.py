"""The open as it is usually written, for comparison with `chalicelib.entrypoints.track`: same token, event and item.

Run as `python -m bench.track_contenders NAME OPENS`: makes the handler of that name, serves so many opens from a
payload on standard input, and prints the CPU microseconds an open cost in user code and in the kernel as JSON.
"""

import importlib
import json
import resource
import sys
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, Any], Any]

WARM_UP = 50


def mailsight() -> Handler:
    """The handler that is deployed."""
    made: Handler = importlib.import_module("chalicelib.entrypoints.track").handler
    return made


def botocore() -> Handler:
    """A plain handler with a botocore client, everything else as ours."""
    track = importlib.import_module("chalicelib.entrypoints.track")
    settings = importlib.import_module("chalicelib.settings").read()
    session = importlib.import_module("botocore.session").get_session()
    client = session.create_client("dynamodb", region_name=settings.region)

    class Log:
        def record(self, item: Any) -> None:
            client.put_item(
                TableName=settings.events_table,
                Item=item,
                ConditionExpression="attribute_not_exists(message_id)",
            )

    parts = track.Parts(settings.keys, Log())
    return lambda payload, context: track.serve(payload, lambda: parts)


def chalice() -> Handler:
    """A Chalice route with a table of boto3's resource."""
    chalice = importlib.import_module("chalice")
    boto3 = importlib.import_module("boto3")
    hits = importlib.import_module("chalicelib.core.hit")
    event = importlib.import_module("chalicelib.core.event")
    settings = importlib.import_module("chalicelib.settings").read()
    keys = settings.keys
    table = boto3.resource("dynamodb", region_name=settings.region).Table(settings.events_table)
    app = chalice.Chalice("track")
    app.api.binary_types = ["*/*"]

    def pixel(token: str) -> Any:
        context = app.current_request.context
        hit = hits.from_payload(
            {
                "rawPath": f"/o/{token}",
                "requestContext": {
                    "requestId": context["requestId"],
                    "timeEpoch": context["requestTimeEpoch"],
                    "http": {"method": app.current_request.method},
                },
            }
        )
        said = hits.verified(hit, keys)
        made = hits.event_of(hit, said) if said else None
        if made:
            item = {
                "message_id": made.message_id,
                "event_key": made.key,
                "kind": made.kind.value,
                "data": json.dumps(made.data),
                "expires_at": int((said.until + event.GRACE).timestamp()),
            }
            table.put_item(Item=item, ConditionExpression="attribute_not_exists(message_id)")
        return chalice.Response(body=hits.GIF, status_code=200, headers=dict(hits.PIXEL.headers))

    app.route("/o/{token}", methods=["GET", "HEAD"])(pixel)
    handler: Handler = app
    return handler


HANDLERS: dict[str, Callable[[], Handler]] = {"mailsight": mailsight, "botocore": botocore, "chalice": chalice}


def _cpu_microseconds() -> tuple[float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime * 1e6, usage.ru_stime * 1e6


def main() -> None:
    """One process, one handler. With one open it is a cold start."""
    name, opens = sys.argv[1], int(sys.argv[2])
    payload = json.load(sys.stdin)
    handler = HANDLERS[name]()
    response = handler(payload, None)
    if response["statusCode"] != 200:
        raise SystemExit(f"{name} answered {response}")
    if opens == 1:
        return
    for _ in range(WARM_UP):
        handler(payload, None)
    before = _cpu_microseconds()
    for _ in range(opens):
        handler(payload, None)
    after = _cpu_microseconds()
    print(json.dumps([(late - early) / opens for early, late in zip(before, after, strict=True)]))


if __name__ == "__main__":
    main()
