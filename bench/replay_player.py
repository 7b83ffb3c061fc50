"""What a replay does to a run: hands mails over, plays all that happens to them, and compares what is known of them."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from bench.replay_mails import POLICIES, Mail, Mails
from bench.replay_played import Played, Request, body_of, drawn_requests, note, played, without_foreign
from bench.replay_run import Arrived, Run, RunFailed, asked
from bench.replay_stream import DOUBLED
from bench.replay_truth import cells_of, found, unlike, wanted
from chalicelib.core import instant
from chalicelib.core.cell import Cells, total
from chalicelib.core.event import GRACE, Event
from chalicelib.core.instant import EPOCH
from chalicelib.core.message import CAPTURE_WINDOW
from infra.demo_mail import Urls

ACCOUNTS = ("berlin", "kolkata")
REQUESTED = 20
"""One event in so many is a request over HTTP."""
VISITS = 3
"""Handing a mail over takes longest, so each is looked at more often."""
WORKERS = 8
KILLS = 3
"""So often is the run killed and started again while all this happens."""
SETTLE_SECONDS = 6
"""Who follows a link sooner after the delivery is no person."""
PATIENCE_SECONDS = 1_800
DAY = timedelta(days=1)


class Requested(NamedTuple):
    """A request that was answered, between these times."""

    request: Request
    begun_at: datetime
    ended_at: datetime


class Player:
    """Hands mails over to a run, plays all that happens to them, and says what is not as it must be."""

    def __init__(self, run: Run, events: int, seed: int) -> None:
        self._run, self._chance = run, random.Random(seed)
        self._requests = events // REQUESTED
        self._made = [without_foreign(one) for one in Mails(events - self._requests, seed, ACCOUNTS, VISITS)]
        self._of_id: dict[str, Mail] = {}
        self._requested: dict[str, list[Requested]] = {}
        self.played: dict[str, Played] = {}
        self.mails, self.doubled, self.events, self.sent_again = len(self._made), 0, 0, 0
        self.unfinished: list[int] = []
        """How many messages were in the queues when the run was killed."""

    def hand_over(self) -> None:
        """Sends all mails, and waits until every one has arrived, and a person may have read it."""
        for account in ACCOUNTS:
            self._run.open_account(account, POLICIES[account].time_zone)
        _do_all([partial(self._hand_over, number, made) for number, made in enumerate(self._made)])
        until(lambda: self._run.arrived_count() >= self.mails, "all mails in the inbox")
        time.sleep(SETTLE_SECONDS)

    def play(self) -> None:
        """Everything that happens to them, shuffled; the run is killed again and again before it is done with it."""
        arrived = {one.message_id: one for one in self._run.arrived()}
        self.sent_again = self._run.arrived_count() - len(arrived)
        acts: list[Callable[[], object]] = []
        for message_id, one in arrived.items():
            self.played[message_id] = mail = played(self._of_id[message_id], message_id, one.accepted)
            once = [*(self._put(hit) for hit in mail.hits), *(self._tell(told) for told in mail.to_tell)]
            again = [*once, *(self._tell(told) for told in mail.told)]
            acts += [*once, *self._drawn(again)]
        acts += [self._ask(arrived[message_id], drawn) for message_id, drawn in self._drawn_requests()]
        self._chance.shuffle(acts)
        for part in range(KILLS + 1):
            if part:  # what was asked is answered, for else nobody would know if it was done
                self._run.process.kill()
                self.unfinished.append(sum(self._run.waiting().values()))
                self._run.process.start()
            _do_all(acts[part :: KILLS + 1])

    def recognise(self) -> Iterator[str]:
        """Finds the requests among the stored events, adds them to what must be known, and writes some once more. What
        else is stored, or is not, is told."""
        again: list[Callable[[], object]] = []
        for message_id, mail in self.played.items():
            stored = {row.event.key: row.event for row in self._run.events.after(message_id, None, now=_now())}
            own = [stored[key] for key in sorted(stored.keys() - mail.event_keys)]
            requested = self._requested.get(message_id, [])
            self.events += len(stored)
            if missing := mail.event_keys - stored.keys():
                yield f"{message_id}: {sorted(missing)} are not stored"
            if len(own) != len(requested):
                yield f"{message_id}: {len(requested)} requests were made, and {[one.key for one in own]} stored"
            for event, one in zip(own, requested, strict=False):
                if event.kind != one.request.kind or not one.begun_at <= event.occurred_at <= one.ended_at:
                    yield f"{message_id}: {one} is stored as {event}"
                note(mail.truth, one.request, event.occurred_at)
            again += self._drawn([self._put(event) for event in own])
        _do_all(again)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return sum(map(len, self._requested.values()))

    def differences(self) -> Iterator[str]:
        """What is not as it must be in the tables of the run."""
        now = _now()
        if self.sent_again:
            yield f"{self.sent_again} mails were sent twice"
        known = {
            message.message_id: message
            for account in ACCOUNTS
            for message, _ in self._run.messages.folds_between(account, now - DAY, now + DAY)
        }
        states = {message_id: found(message.state) for message_id, message in known.items()}
        yield from unlike("state of", {one.message_id: wanted(one.truth) for one in self.played.values()}, states)
        must_be = total(cells_of(self._of_id[one.message_id].message, one.truth) for one in self.played.values())
        yield from unlike("cell", must_be, self._cells(now))
        yield from unlike("suppressed", self._to_suppress(), dict.fromkeys(self._suppressed(), 1))

    def _hand_over(self, number: int, made: Mail) -> None:
        answer = self._run.call(made.message.account, "POST", "/v1/emails", body_of(made, number))
        self._of_id[answer["id"]] = made

    def _put(self, event: Event) -> Callable[[], object]:
        expires_at = _now() + CAPTURE_WINDOW + GRACE
        return lambda: self._run.events.put(event, expires_at)

    def _tell(self, notification: dict[str, Any]) -> Callable[[], object]:
        return lambda: self._run.publish(notification)

    def _drawn(self, acts: Iterable[Callable[[], object]]) -> list[Callable[[], object]]:
        """Those that are done twice."""
        drawn = [act for act in acts if self._chance.random() < DOUBLED]
        self.doubled += len(drawn)
        return drawn

    def _drawn_requests(self) -> Iterator[tuple[str, list[Request]]]:
        """The requests of each mail that has some."""
        readable = [
            message_id
            for message_id, one in sorted(self.played.items(), key=lambda item: item[1].truth.sent_at or EPOCH)
            if one.truth.is_delivered and not one.truth.bounce and self._of_id[message_id].message.tracking.is_on
        ]
        chosen = self._chance.choices(readable, k=self._requests)
        for message_id in dict.fromkeys(chosen):
            yield message_id, drawn_requests(self._chance, chosen.count(message_id))

    def _ask(self, mail: Arrived, requests: Sequence[Request]) -> Callable[[], object]:
        """Makes the requests of a mail, one after the other."""

        def ask() -> None:
            urls, done = Urls(mail.html), self._requested.setdefault(mail.message_id, [])
            for one in requests:
                begun_at = _now()
                url = urls.images[0] if one.position is None else urls.links[one.position]
                status, _ = asked(url, one.method, {"User-Agent": one.user_agent})
                if status not in (200, 302):
                    raise RunFailed(f"the tracking host answered {status}")
                done.append(Requested(one, begun_at, _now()))

        return ask

    def _cells(self, now: datetime) -> Cells:
        days = [(now + DAY * number).date().isoformat() for number in (-1, 0, 1)]
        return total(self._run.cells.of_day(account, day) for account in ACCOUNTS for day in days)

    def _to_suppress(self) -> dict[tuple[str, str], int]:
        return {
            (one.address, reason): 1
            for one in self.played.values()
            for reason, holds in (
                ("hard_bounce", one.truth.bounce == "hard"),
                ("complaint", one.truth.complained_at),
                ("unsubscribed", one.truth.unsubscribed_at),
            )
            if holds
        }

    def _suppressed(self) -> Iterator[tuple[str, str]]:
        for account in ACCOUNTS:
            after = None
            while True:
                page = self._run.suppressions.page(account, 100, after)
                yield from ((str(one.address), str(cause.reason)) for one in page.suppressions for cause in one.causes)
                after = page.after
                if not page.has_more:
                    break


def until(look: Callable[[], bool], what: str) -> None:
    """Waits for this. Raises RunFailed if it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        if time.monotonic() > deadline:
            raise RunFailed(f"{what}: not within {PATIENCE_SECONDS} s")
        time.sleep(1)


def _do_all(acts: Sequence[Callable[[], object]]) -> None:
    """Several at once, about in this order. What one raises is raised."""
    with ThreadPoolExecutor(WORKERS) as workers:
        for _ in workers.map(lambda act: act(), acts):
            pass


def _now() -> datetime:
    """In milliseconds, as events have it."""
    return instant.parse(instant.show(datetime.now(UTC)))
