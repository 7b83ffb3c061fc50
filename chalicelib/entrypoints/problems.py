"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do."""

import json
from http import HTTPStatus
from typing import Any

from chalice import Response

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
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **problem.headers}
    return Response(json.dumps(body), headers, problem.status.value)


def bad_input(errors: list[dict[str, str]]) -> Problem:
    """422: the request is understood, and something in it cannot be taken."""
    detail = "; ".join(f"{error['pointer'] or 'body'}: {error['message']}" for error in errors[:3])
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail, errors)


def not_found(what: str) -> Problem:
    """404, also for what belongs to another account."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"there is no {what} with this id in your account")
