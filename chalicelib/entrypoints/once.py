"""POSTs that make something and can be repeated with an Idempotency-Key, but for mails (flow/accept.py).

The id of what is made is noted with the key before it is made, so whoever comes again, or meanwhile, makes the same
thing: nobody has to wait for anybody, and there is no lease. When it is made, that is noted too: what was deleted since
is not made anew.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NamedTuple

from chalicelib.core.idempotency import KEY_LASTS, KeyReused, body_hash
from chalicelib.entrypoints.calls import Call, idempotency_key
from chalicelib.entrypoints.problems import Problem
from chalicelib.storage import keys
from chalicelib.storage.account import Account, Claim


class Once(NamedTuple):
    """The id of what a request makes, and whether it was made by an earlier one with the same Idempotency-Key: then it
    can only be found, or is gone. `has_key` says that others may make the same thing meanwhile or later."""

    made_id: str
    is_made: bool
    has_key: bool


@contextmanager
def once(
    call: Call,
    accounts: Account,
    route: str,
    body: Mapping[str, Any],
    new_id: str,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Once]:
    """For the time in which something is made: of this id, or of the one that an earlier request with the same key and
    body had. `check` refuses what cannot be made now; who was taken at their word once is not asked again.

    Raises Problem for a key that came with another body before, and for one that is none.
    """
    key = idempotency_key(call.request)
    if key is None:
        check()
        yield Once(new_id, is_made=False, has_key=False)
        return
    mine = Claim(keys.idempotency(route, key), body_hash(key, body), new_id, call.now + KEY_LASTS, is_open=True)
    used = accounts.claim(call.account, mine.key, call.now)
    if used is None:
        check()
        used = accounts.claim_first(call.account, mine, call.now)
    if used.body_hash != mine.body_hash:
        raise key_reused(KeyReused())
    yield Once(used.made_id, is_made=not used.is_open, has_key=True)
    if used.is_open:
        accounts.close(call.account, used)


def key_reused(error: KeyReused) -> Problem:
    """409: the key is another request's."""
    return Problem(HTTPStatus.CONFLICT, "idempotency_key_reused", str(error))


def gone() -> Problem:
    """410: it was made once, and is not there any more."""
    return Problem(
        HTTPStatus.GONE,
        "gone",
        "what was made with this Idempotency-Key is not there any more; use a new key for another request",
    )
