"""Telling on: to every webhook that wants it, hits when they have settled; ranges of time again; and who listens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.delivery import Replay, Task, place_of
from chalicelib.core.notice import SETTLES, SETTLING, Notice, Type
from chalicelib.core.webhook import types_wanted
from chalicelib.flow import retell, subscribe
from chalicelib.flow.notify import Entry, notify
from tests.flow.outbox import HOOK, MESSAGE_ID, NOON, Killed, Outbox, at

ONLY_SENT = replace(HOOK, webhook_id="b" * 32, events=("email.sent",))
OFF = replace(HOOK, webhook_id="c" * 32, enabled=False)


@pytest.fixture
def outbox() -> Outbox:
    made = Outbox()
    made.hooks = {one.webhook_id: one for one in (HOOK, ONLY_SENT, OFF)}
    return made


@pytest.mark.parametrize("kind", Type)
def test_each_webhook_that_wants_it_is_told_and_hits_wait_until_they_have_settled(outbox, kind):
    count = notify(Entry("acme", MESSAGE_ID, kind, "key"), webhooks=outbox, queue=outbox, settles=SETTLES)
    wanting = [HOOK.webhook_id] + ([ONLY_SENT.webhook_id] if kind is Type.SENT else [])
    seconds = 60 if kind in SETTLING else 0
    assert outbox.queued == [(Task("acme", one, "key", MESSAGE_ID), seconds) for one in wanting]
    assert count == len(wanting)


def test_where_nobody_listens_nothing_is_queued(outbox):
    assert notify(Entry("berg", MESSAGE_ID, "email.sent", "k"), webhooks=outbox, queue=outbox, settles=SETTLES) == 0
    assert outbox.calls == 0


# ------------------------------------------------------------------------------------------------------- telling again


class Kept:
    """Notices by time; counts how many were read."""

    def __init__(self, *notices: Notice) -> None:
        self.notices = notices
        self.read = 0

    def between(self, account: str, start: Any, end: Any, *, now: Any) -> Any:
        for one in self.notices:
            if one.account == account and start <= one.written_at < end:
                self.read += 1
                yield one


class Line:
    """A queue of deliveries and replays."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.delays: list[int] = []
        self.replays: list[Replay] = []

    def put(self, tasks: Any) -> None:
        self.tasks += [task for task, _ in tasks]
        self.delays += [seconds for _, seconds in tasks]

    def put_replays(self, replays: Any) -> None:
        self.replays += replays


def kept(number: int, milliseconds: float = 1000) -> Kept:
    return Kept(
        *(
            Notice(f"n{one}", "acme", MESSAGE_ID, "email.sent", NOON, NOON + timedelta(milliseconds=one * milliseconds))
            for one in range(number)
        )
    )


def retold(outbox: Outbox, notices: Kept, replay: Replay) -> Line:
    line = Line()
    line.replays = [replay]
    while line.replays:
        retell.retell(line.replays.pop(), retell.Parts(outbox, notices, line, SETTLES), NOON)
    return line


WHOLE = Replay("acme", HOOK.webhook_id, "r1", NOON, at(10**6))


def test_a_range_is_told_again_with_the_same_ids_at_places_of_its_own(outbox):
    line = retold(outbox, kept(3), WHOLE._replace(start=at(1), end=at(2)))
    assert line.tasks == [Task("acme", HOOK.webhook_id, place_of("2026-03-01T12:00:01.000Z#n1", "r1"), MESSAGE_ID)]


def test_only_what_the_webhook_wants_is_told_again_and_to_one_that_is_off_nothing(outbox):
    mixed = Kept(*kept(1).notices, replace_type(kept(1).notices[0], "email.opened"))
    assert len(retold(outbox, mixed, WHOLE).tasks) == 2
    assert len(retold(outbox, mixed, WHOLE._replace(webhook_id=ONLY_SENT.webhook_id)).tasks) == 1
    assert retold(outbox, mixed, WHOLE._replace(webhook_id=OFF.webhook_id)).tasks == []
    assert retold(outbox, mixed, WHOLE._replace(webhook_id="d" * 32)).tasks == []


@pytest.mark.parametrize("kind", Type)
def test_what_has_not_settled_yet_waits_for_the_rest_of_its_time_also_when_it_is_told_again(outbox, kind):
    ages = (0, 1, 59.5, 60, 3600)
    one = kept(1).notices[0]
    notices = Kept(*(one._replace(type=kind, notice_id=f"{age}", written_at=at(-age)) for age in ages))
    line = retold(outbox, notices, WHOLE._replace(start=at(-4000)))
    assert line.delays == ([60, 59, 1, 0, 0] if kind in SETTLING else [0] * 5)


def replace_type(one: Notice, kind: str) -> Notice:
    return one._replace(type=kind, notice_id="other")


@pytest.mark.parametrize("milliseconds", [1000, 1, 0], ids=["a second apart", "a millisecond apart", "all at once"])
def test_a_large_range_is_told_in_parts_each_notice_once(outbox, milliseconds):
    notices = kept(3 * retell.AT_ONCE, milliseconds)
    line = retold(outbox, notices, WHOLE)
    assert len(line.tasks) == len({task.place for task in line.tasks}) == 3 * retell.AT_ONCE


def test_one_call_tells_no_more_than_it_has_time_for(outbox):
    line, notices = Line(), kept(10 * retell.AT_ONCE)
    assert retell.retell(WHOLE, retell.Parts(outbox, notices, line, SETTLES), NOON) == 0
    assert notices.read == retell.AT_ONCE + 1
    first, second = line.replays
    assert (first.start, first.end, second.end) == (WHOLE.start, second.start, WHOLE.end)


def test_what_will_be_told_is_counted_up_to_a_limit(outbox):
    assert retell.count(WHOLE, outbox, kept(7), NOON) == (7, False)
    assert retell.count(WHOLE, outbox, kept(7), NOON, most=5) == (5, True)


# ------------------------------------------------------------------------------------------------------- who listens


def with_one_more(known):
    return {**known, "e" * 32: replace(HOOK, webhook_id="e" * 32, events=("email.bounced",))}


def subscribed(outbox: Outbox, change) -> None:
    subscribe.change("acme", change, webhooks=outbox, policies=outbox, now=NOON)


def test_a_type_is_listened_to_before_its_webhook_is_stored_and_until_after_it_is_gone(outbox):
    outbox.hooks = {ONLY_SENT.webhook_id: ONLY_SENT}
    subscribed(outbox, with_one_more)
    assert outbox.listening == [{"email.sent", "email.bounced"}] * 2
    outbox.listening = []
    subscribed(outbox, lambda known: {})
    assert outbox.listening == [{"email.sent", "email.bounced"}, set()]


def test_what_changes_no_type_tells_nobody(outbox):
    subscribed(outbox, lambda known: {**known, HOOK.webhook_id: replace(HOOK, description="new")})
    assert outbox.listening == []


def test_what_nobody_was_told_to_listen_to_is_listened_to_after_the_next_change(outbox):
    outbox.hooks, outbox.listening = {ONLY_SENT.webhook_id: ONLY_SENT}, [frozenset()]
    subscribed(outbox, lambda known: {name: replace(one, description="new") for name, one in known.items()})
    assert outbox.listening[-1] == {"email.sent"}


def test_a_change_that_became_one_of_types_as_another_came_first_is_listened_to():
    """It switches on what was on when it looked, and what another has switched off and told so since."""
    outbox = Outbox()
    outbox.hooks = {ONLY_SENT.webhook_id: ONLY_SENT}
    change = outbox.change

    def after_another(account: str, changed: Any) -> Any:
        outbox.change = change  # type: ignore[method-assign]
        subscribed(outbox, lambda known: {ONLY_SENT.webhook_id: replace(ONLY_SENT, enabled=False)})
        return change(account, changed)

    outbox.change = after_another  # type: ignore[method-assign]
    subscribed(outbox, lambda known: {ONLY_SENT.webhook_id: ONLY_SENT})
    assert outbox.hooks == {ONLY_SENT.webhook_id: ONLY_SENT}
    assert outbox.listening[-1] == {"email.sent"}


@pytest.mark.parametrize("kill_at", [1, 2, 3])
def test_who_breaks_off_leaves_no_webhook_that_nobody_tells(kill_at):
    outbox = Outbox(kill_at=kill_at)
    outbox.hooks = {ONLY_SENT.webhook_id: ONLY_SENT}
    with pytest.raises(Killed):
        subscribed(outbox, with_one_more)
    assert types_wanted(outbox.hooks.values()) <= outbox.listening[-1]


def test_two_who_change_at_once_come_to_what_both_want(outbox):
    """The other one stores and listens between our storing and our listening."""
    outbox.hooks = {}
    listen, heard = outbox.listen, []

    def late(account: str, types: Any, now: Any) -> None:
        heard.append(types)
        if len(heard) == 2:
            outbox.hooks[ONLY_SENT.webhook_id] = ONLY_SENT
            listen(account, types_wanted(outbox.hooks.values()), now)
        listen(account, types, now)

    outbox.listen = late  # type: ignore[method-assign]
    subscribed(outbox, with_one_more)
    assert outbox.listening[-1] == {"email.sent", "email.bounced"}
