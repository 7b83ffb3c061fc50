"""Deliver a notice to a webhook: one attempt, and when the next one is due.

The attempt is claimed before it is made and noted after it, each on condition that the delivery is still as it was
read, so tasks that come twice and workers that meet do not double it. A worker that dies in between leaves a claim that
runs out; then `remind` has the next attempt made, for nobody knows whether the broken one got through.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core import delivery as deliveries
from chalicelib.core import webhook as hooks
from chalicelib.core.delivery import Answer, Delivery, Status, Task
from chalicelib.core.message import Clickable, Message
from chalicelib.core.notice import Notice
from chalicelib.core.refold import Fold
from chalicelib.core.token import Keys
from chalicelib.core.webhook import TEST, Webhook
from chalicelib.core.webhook_event import TAKEN_BACK_TYPES, WITH_PARTS, body, is_outdated, trial
from chalicelib.flow import subscribe
from chalicelib.gateways.queue import LONGEST_DELAY, delay_until
from chalicelib.gateways.webhook import headers_of
from chalicelib.storage.webhooks import Known


class Deliveries(Protocol):
    """Deliveries and their log."""

    def get(self, account: str, webhook_id: str, place: str) -> Delivery | None: ...
    def claim(self, delivery: Delivery, mark: str, now: datetime) -> bool: ...
    def settle(self, delivery: Delivery, *, is_queued: bool) -> bool: ...
    def end(self, delivery: Delivery, status: Status) -> bool: ...
    def note_tried(self, account: str, webhook_id: str, message_id: str, hit: str, now: datetime) -> None: ...
    def was_tried(self, account: str, webhook_id: str, message_id: str, hit: str) -> bool: ...


class Notices(Protocol):
    """The notices of the outbox."""

    def get(self, account: str, message_id: str, key: str, *, now: datetime) -> Notice | None: ...


class Messages(Protocol):
    """Messages with their folds."""

    def find(self, message_id: str) -> tuple[Message, Fold] | None: ...


class Queue(Protocol):
    """Where deliveries wait."""

    def put(self, tasks: Sequence[tuple[Task, int]]) -> None: ...


class Parts(NamedTuple):
    """What delivering needs. `post` takes URL, headers and body; `chance` is a number from 0 to 1, and `new_mark` never
    comes twice."""

    webhooks: subscribe.Webhooks
    policies: subscribe.Policies
    deliveries: Deliveries
    notices: Notices
    messages: Messages
    clickable: Callable[[str, str], Clickable]
    post: Callable[[str, Mapping[str, str], bytes], Answer]
    queue: Queue
    keys: Keys
    new_mark: Callable[[], str]
    chance: Callable[[], float]


class Outcome(NamedTuple):
    """What became of the delivery, None if this task had nothing to do; whether its webhook was switched off; and how
    long its receiver took."""

    status: Status | None = None
    is_disabled: bool = False
    milliseconds: int = 0


NOTHING_TO_DO = Outcome()


def deliver(task: Task, parts: Parts, now: datetime) -> Outcome:
    """Makes the attempt that the task is about, unless somebody has made it already."""
    delivery = _found(task, parts, now)
    if delivery and delivery.status in (Status.DELIVERED, Status.FAILED):
        # who noted that may have died before they noted how the webhook does
        known = parts.webhooks.of(task.account).get(task.webhook_id)
        return Outcome(is_disabled=_is_disabled_by(delivery, known, parts, now))
    if delivery is None or (delivery.status, delivery.tries) != (Status.WAITING, task.tries):
        return NOTHING_TO_DO
    if deliveries.is_resting(delivery, now):  # `remind` queued it while the last attempt was under way
        return NOTHING_TO_DO  # it stands among what is due
    webhook = parts.webhooks.of(task.account).get(task.webhook_id)
    if webhook is None or not webhook.enabled:
        return _ended(delivery, Status.CANCELLED, parts)
    if deliveries.is_over(delivery):
        return _given_up(deliveries.given_up(delivery), webhook, parts, now)
    told = _body(delivery, parts)
    if told is None:
        return _ended(delivery, Status.WITHDRAWN, parts)
    held = deliveries.held(delivery, parts.new_mark())
    if not parts.deliveries.claim(delivery, held.claim, now):
        return NOTHING_TO_DO
    answer = _posted(held, webhook, told, parts, now)
    return _noted(deliveries.settled(held, answer, now, parts.chance()), webhook, answer, parts, now)


def _found(task: Task, parts: Parts, now: datetime) -> Delivery | None:
    known = parts.deliveries.get(task.account, task.webhook_id, task.place)
    if known or task.tries:
        return known
    key = deliveries.notice_key_of(task.place)
    notice = parts.notices.get(task.account, task.message_id, key, now=now)
    return deliveries.begun(notice, task.webhook_id, task.place, now) if notice else None


def _ended(delivery: Delivery, status: Status, parts: Parts) -> Outcome:
    ended = replace(delivery, status=status, next_at=None)
    return Outcome(status) if parts.deliveries.end(ended, status) else NOTHING_TO_DO


def _given_up(delivery: Delivery, webhook: Webhook, parts: Parts, now: datetime) -> Outcome:
    if not parts.deliveries.end(delivery, Status.FAILED):
        return NOTHING_TO_DO
    return Outcome(Status.FAILED, _is_disabled_by(delivery, webhook, parts, now))


def _body(delivery: Delivery, parts: Parts) -> bytes | None:
    """What is sent; None if it is not so any more, or was never said to be so, or its mail is gone."""
    notice = delivery.notice
    if notice.type == TEST:
        return trial(notice, delivery.webhook_id)
    found = parts.messages.find(notice.message_id)
    if found is None or found[0].account != delivery.account or found[0].erased_at or is_outdated(notice, found[1]):
        return None
    if notice.type in TAKEN_BACK_TYPES and not _was_tried(delivery, parts):
        return None
    is_partial = notice.type in WITH_PARTS and "position" in notice.about
    clickable = parts.clickable(delivery.account, notice.message_id) if is_partial else Clickable()
    return body(notice, found[0], clickable)


def _was_tried(delivery: Delivery, parts: Parts) -> bool:
    notice = delivery.notice
    return parts.deliveries.was_tried(
        delivery.account, delivery.webhook_id, notice.message_id, str(notice.about["hit"])
    )


def _posted(delivery: Delivery, webhook: Webhook, told: bytes, parts: Parts, now: datetime) -> Answer:
    notice = delivery.notice
    hit = notice.about.get("hit")
    if hit is not None and notice.type not in TAKEN_BACK_TYPES:
        parts.deliveries.note_tried(delivery.account, webhook.webhook_id, notice.message_id, str(hit), now)
    headers = headers_of(notice.notice_id, told, hooks.signing(webhook, parts.keys, now), now)
    return parts.post(webhook.url, headers, told)


def _noted(delivery: Delivery, webhook: Webhook, answer: Answer, parts: Parts, now: datetime) -> Outcome:
    """Stores what came of the attempt, queues the next one if it is near, and notes how the webhook does."""
    is_near = delivery.next_at is not None and delivery.next_at - now <= LONGEST_DELAY
    if not parts.deliveries.settle(delivery, is_queued=is_near):
        return NOTHING_TO_DO
    if delivery.next_at and is_near:
        task = Task(delivery.account, delivery.webhook_id, delivery.place, tries=delivery.tries)
        parts.queue.put([(task, delay_until(delivery.next_at, now))])
    is_disabled = _is_disabled_by(delivery, webhook, parts, now)
    return Outcome(delivery.status, is_disabled, answer.milliseconds)


def _is_disabled_by(delivery: Delivery, webhook: Webhook | None, parts: Parts, now: datetime) -> bool:
    """Keeps since when the delivery's webhook fails, and switches off one that is gone or has failed for long;
    `webhook` is as it was read, or is not there any more. What its old address said is not held against one that was
    moved meanwhile. Whether it was switched off."""
    if webhook is None or hooks.after(webhook, delivery) == webhook:
        return False
    name = delivery.webhook_id

    def change(known: Known) -> Known:
        is_there = name in known and known[name].url == webhook.url
        return {**known, name: hooks.after(known[name], delivery)} if is_there else known

    changed = subscribe.change(delivery.account, change, webhooks=parts.webhooks, policies=parts.policies, now=now)
    before, now_is = changed.before.get(name), changed.after.get(name)
    return bool(before and now_is and before.enabled and not now_is.enabled)
