"""The REST API and the dashboard: the Chalice app behind Chalice's own local gateway, in threads of this process."""

import functools
import http
import logging
from collections.abc import Mapping
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalChalice

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


class _Handler(ChaliceRequestHandler):
    """Chalice's, with what API Gateway or HTTP wants and it lacks."""

    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    timeout = 60

    def _generic_handle(self) -> None:
        refusal = refuse(self.headers)
        if refusal:
            self.close_connection = True  # the body stays unread
            self._send_http_response(refusal, {"Connection": "close"}, _message(refusal))
            return
        try:
            super()._generic_handle()
        except UnicodeEncodeError:  # a header that is not Latin-1: API Gateway refuses the function's answer
            logger.exception("the answer to %s %s has a header that no answer can carry", self.command, self.path)
            self._headers_buffer: list[bytes] = []
            self._send_http_response(http.HTTPStatus.BAD_GATEWAY, {}, _message(http.HTTPStatus.BAD_GATEWAY))

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: bytes | str) -> None:
        octets = body if isinstance(body, bytes) else body.encode()
        if self.command == "HEAD" or code in (204, 304):
            octets = b""  # a body there would be read as the next answer
        super()._send_http_response_with_body(code, headers, octets)

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


def host(address: tuple[str, int], app: Chalice) -> QuietServer:
    """A server, bound and not yet serving, of an app made ready by `for_threads`."""
    config = Config.create(chalice_app=app, lambda_timeout=TIMEOUT_SECONDS, lambda_memory_size=1024)
    return QuietServer(address, functools.partial(_Handler, app_object=app, config=config))


def refuse(headers: Mapping[str, str]) -> http.HTTPStatus | None:
    """The status for a request whose body cannot be taken, or None."""
    if "Transfer-Encoding" in headers:
        return http.HTTPStatus.LENGTH_REQUIRED
    length = headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdigit()):
        return http.HTTPStatus.BAD_REQUEST
    return http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > LARGEST_REQUEST else None


def _message(status: http.HTTPStatus) -> bytes:
    return f'{{"message": "{status.phrase}"}}'.encode()
