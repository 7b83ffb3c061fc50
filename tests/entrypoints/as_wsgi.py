"""The REST API as a WSGI application, so that tools that speak WSGI can call it in this process: what API Gateway does,
as Chalice's local gateway does it."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayException

from infra.local.api_host import own_answer

Start = Callable[[str, list[tuple[str, str]]], Any]


class AsWsgi:
    """The application."""

    def __init__(self, app: Chalice) -> None:
        self._gateway = LocalGateway(app, Config.create(chalice_app=app))

    def __call__(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        path = quote(environ["PATH_INFO"].encode("latin-1"))
        target = f"{path}?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else path
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or None
        status, headers, text = self._answer(environ["REQUEST_METHOD"], target, dict(_headers(environ)), body)
        start(f"{status} {HTTPStatus(status).phrase}", headers)
        return [text.encode()]

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Any:
        try:
            answer = self._gateway.handle_request(method, target, headers, body)
        except LocalGatewayException:  # no such path
            said, text = own_answer(HTTPStatus.NOT_FOUND, target)
            return 404, [(name, str(value)) for name, value in said.items()], text
        several = [(name, one) for name, values in answer["multiValueHeaders"].items() for one in values]
        return answer["statusCode"], [*answer["headers"].items(), *several], answer["body"] or ""


def _headers(environ: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name.removeprefix("HTTP_").replace("_", "-").lower(), value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.replace("_", "-").lower(), environ[name]
