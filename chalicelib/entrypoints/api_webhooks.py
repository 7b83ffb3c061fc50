"""The API of webhooks: who is told of what, with which secret, and how telling them went."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import boto3
from chalice.app import Blueprint

from chalicelib import settings
from chalicelib.core import delivery as deliveries
from chalicelib.core import notice as notices
from chalicelib.core import webhook as hooks
from chalicelib.core import webhook_body
from chalicelib.core.bad_input import BadInput, one_of
from chalicelib.core.delivery import Replay, Status, Task
from chalicelib.core.event import is_message_id
from chalicelib.core.notice import Notice
from chalicelib.core.token import Keys
from chalicelib.core.webhook import MOST, TEST, Webhook
from chalicelib.core.webhook_target import Targets, targets_of
from chalicelib.entrypoints import calls
from chalicelib.entrypoints.calls import Call
from chalicelib.entrypoints.once import gone, once
from chalicelib.entrypoints.problems import Problem, bad_input, not_found
from chalicelib.flow import retell, subscribe
from chalicelib.gateways.delivery_queue import DeliveriesDown, DeliveryQueue
from chalicelib.storage.account import Account
from chalicelib.storage.deliveries import Deliveries
from chalicelib.storage.notices import Notices
from chalicelib.storage.policies import Policies
from chalicelib.storage.webhooks import Known, Webhooks

bp = Blueprint(__name__)


class Parts(NamedTuple):
    """What this API needs, made at the first call."""

    accounts: Account
    webhooks: Webhooks
    policies: Policies
    deliveries: Deliveries
    notices: Notices
    queue: DeliveryQueue
    keys: Keys
    targets: Targets


@cache
def _parts() -> Parts:
    own = settings.read().require("account_table", "outbox_table", "deliveries_queue_url")
    account, outbox = (own.account_table, own.region), (own.outbox_table, own.region)
    return Parts(
        Account(*account),
        Webhooks(*account),
        Policies(*account),
        Deliveries(*outbox),
        Notices(*outbox),
        DeliveryQueue(boto3.client("sqs"), own.deliveries_queue_url),
        own.keys,
        targets_of(own.webhook_targets),
    )


def _request() -> Any:
    return bp.current_request


def _accounts() -> Account:
    return _parts().accounts


@bp.route("/v1/webhooks", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_webhook(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """Adds a webhook; its secret is in this answer, also when it is asked for again with its Idempotency-Key, and in no
    other."""
    calls.no_query(call.request)
    body, parts = calls.json_object(call.request), _parts()
    try:
        new = webhook_body.added(body, secrets.token_hex(16), parts.keys, parts.targets, call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None

    def check() -> None:
        _check_number(parts.webhooks.of(call.account))

    with once(call, parts.accounts, "webhooks", body, new.webhook_id, check) as one:

        def added(known: Known) -> Known:
            if one.made_id in known:  # or the answer of the write that stored it was lost
                return known
            if one.is_made:
                raise gone()
            _check_number(known)  # again: somebody may have added one meanwhile
            return {**known, one.made_id: replace(new, webhook_id=one.made_id)}

        after = _change(call, added)
    return HTTPStatus.CREATED, _with_secret(after[one.made_id])


@bp.route("/v1/webhooks", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_webhooks(call: Call) -> tuple[HTTPStatus, dict[str, Any]]:
    """All webhooks of the account, the newest first."""
    calls.no_query(call.request)
    shown = [hooks.show(one) for one in reversed(list(_parts().webhooks.of(call.account).values()))]
    return HTTPStatus.OK, {"object": "list", "data": shown, "has_more": False, "after": None, "before": None}


@bp.route("/v1/webhooks/{webhook_id}", methods=["GET"])
@calls.view(_request, _accounts, "read")
def get_webhook(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One webhook; if it was switched off, why."""
    calls.no_query(call.request)
    return HTTPStatus.OK, hooks.show(_find(call, webhook_id))


@bp.route("/v1/webhooks/{webhook_id}", methods=["PUT"])
@calls.view(_request, _accounts, "admin")
def put_webhook(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Changes what it names. A webhook that was switched off is switched on by `enabled`."""
    calls.no_query(call.request)
    body, targets = calls.json_object(call.request), _parts().targets
    return HTTPStatus.OK, hooks.show(
        _change_one(call, webhook_id, lambda known: webhook_body.changed(known, body, targets, call.now))
    )


@bp.route("/v1/webhooks/{webhook_id}", methods=["DELETE"])
@calls.view(_request, _accounts, "admin")
def delete_webhook(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Removes a webhook; what waits for it is not sent any more."""
    calls.no_query(call.request)
    calls.no_body(call.request)
    _find(call, webhook_id)
    _change(call, lambda known: {name: one for name, one in known.items() if name != webhook_id})
    return HTTPStatus.OK, {"object": "webhook", "id": webhook_id, "deleted": True}


@bp.route("/v1/webhooks/{webhook_id}/rotate", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def rotate_webhook(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Makes a new secret, which is in this answer; the one before signs, too, for a day. What is made is named by its
    number, so that it is made once, also where an answer was lost."""
    calls.no_query(call.request)
    calls.no_fields(call.request)
    parts, new = _parts(), str(_find(call, webhook_id).secret.generation + 1)
    with once(call, parts.accounts, f"webhooks/{webhook_id}/rotate", {}, new) as one:

        def renewed(known: Webhook) -> Webhook:
            is_new = known.secret.generation + 1 == int(one.made_id)
            return hooks.rotated(known, parts.keys, call.now) if is_new else known

        after = _change_one(call, webhook_id, renewed)
    return HTTPStatus.OK, _with_secret(after)


@bp.route("/v1/webhooks/{webhook_id}/test", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_test(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Sends the event `webhook.test` the way that all others go."""
    calls.no_query(call.request)
    calls.no_fields(call.request)
    parts = _parts()
    new = Notice(f"test-{secrets.token_hex(8)}", call.account, "", TEST, call.now, call.now)
    place = deliveries.place_of(new.key)
    with once(
        call, parts.accounts, f"webhooks/{webhook_id}/test", {}, place, lambda: _enabled(call, webhook_id)
    ) as one:
        if not one.is_made:
            notice = notices.at(one.made_id, new)
            parts.deliveries.add(deliveries.begun(notice, webhook_id, one.made_id, call.now))
            _queued(lambda: parts.queue.put([(Task(call.account, webhook_id, one.made_id), 0)]))
        delivery = parts.deliveries.get(call.account, webhook_id, one.made_id)
        if delivery is None:
            raise gone()
    return HTTPStatus.ACCEPTED, deliveries.show(delivery)


@bp.route("/v1/webhooks/{webhook_id}/deliveries", methods=["GET"])
@calls.view(_request, _accounts, "read")
def list_deliveries(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """What was sent to a webhook, the latest notice first, with every attempt; or only what is of a status."""
    parts, name = _parts(), f"deliveries/{webhook_id}"
    asked = calls.window(call, parts.keys, name, frozenset({"status"}))
    _find(call, webhook_id)
    status = dict(call.request.query_params or {}).get("status")
    if status is not None and status not in set(Status):
        raise bad_input([{"pointer": "/status", "message": one_of(Status)}])
    page = parts.deliveries.page(call.account, webhook_id, asked.limit, asked.after, asked.before, status, now=call.now)
    return HTTPStatus.OK, calls.listing(call, parts.keys, name, [deliveries.show(one) for one in page.deliveries], page)


@bp.route("/v1/webhooks/{webhook_id}/replay", methods=["POST"])
@calls.view(_request, _accounts, "admin")
def post_replay(call: Call, webhook_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """Tells a webhook again of a range of time, each notice under the id that it had."""
    calls.no_query(call.request)
    body, parts = calls.json_object(call.request), _parts()
    try:
        span = webhook_body.range_of(body, call.now)
    except BadInput as error:
        raise bad_input(error.errors) from None

    def check() -> None:
        _enabled(call, webhook_id)
        try:
            webhook_body.check_is_kept(span, call.now)
        except BadInput as error:
            raise bad_input(error.errors) from None

    route = f"webhooks/{webhook_id}/replay"
    with once(call, parts.accounts, route, body, secrets.token_hex(4), check) as one:
        replay = Replay(call.account, webhook_id, one.made_id, span.start, span.end)
        counted = retell.count(replay, parts.webhooks, parts.notices, call.now)
        if not one.is_made and (counted.number or counted.has_more):
            _queued(lambda: parts.queue.put_replays([replay]))
    return HTTPStatus.ACCEPTED, {
        "object": "replay",
        "id": replay.run,
        "count": counted.number,
        "has_more": counted.has_more,
    }


def _find(call: Call, webhook_id: str) -> Webhook:
    found = _parts().webhooks.of(call.account).get(webhook_id) if is_message_id(webhook_id) else None
    if found is None:
        raise not_found("webhook")
    return found


def _check_number(known: Known) -> None:
    """Refuses one more where there are as many as an account may have."""
    if len(known) >= MOST:
        text = f"an account has at most {MOST} webhooks; delete one first"
        raise Problem(HTTPStatus.CONFLICT, "too_many", text)


def _enabled(call: Call, webhook_id: str) -> None:
    """Raises Problem if there is no such webhook, or if it is switched off."""
    if not _find(call, webhook_id).enabled:
        text = "this webhook is switched off, so nothing is sent; switch it on with PUT and enabled: true first"
        raise Problem(HTTPStatus.CONFLICT, "webhook_disabled", text)


def _change_one(call: Call, webhook_id: str, change: Callable[[Webhook], Webhook]) -> Webhook:
    """The webhook after a change."""

    def changed(known: Known) -> Known:
        if webhook_id not in known:
            raise not_found("webhook")
        return {**known, webhook_id: change(known[webhook_id])}

    try:
        return _change(call, changed)[webhook_id]
    except BadInput as error:
        raise bad_input(error.errors) from None


def _change(call: Call, change: Callable[[Known], Known]) -> Known:
    parts = _parts()
    return subscribe.change(call.account, change, webhooks=parts.webhooks, policies=parts.policies, now=call.now).after


def _with_secret(webhook: Webhook) -> dict[str, Any]:
    return {**hooks.show(webhook), "secret": hooks.secret_of(webhook, webhook.secret, _parts().keys)}


def _queued(put: Callable[[], None]) -> None:
    try:
        put()
    except DeliveriesDown:
        text = "nothing could be queued just now; send it again in a moment"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "queue_unavailable", text, headers={"Retry-After": "5"}) from None
