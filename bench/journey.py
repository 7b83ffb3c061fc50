"""Mails' whole lives through the real functions, on an AWS that keeps the books: `python -m bench.journey ROUNDS`.

Prints what each step asked of AWS, logged and computed, as JSON. A process of its own, for the functions read the
environment and keep what they made; `travel` starts one and reads it.
"""

import json
import secrets
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from app import app
from bench import acts, stage
from bench.dynamodb import REGION
from bench.recorder import Call
from bench.stage import Handler, Stage, Step
from chalicelib.core.apikey import ApiKey, make
from chalicelib.entrypoints import fold, inform, ingest, recount, remind, replay, report, send, sweep, track
from chalicelib.storage.account import Account
from chalicelib.storage.behind import Behind
from infra.local.schedules import scheduled_event

ROUNDS = 12
ACCOUNT = "acme-crm"
Item = Mapping[str, Any]


class Journey(NamedTuple):
    """Steps by name, as they are once the functions are warm. `stored` are the bytes that stay of one mail, one open
    and one click, by table and index, and `contents`. `mails` is how many a sweep looked at."""

    steps: dict[str, Step]
    stored: dict[str, dict[str, float]]
    mails: int


@cache
def travel(rounds: int = ROUNDS) -> Journey:
    """A journey in a fresh process, of so many mails of each kind; the first one, for which everything is made, does
    not count."""
    read = stage.in_a_process("bench.journey", str(rounds))
    steps = {name: Step(*step) for name, step in read["steps"].items()}
    steps = {name: step._replace(calls=[Call(*call) for call in step.calls]) for name, step in steps.items()}
    return Journey(steps, read["stored"], read["mails"])


class Mail(NamedTuple):
    """A mail that SES took, and what SES tells of it, in the order of time."""

    told: Sequence[str]
    pixel: str
    link: str


def handed_over(on: Stage, api_key: str, name: str = "accept", idempotency_key: str | None = None) -> Mail:
    """A mail that is accepted and sent."""
    accepted = on.call(name, "api", app, acts.posted(acts.a_submission(), api_key, idempotency_key))
    body = _one(accepted, "SendMessage").request["MessageBody"]
    asked = _one(on.call("send", "send", send.send, acts.queued([body], "send")), "SendEmail")
    seen = acts.sent(asked.request)
    return Mail([json.dumps(told) for told in seen.told], seen.urls.images[0], seen.urls.links[0])


def ingested(on: Stage, name: str, told: Sequence[str]) -> list[Item]:
    """Notifications that are taken in; the events that they became."""
    return _new_events(on.call(name, "ingest", ingest.ingest, acts.queued(told, "notifications")))


def folded(on: Stage, name: str, events: Sequence[Item]) -> list[Call]:
    """A batch of the stream that is folded."""
    return on.call(name, "fold", fold.fold, acts.streamed(events))


def hit(on: Stage, name: str, url: str, user_agent: str) -> list[Item]:
    """A pixel that is loaded or a link that is followed; its event."""
    return _new_events(on.call(name, "track", track.handler, acts.requested(url, user_agent)))


def an_api_key(account: str) -> str:
    """A key of a new account."""
    table = Account("account", REGION)
    table.create(account, "Acme")
    key_id, text, secret_hash = make(secrets.token_bytes)
    scopes, now = frozenset({"send", "read"}), datetime.now(UTC)
    table.add_key(ApiKey(key_id, account, "bench", scopes, secret_hash, now, rate_limit=1_000_000))
    return text


def _delivered(on: Stage, mail: Mail) -> None:
    """As it comes when little is going on: each notification and each event alone."""
    for kind, told in zip(("Send", "Delivery"), mail.told, strict=True):
        folded(on, f"fold {kind}", ingested(on, f"ingest {kind}", [told]))


def _life(on: Stage, rounds: int) -> dict[str, Any]:
    api_key = an_api_key(ACCOUNT)
    _scheduled(on, "sweep of no mail", sweep.sweep, days=1)
    _scheduled(on, "recount of no mail", recount.recount, days=1)
    before = on.stored()
    mails = [handed_over(on, api_key, idempotency_key=secrets.token_hex(8)) for _ in range(rounds)]
    for mail in mails:
        _delivered(on, mail)
    delivered = on.stored()
    for mail in mails:
        folded(on, "fold open", hit(on, "open", mail.pixel, acts.IMAGE_PROXY))
    opened = on.stored()
    for mail in mails:
        folded(on, "fold click", hit(on, "click", mail.link, acts.BROWSER))
    clicked = on.stored()
    for mail in mails:
        folded(on, "fold another open", hit(on, "another open", mail.pixel, acts.IMAGE_PROXY))
    for _ in range(rounds):
        mail = handed_over(on, api_key, "accept without Idempotency-Key")
        folded(on, "fold Send and Delivery at once", ingested(on, "ingest Send and Delivery at once", mail.told))
        hits = [*hit(on, "open", mail.pixel, acts.IMAGE_PROXY), *hit(on, "click", mail.link, acts.BROWSER)]
        folded(on, "fold open and click at once", hits)
    _scheduled(on, "sweep of the mails", sweep.sweep, days=1)
    _scheduled(on, "sweep of empty bands", sweep.sweep)
    _scheduled(on, "recount of the mails", recount.recount, days=1)
    _scheduled(on, "recount of empty days", recount.recount)
    _built(on)
    _scheduled(on, "report of nothing", report.report)
    _scheduled(on, "inform of nothing", inform.inform)
    _scheduled(on, "remind of nothing", remind.remind)
    _scheduled(on, "replay of nothing", replay.replay)
    stored = {"mail": _each(before, delivered, rounds), "open": _each(delivered, opened, rounds)}
    stored["click"] = _each(opened, clicked, rounds)
    stored["mail"]["contents"] = _one(on.steps["accept"][-1].calls, "PutObject").sent
    steps = {name: _settled(seen) for name, seen in on.steps.items()}
    return {"steps": steps, "stored": stored, "mails": 2 * rounds}


def _scheduled(on: Stage, name: str, handler: Handler, **detail: Any) -> None:
    for _ in range(2):
        _called(on, name, handler, **detail)


def _called(on: Stage, name: str, handler: Handler, **detail: Any) -> None:
    on.call(name, name.partition(" ")[0], handler, scheduled_event("bench", datetime.now(UTC), **detail))


def _built(on: Stage) -> None:
    """The table of today, again and again; at the end there is nothing to build."""
    behind, today = Behind("reports", REGION), datetime.now(UTC).date().isoformat()
    for _ in range(2):
        for mark in behind.all():
            behind.settle(mark)
        Behind("reports", REGION).mark([(ACCOUNT, today)])
        _called(on, "report of a day", report.report)
    for mark in behind.all():
        behind.settle(mark)


def _settled(seen: Sequence[Step]) -> Step:
    """A step as it is once its function is warm. What it asks is what it asks nearly always: on a busy machine an
    answer may come so late that the function asks again."""
    warm = seen[1:]
    usual, _ = Counter(map(_asked, warm)).most_common(1)[0]
    step = next(step for step in warm if _asked(step) == usual)
    told = [call._replace(request=None, wrote=()) for call in step.calls]
    return step._replace(calls=told, cpu_ms=statistics.median(step.cpu_ms for step in warm))


def _asked(step: Step) -> tuple[object, ...]:
    """Operations and units, in an order of their own: threads ask in any."""
    calls = ((call.operation, *sorted(call.writes.items()), *sorted(call.reads.items())) for call in step.calls)
    return tuple(sorted(calls, key=str))


def _each(before: Mapping[str, int], after: Mapping[str, int], number: int) -> dict[str, float]:
    """What one of so many has left, without the salt of the day and the report cells, which are for all."""
    changed = (name for name in after if after[name] != before[name] and name not in ("salts", "reports"))
    return {name: (after[name] - before[name]) / number for name in changed}


def _one(calls: Sequence[Call], operation: str) -> Call:
    (found,) = (call for call in calls if call.operation == operation)
    return found


def _new_events(calls: Sequence[Call]) -> list[Item]:
    return [item for table, item in chain.from_iterable(call.wrote for call in calls) if table == "events"]


def main() -> None:
    """The journey's JSON."""
    with stage.set_up() as on:
        read = _life(on, int(sys.argv[1]))
    print(json.dumps(read))


if __name__ == "__main__":
    main()
