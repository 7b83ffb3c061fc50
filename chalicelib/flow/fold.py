"""Folding: the events of a message become its state, whatever order they come in and however often.

Recomputes and compares; never increments. A retry finds no difference, and so changes neither the state nor the report
cells nor what is told: all three are written in one transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import NamedTuple, Protocol

from chalicelib.core import received
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.change import Change, change_of
from chalicelib.core.consent import Entry
from chalicelib.core.event import Event
from chalicelib.core.mail_context import context_of
from chalicelib.core.message import Message
from chalicelib.core.problem import MailsightError
from chalicelib.core.refold import Fold, Row, Step, refold, rejudge
from chalicelib.core.summary import Delivery, delivery_of
from chalicelib.core.telling import Listening
from chalicelib.flow.lawful import lawful, own_marked
from chalicelib.flow.suppress import Suppressions, suppress, suppress_unnamed

MOST_STEPS = 100
"""A fold that another one always overtakes, or with thousands of late events, is brought again by the stream."""

MOST_TOGETHER = 20
"""So many messages share a transaction: their cells are mostly the same ones, and are then written once."""
MOST_ACTIONS = 100
"""So many items does DynamoDB write in a transaction."""


class Overtaken(MailsightError):
    """Other folds of the same message were always faster; the record is brought again."""


class Folds(Protocol):
    """Where messages and their folds are."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...
    def store(self, changes: Sequence[Change]) -> bool: ...


class Events(Protocol):
    """Where events are."""

    def after(
        self, message_id: str, event_key: str | None, *, now: datetime, may_be_old: bool = False
    ) -> list[Row]: ...
    def near(self, message_id: str, event_key: str, *, now: datetime) -> list[Row]: ...
    def at(self, message_id: str, event_keys: Sequence[str], *, now: datetime) -> list[Row]: ...
    def put(self, one: Event, expires_at: datetime) -> bool: ...
    def note_own(self, message_id: str, event_key: str) -> None: ...
    def delete(self, message_id: str, event_key: str) -> None: ...


def _no_pause(tries: int) -> None:
    """Goes on at once."""


def _not_noted(message: Message) -> None:
    """Then no aggregate is ever known to have been got by enough people, and none is shown."""


class Parts(NamedTuple):
    """What folding needs. `policy_of` an account; `said_by` (account, address key) what a person said about tracking;
    `sources_of` (networks, day) what `from` is in hits of that day from there, nothing when the day's salt is gone;
    `pause` waits a moment after so many tries, where others write to the same items; `note_received` is told of a mail
    that arrived and whose hits are only added up."""

    events: Events
    folds: Folds
    policy_of: Callable[[str], AccountPolicy]
    said_by: Callable[[str, str], Iterable[Entry]]
    sources_of: Callable[[frozenset[str], date], frozenset[str]]
    suppressions: Suppressions
    pause: Callable[[int], None] = _no_pause
    note_received: Callable[[Message], None] = _not_noted

    def for_many(self) -> "Parts":
        """For a batch: what holds for a whole account is looked up once."""
        return self._replace(policy_of=cache(self.policy_of), sources_of=cache(self.sources_of))


def fold_all(arrived: Mapping[str, Sequence[str]], parts: Parts, *, now: datetime) -> Mapping[str, Exception]:
    """Folds several messages, of each of which the events of these keys have arrived; what could not be folded and why.

    Changes of different messages to the same report cells are summed and written together. Where one of the messages
    was overtaken meanwhile, each of them is folded anew by itself.
    """
    failed: dict[str, Exception] = {}
    together: list[Change] = []

    def alone(message_id: str) -> None:
        try:
            fold(message_id, arrived[message_id], parts, now=now)
        except Exception as error:  # of this message; the others are folded all the same
            failed[message_id] = error

    for message_id, keys in arrived.items():
        try:
            change = _change(message_id, sorted(set(keys)), parts, now)
            is_done = change is None or (change.is_plain and not change.step.has_more and parts.folds.store([change]))
        except Exception as error:
            failed[message_id] = error
            continue
        if change is None or is_done:
            continue
        if change.is_plain or change.step.has_more:
            alone(message_id)
        else:
            together.append(change)
    for group in _grouped(together):
        if not _is_stored(group, parts):
            for change in group:
                alone(change.message.message_id)
    return failed


def fold(message_id: str, arrived: Iterable[str] | None, parts: Parts, *, now: datetime) -> bool:
    """Brings the state of a message up to date; True if it changed.

    `arrived` are the keys of the events that the stream told of; None reads all events there are, for the sweep.
    An event of a message that does not exist (any more) changes nothing.
    """
    keys = None if arrived is None else sorted(set(arrived))
    has_changed = False
    for tries in range(MOST_STEPS):
        change = _change(message_id, keys, parts, now)
        if change is None:
            return has_changed
        if parts.folds.store([change]):
            has_changed = True
            if not change.step.has_more:
                return True
        else:
            parts.pause(tries)
    raise Overtaken(f"message {message_id} was not folded in {MOST_STEPS} steps")


def is_folded(found: tuple[Message, Fold], parts: Parts, *, now: datetime) -> bool:
    """Whether a message knows all its events, as far as a cheap look tells, that overlooks those of the last second.

    For the sweep: only where this says no, it is worth what a fold costs.
    """
    message, before = found
    if message.erased_at:
        return not parts.events.after(message.message_id, None, now=now, may_be_old=True)
    rows = parts.events.after(message.message_id, None, now=now, may_be_old=True)
    return _difference(message, before, rows, parts.policy_of(message.account), now) is None


def reclassify(message_id: str, parts: Parts, *, now: datetime) -> bool:
    """Judges every hit that is kept of a message anew, also what was closed; True if that changed its state."""
    has_changed = False
    for tries in range(MOST_STEPS):
        found = parts.folds.find(message_id)
        if found is None or found[0].erased_at or found[1] == Fold():
            return has_changed
        message, before = found
        rows = lawful(message, parts.events.after(message_id, None, now=now), parts, now)
        policy = parts.policy_of(message.account)
        context, until = context_of(message, policy), message.tracking.until
        step = rejudge(before, rows, context=context, until=until, now=now, listening=_listening(message, policy))
        change = change_of(message, before, step, policy, now)
        if change.step.fold == before:
            return has_changed
        if parts.folds.store([change]):
            has_changed = True
        else:
            parts.pause(tries)
    raise Overtaken(f"message {message_id} was not judged anew in {MOST_STEPS} steps")


def _change(message_id: str, keys: list[str] | None, parts: Parts, now: datetime) -> Change | None:
    """What is to be stored of a message, None for nothing; what must come before the storing is done."""
    found = parts.folds.find(message_id)
    if found is None:
        return None
    message, before = found
    if message.erased_at:
        _forget(message, parts, now)
        return None
    policy = parts.policy_of(message.account)
    rows = lawful(message, _rows(message, before, keys, parts.events, now), parts, now)
    rows = own_marked(message_id, rows, policy, parts, now)
    change = _difference(message, before, rows, policy, now)
    if change and (delivery := change.step.fold.state.delivery) != before.state.delivery:
        suppress(message, delivery, suppressions=parts.suppressions, policy=policy)
        if message.tracking.is_added_up and delivery.delivered_at:
            parts.note_received(message)
        _note_answered(message, delivery, parts, now)
    return change


def _note_answered(message: Message, delivery: Delivery, parts: Parts, now: datetime) -> None:
    """Notes with the mail that this one answers that it was answered, once this one is known to be sent. Before the
    state says so, so that a crash between repeats it; the mail that is answered may be handed over later."""
    answer = received.answer_of(message, now)
    if answer and received.is_sent(delivery) and not received.is_sent(message.state.delivery):
        parts.events.put(answer.event, answer.expires_at)


def _listening(message: Message, policy: AccountPolicy) -> Listening:
    """Who wants to know of a message's hits: of those of an aggregate nobody, for they are nobody's."""
    return {} if message.is_aggregate else policy.listening


def _difference(
    message: Message, before: Fold, rows: Sequence[Row], policy: AccountPolicy, now: datetime
) -> Change | None:
    """What these events change, None for nothing."""
    step: Step = refold(
        before,
        rows,
        context=context_of(message, policy),
        until=message.tracking.until,
        now=now,
        listening=_listening(message, policy),
    )
    change = change_of(message, before, step, policy, now)
    return None if change.step.fold == before and not step.marks else change


def _forget(message: Message, parts: Parts, now: datetime) -> None:
    """Deletes what came of an erased message: its old links work, and nothing of it is kept, but that a recipient who
    was not erased wants no more mail or cannot get any."""
    events = [row.event for row in parts.events.after(message.message_id, None, now=now)]
    suppress_unnamed(message, delivery_of(events, Delivery()), suppressions=parts.suppressions)
    for event in events:
        parts.events.delete(message.message_id, event.key)


def _grouped(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes in groups that fit into a transaction each."""
    group: list[Change] = []
    for change in changes:
        if group and (len(group) == MOST_TOGETHER or _actions([*group, change]) > MOST_ACTIONS):
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _actions(group: Sequence[Change]) -> int:
    return sum(change.actions for change in group) + len({place for change in group for place in change.cells})


def _is_stored(group: Sequence[Change], parts: Parts) -> bool:
    """Whether a group could be stored; if not for whatever reason, each of it says so by itself afterwards."""
    try:
        return parts.folds.store(group)
    except Exception:
        return False


def _rows(message: Message, before: Fold, keys: list[str] | None, events: Events, now: datetime) -> list[Row]:
    """The open tail, what has arrived before the line, and what is near enough to any of these to bear on a verdict.

    What was told before the line and could not be closed at once has arrived, too: who told it may have died since.
    Of an aggregate nothing near bears on a verdict; its hits of a day have one time, so most come before the line.
    """
    message_id, line = message.message_id, before.closed_until
    if keys is None or not line:
        return events.after(message_id, None, now=now)
    late = [key for key in sorted(before.told.union(keys)) if key <= line]
    if message.is_aggregate:
        return [*events.after(message_id, line, now=now), *events.at(message_id, late, now=now)]
    rows = [*events.after(message_id, line, now=now), *events.near(message_id, line, now=now)]
    for key in late:
        rows += events.near(message_id, key, now=now)
    return list({row.event.key: row for row in rows}.values())
