"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do."""

import json
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Request, Response

from chalicelib.core.problem import MailsightError


class Problem(MailsightError):
    """An answer that says why a request was not done. `code` is stable, for programs; `errors` name input fields."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status.value} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}


def answer(problem: Problem) -> Response:
    """The response of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = problem.errors
    headers: dict[str, str | list[str]] = {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        **problem.headers,
    }
    return Response(json.dumps(body), headers, problem.status.value)


def middleware(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Every answer names its request, by the id that the gateway gave it. So does the log where it failed, without
    what was asked for: that may be an address."""
    response = _as_problem(request, get_response(request))
    own_id = getattr(request.lambda_context, "aws_request_id", "")  # where there is no gateway
    request_id = str(request.context.get("requestId") or own_id)
    response.headers["X-Request-Id"] = request_id
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        failed = {"request_id": request_id, "status": response.status_code}
        _log().error(
            "request_failed", extra={**failed, "method": request.method, "path": request.context["resourcePath"]}
        )
    return response


@cache
def _log() -> Logger:
    return Logger(service="api")


def _as_problem(request: Request, response: Response) -> Response:
    """Chalice's own errors under /v1 as problems: wrong method, wrong media type, and what nobody has caught."""
    if response.status_code < 400 or not isinstance(response.body, dict) or not _is_api(request):
        return response
    status = HTTPStatus(response.status_code)
    problem = Problem(status, *_FROM_CHALICE.get(status, ("invalid_request", str(response.body.get("Message", "")))))
    made = answer(problem)
    made.headers.update({name: value for name, value in response.headers.items() if name == "Allow"})
    return made


_FROM_CHALICE = {
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "this path takes other methods; the header Allow names them"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type", "send JSON as `Content-Type: application/json`"),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "internal_error",
        "something failed here, not in your request; send it again, with the same Idempotency-Key if it had one",
    ),
}


def _is_api(request: Request) -> bool:
    return str(request.path or "").startswith("/v1/")


def bad_input(errors: list[dict[str, str]]) -> Problem:
    """422: the request is understood, and something in it cannot be taken."""
    detail = "; ".join(f"{error['pointer'] or 'body'}: {error['message']}" for error in errors[:3])
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail, errors)


def not_found(what: str) -> Problem:
    """404, also for what belongs to another account."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"there is no {what} with this id in your account")
