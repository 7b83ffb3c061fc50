"""The tracking function as gunicorn serves it: `gunicorn "bench.loopback_hosts:host('mailsight')"`.

Before both handlers stands what the local stack has there too: a request becomes an event of payload format 2.0, as an
HTTP API makes it. On AWS that is the gateway's work; here each hit pays for it, some 20 µs, with either handler.
"""

from collections.abc import Iterable
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.track_contenders import HANDLERS
from infra.local.functions import Call
from infra.local.tracking_host import Request, answer_to

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication


def host(name: str) -> "WSGIApplication":
    """The WSGI application of a handler of bench/track_contenders.py that takes payload 2.0."""
    handler = HANDLERS[name]()
    return wsgi(lambda payload: handler(payload, None))


def wsgi(call: Call) -> "WSGIApplication":
    """A WSGI application that feeds a tracking function."""

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        response = answer_to(_request(environ), call)
        length = ("Content-Length", str(len(response.body)))
        start_response(f"{response.status} {responses[response.status]}", [*response.headers, length])
        return [response.body]

    return application


def _request(environ: dict[str, Any]) -> Request:
    """The request as it was sent, but for the case of its headers' names, which WSGI does not keep (PEP 3333)."""
    target = quote(environ["PATH_INFO"], encoding="latin-1")
    query = environ["QUERY_STRING"]
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    return Request(
        method=environ["REQUEST_METHOD"],
        target=f"{target}?{query}" if query else target,
        protocol=environ["SERVER_PROTOCOL"],
        headers=headers,
        source_ip=environ["REMOTE_ADDR"],
    )
