"""The REST API and the dashboard: the Chalice app behind Chalice's own local gateway, in threads of this process."""

import functools
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalChalice, RouteMatcher

from chalicelib.entrypoints import problems
from chalicelib.entrypoints.problems import Problem
from infra.local.http_host import QuietServer

LARGEST_REQUEST = 10 * 1024 * 1024
"""API Gateway's limit for a request's body, in bytes."""

TIMEOUT_SECONDS = 29
"""API Gateway's limit for an answer."""

logger = logging.getLogger(__name__)


def for_threads(app: Chalice) -> Chalice:
    """The app with a `current_request` for each thread, as `chalice local` makes it."""
    app.__class__ = type("ThreadedApp", (LocalChalice, type(app)), {})
    return app


_SAID = {
    HTTPStatus.BAD_REQUEST: ("invalid_request", "this is no request of HTTP/1.1"),
    HTTPStatus.NOT_FOUND: ("not_found", "there is no such path"),
    HTTPStatus.LENGTH_REQUIRED: ("length_required", "send the body in one piece, with its Content-Length"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", f"a request holds at most {LARGEST_REQUEST:,} bytes"),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("headers_too_large", "send fewer or shorter headers"),
    HTTPStatus.NOT_IMPLEMENTED: ("method_not_implemented", "nothing here knows this method"),
    HTTPStatus.BAD_GATEWAY: ("internal_error", "something failed here, not in your request"),
}
"""Code and detail of what the host itself says, without the app."""

_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{status.value} {status.phrase}</title>
<h1>{status.phrase}</h1><p>This address answers {status.value}: {detail}. <a href="/">Go to the dashboard</a></p></html>
"""


class _Handler(ChaliceRequestHandler):
    """Chalice's, with what API Gateway or HTTP wants and it lacks.

    What it says of a path that it does not know repeats the header Authorization, an API key here; so it is not asked.
    """

    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 60
    path = ""

    def handle_one_request(self) -> None:
        self.path = ""  # an error that comes before the path is read says nothing of the request before
        super().handle_one_request()

    def _generic_handle(self) -> None:
        refusal = refuse(self.headers)
        if refusal:
            self.send_error(refusal)
            return
        if not self._has_route():
            self._parse_payload()  # or it would be read as the next request
            self._say(HTTPStatus.NOT_FOUND)
            return
        try:
            super()._generic_handle()
        except UnicodeEncodeError:  # a header that is not Latin-1: API Gateway refuses the function's answer
            logger.exception("the answer to %s %s has a header that no answer can carry", self.command, self.path)
            self._headers_buffer: list[bytes] = []
            self._say(HTTPStatus.BAD_GATEWAY)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuses a request, also for http.server; ends the connection, for what follows is still unread."""
        logger.debug("%s is answered with %d %s", self.path, code, message or "")
        self.close_connection = True
        self._say(HTTPStatus(code), {"Connection": "close"})

    def _has_route(self) -> bool:
        try:
            self.server.routes.match_route(self.path)
        except ValueError:
            return False
        return True

    def _say(self, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> None:
        said, body = own_answer(status, self.path)
        self._send_http_response(status, {**said, **(headers or {})}, body)

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: bytes | str) -> None:
        octets = body if isinstance(body, bytes) else body.encode()
        if self.command == "HEAD" or code in (204, 304):
            octets = b""  # a body there would be read as the next answer
        super()._send_http_response_with_body(code, headers, octets)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


class _Server(QuietServer):
    """Knows which paths there are."""

    def __init__(self, address: tuple[str, int], app: Chalice, config: Config) -> None:
        self.routes = RouteMatcher(list(app.routes))
        super().__init__(address, functools.partial(_Handler, app_object=app, config=config))


def host(address: tuple[str, int], app: Chalice) -> QuietServer:
    """A server, bound and not yet serving, of an app made ready by `for_threads`."""
    return _Server(
        address, app, Config.create(chalice_app=app, lambda_timeout=TIMEOUT_SECONDS, lambda_memory_size=1024)
    )


def refuse(headers: Mapping[str, str]) -> HTTPStatus | None:
    """The status for a request whose body cannot be taken, or None."""
    if "Transfer-Encoding" in headers:
        return HTTPStatus.LENGTH_REQUIRED
    length = headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdigit()):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > LARGEST_REQUEST else None


def own_answer(status: HTTPStatus, target: str) -> tuple[dict[str, Any], str]:
    """Headers and body of what the host itself answers: a problem to programs under /v1, a page to people elsewhere.

    Nothing of the request stands in it, for requests carry API keys.
    """
    code, detail = _SAID.get(status, (status.name.lower(), "this request cannot be answered"))
    path = target.partition("?")[0]
    if path == "/v1" or path.startswith("/v1/"):
        answer = problems.answer(Problem(status, code, detail))
        return dict(answer.headers), str(answer.body)
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return headers, _PAGE.format(status=status, detail=detail)
