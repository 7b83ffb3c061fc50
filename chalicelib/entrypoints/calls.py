"""A call of the API: who calls, with what, and how the answer goes out. The views themselves see only this."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from chalice.app import Request, Response

from chalicelib.core import apikey, cursor
from chalicelib.core.apikey import ApiKey
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.token import Keys
from chalicelib.entrypoints.limiting import within_rate
from chalicelib.entrypoints.problems import Problem, answer, bad_input
from chalicelib.storage.account import Account

LARGEST_REQUEST = 5_900_000  # bytes; AWS Lambda takes 6 MB with everything that API Gateway adds
LONGEST_IDEMPOTENCY_KEY = 255
WINDOW = frozenset({"limit", "after", "before"})  # parameters of every list


class Call(NamedTuple):
    """An authenticated call: whose account, which request, when, and by the key of which name."""

    account: str
    request: Request
    now: datetime
    by: str


class Window(NamedTuple):
    """The part of a list that is asked for: `after` and `before` are places, already verified."""

    limit: int
    after: str | None
    before: str | None


class Page(Protocol):
    """A part of a list as a store found it, and the places from which to go on in either direction."""

    @property
    def has_more(self) -> bool: ...

    @property
    def after(self) -> str | None: ...

    @property
    def before(self) -> str | None: ...


Shown = tuple[HTTPStatus, dict[str, Any]] | tuple[HTTPStatus, dict[str, Any], dict[str, str]]
"""What a view comes to."""


def view(
    request: Callable[[], Request], accounts: Callable[[], Account], scope: str
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Makes a view of a function from (call, path parameters) to (status, JSON object), or to these and headers, for
    callers with this scope.

    `request` and `accounts` are asked at each call, for there are none yet when a module is imported.
    """

    def decorate(function: Callable[..., Shown]) -> Callable[..., Response]:
        @wraps(function)
        def answering(**path: str) -> Response:
            rate: dict[str, str] = {}
            try:
                now = datetime.now(UTC)
                asked = request()
                key = authenticate(asked.headers.get("authorization"), accounts(), now)
                rate = within_rate(key, now)
                _check_scope(key, scope)
                if asked.method == "POST":
                    idempotency_key(asked)  # one that is none is refused, also by what needs none
                status, body, *more = function(Call(key.account, asked, now, key.name), **path)
            except Problem as problem:
                refused = answer(problem)
                refused.headers.update(rate)
                return refused
            headers: dict[str, str | list[str]] = {"Content-Type": "application/json", "Cache-Control": "no-store"}
            for given in more:
                headers.update(given)
            return Response(json.dumps(body, ensure_ascii=False), {**headers, **rate}, status.value)

        return answering

    return decorate


def authenticate(header: str | None, accounts: Account, now: datetime) -> ApiKey:
    """The key of an Authorization header. One answer for every key that is not valid, so that nothing can be probed."""
    scheme, _, text = (header or "").partition(" ")
    key = apikey.checked(text.strip(), accounts.key, now) if scheme.lower() == "bearer" else None
    if key is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "invalid_key",
            "send a valid API key as `Authorization: Bearer ms_…`",
            headers={"WWW-Authenticate": 'Bearer realm="mailsight"'},
        )
    return key


def _check_scope(key: ApiKey, scope: str) -> None:
    if scope not in key.scopes:
        raise Problem(HTTPStatus.FORBIDDEN, "missing_scope", f"this key may not do that: it lacks the scope {scope}")


def json_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body."""
    raw = request.raw_body if isinstance(request.raw_body, bytes) else request.raw_body.encode()
    if len(raw) > LARGEST_REQUEST:
        text = f"a request holds at most {LARGEST_REQUEST:,} bytes, this one {len(raw):,}"
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", text, [{"pointer": "", "message": text}])
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
    except RecursionError:
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_json", "the body is nested too deeply") from None
    except ValueError as error:
        known = isinstance(error, json.JSONDecodeError | UnicodeDecodeError | NoJson)
        reason = str(error) if known else "it holds a number that is too long"
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_json", f"the body is no JSON: {reason}") from None
    if not isinstance(body, dict):
        raise bad_input([{"pointer": "", "message": "the body must be a JSON object"}])
    return body


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key, if the caller sent one."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY or not key.isprintable():
        text = f"an Idempotency-Key has 1 to {LONGEST_IDEMPOTENCY_KEY} printable characters"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_idempotency_key", text)
    return str(key)


def no_query(request: Request) -> None:
    """Refuses query parameters where there are none to give."""
    _refuse_unknown(dict(request.query_params or {}), frozenset())


def parameters(request: Request, known: frozenset[str]) -> dict[str, str]:
    """The parameters of the query, each of them once. Refuses those that are not known here."""
    return {name: values[0] for name, values in repeatable(request, known).items()}


def repeatable(request: Request, known: frozenset[str], repeated: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """The same with all values of each, in their order: the `known` ones once, the `repeated` ones as often as they
    are given."""
    query = request.query_params
    if query is None:
        return {}
    _refuse_unknown(dict(query), known | repeated)
    given = {name: query.getlist(name) for name in query}
    errors = [
        {"pointer": f"/{name}", "message": "stands twice"}
        for name, values in given.items()
        if len(values) > 1 and name not in repeated
    ]
    if errors:
        raise bad_input(errors)
    return given


def no_body(request: Request) -> None:
    """Refuses a body where all that is asked for stands in the query: not every proxy would bring it here."""
    if request.raw_body:
        raise bad_input([{"pointer": "", "message": "this takes no body; give it as parameters of the query"}])


def no_fields(request: Request) -> None:
    """Refuses a body that asks for something where there is nothing to ask for."""
    if request.raw_body:
        unknown = json_object(request)
        if unknown:
            raise bad_input([{"pointer": f"/{name}", "message": "this field is not known here"} for name in unknown])


def window(
    call: Call, keys: Keys, name: str, known: frozenset[str] = frozenset(), repeated: frozenset[str] = frozenset()
) -> Window:
    """The part of the list of this name that the query asks for. Whatever else stands in the query is refused, but for
    the parameters that the caller knows, of which those in `repeated` may stand more than once."""
    given = repeatable(call.request, known | {"limit", "after", "before"}, repeated)
    try:
        return window_of(given, keys, call.account, name)
    except BadInput as error:
        raise bad_input(error.errors) from None


def window_of(given: Mapping[str, Sequence[str]], keys: Keys, account: str, name: str) -> Window:
    """The part of the account's list of this name that these parameters ask for. Raises BadInput."""
    query = {parameter: values[0] for parameter, values in given.items()}
    if "after" in query and "before" in query:
        raise BadInput([wrong("/before", "give after or before, not both")])
    text = query.get("limit", "20")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= 100):
        raise BadInput([wrong("/limit", "must be a whole number from 1 to 100")])
    owner = _owner(account, name)
    return Window(int(text), _place(query, "after", owner, keys), _place(query, "before", owner, keys))


def listing(call: Call, keys: Keys, name: str, shown: list[dict[str, Any]], page: Page) -> dict[str, Any]:
    """A page of the list of this name. `after` leads to what is older than this page, `before` to what is newer."""
    return listing_of(call.account, keys, name, shown, page)


def listing_of(account: str, keys: Keys, name: str, shown: list[dict[str, Any]], page: Page) -> dict[str, Any]:
    """A page of the account's list of this name."""
    owner = _owner(account, name)
    return {
        "object": "list",
        "data": shown,
        "has_more": page.has_more,
        "after": cursor.seal(keys, owner, page.after) if page.after else None,
        "before": cursor.seal(keys, owner, page.before) if page.before else None,
    }


def _owner(account: str, name: str) -> str:
    """Whose cursors they are: one list of one account."""
    return f"{account}/{name}"


def _place(query: dict[str, str], name: str, owner: str, keys: Keys) -> str | None:
    if name not in query:
        return None
    try:
        return cursor.open_(keys, owner, query[name])
    except cursor.BadCursor as error:
        raise BadInput([wrong(f"/{name}", str(error))]) from None


def _refuse_unknown(query: dict[str, str], known: frozenset[str]) -> None:
    errors = [{"pointer": f"/{name}", "message": "this parameter is not known here"} for name in set(query) - known]
    if errors:
        raise bad_input(sorted(errors, key=lambda error: error["pointer"]))


class NoJson(ValueError):
    """What Python's reader takes and JSON does not, or what nobody can mean."""


def _refuse(constant: str) -> None:
    raise NoJson(f"{constant} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NoJson("a field stands twice in one object")
    return found
