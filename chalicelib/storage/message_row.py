"""The item of a mail in the table `messages`, and how a message and its fold are read from it."""

import json
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.core import cell, instant
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.status import status_of
from chalicelib.core.summary import State
from chalicelib.core.token import Mode
from chalicelib.storage import keys, state_text


class ByAccount(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]  # of pynamodb
    class Meta:
        index_name = "by_account"
        projection = IncludeProjection(["status", "source", "reason", "user", "module", "template", "notable"])

    account_shard = UnicodeAttribute(hash_key=True)
    accepted_key = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    user = UnicodeAttribute(null=True)
    module = UnicodeAttribute(null=True)
    template = UnicodeAttribute(null=True)
    notable = UnicodeSetAttribute(null=True)


class ByLatestOpen(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]  # of pynamodb
    class Meta:
        index_name = "by_latest_open"
        projection = KeysOnlyProjection()

    account_shard = UnicodeAttribute(hash_key=True)
    opened_key = UnicodeAttribute(range_key=True)


class BySesMessageId(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]  # of pynamodb
    class Meta:
        index_name = "by_ses_message_id"
        projection = KeysOnlyProjection()

    ses_message_id = UnicodeAttribute(hash_key=True)


class _Json(JSONAttribute):
    """As short as JSON can be: a write unit is 1,024 bytes, and most items are to stay below."""

    def serialize(self, value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class MessageRow(Model):
    """`facts` is what was handed over, of which only the tracking is ever narrowed; `accepted_key` has the time from
    which on it is due, and if that is not when it was accepted, `facts` has that; `user`,
    `module` and `template` are of what was handed over, too; `state`, `closed`, `closed_until`,
    `counted` and `told` are the fold. `status` (absent or `-` before it is sent), `source`, `reason` (of a mail that is
    not tracked), `notable` (core/column.py) and `opened_key` repeat what these say, for the indexes. Of a mail that was
    erased `has_remains` says that its events, content and files may still be there. `reached` is of aggregates only
    (storage/aggregates.py)."""

    message_id = UnicodeAttribute(hash_key=True)
    account = UnicodeAttribute()
    account_shard = UnicodeAttribute()
    accepted_key = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    user = UnicodeAttribute(null=True)
    module = UnicodeAttribute(null=True)
    template = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    notable = UnicodeSetAttribute(null=True)
    opened_key = UnicodeAttribute(null=True)
    facts = _Json()
    sending = UnicodeAttribute()
    failure = JSONAttribute(null=True)
    attempts = NumberAttribute(default=0)
    claim = UnicodeAttribute(null=True)
    lease_ends_at = UnicodeAttribute(null=True)
    next_try_at = UnicodeAttribute(null=True)
    until = UnicodeAttribute(null=True)
    sent_at = UnicodeAttribute(null=True)
    ses_message_id = UnicodeAttribute(null=True)
    version = NumberAttribute(default=0)
    state = UnicodeAttribute(null=True)
    closed = UnicodeAttribute(null=True)
    closed_until = UnicodeAttribute(null=True)
    erased_at = UnicodeAttribute(null=True)
    has_remains = BooleanAttribute(null=True)
    counted = UnicodeAttribute(null=True)
    told = JSONAttribute(null=True)
    reached = UnicodeSetAttribute(null=True)
    by_account = ByAccount()
    by_latest_open = ByLatestOpen()
    by_ses_message_id = BySesMessageId()


def row_of(rows: type[MessageRow], message: Message) -> MessageRow:
    """The item of a new message; `rows` is the model, bound to its table."""
    status, until = status_of(message), message.tracking.until
    return rows(
        message.message_id,
        account=message.account,
        account_shard=_partition_of(message),
        accepted_key=message.key,
        facts=facts_of(message),
        sending=message.sending.value,
        source=message.source,
        reason=message.tracking.reason,
        user=message.user or None,
        module=message.record[0] if message.record else None,
        template=message.template or None,
        status=status.value if status else None,
        until=instant.show(until) if until else None,
        sent_at=instant.show(message.sent_at) if message.sent_at else None,
        ses_message_id=message.ses_message_id,
    )


def facts_of(message: Message) -> dict[str, Any]:
    """What was handed over, without what it says; empty parts are left out."""
    envelope, tracking = message.envelope, message.tracking
    facts = {
        "accepted_at": instant.show(message.accepted_at) if message.scheduled_at else None,
        "from": envelope.sender,
        "to": envelope.to,
        "cc": envelope.cc,
        "bcc": envelope.bcc,
        "reply_to": envelope.reply_to,
        "subject": envelope.subject,
        "record_id": message.record[1] if message.record else None,
        "tags": message.tags,
        "track": [tracking.opens, tracking.clicks, tracking.reason, tracking.mode.value],
        "links": message.links,
        "unsubscribe": message.has_unsubscribe,
        "aggregate": message.is_aggregate,
        "recipient_hash": message.recipient_hash,
        "inbound": message.is_inbound,
        "in_reply_to": message.in_reply_to,
    }
    return {key: value for key, value in facts.items() if value or _is_zero(value)}


def _partition_of(message: Message) -> str:
    if message.is_aggregate:
        return keys.aggregates(message.account)
    return keys.account_shard(message.account, message.message_id)


def _is_zero(value: object) -> bool:
    return value == 0 and value is not False


def message_of(row: MessageRow, state: State) -> Message:
    """The message of an item, with this state, which its fold has."""
    facts = row.facts
    opens, clicks, reason, *mode = facts["track"]
    due_at = instant.parse(row.accepted_key.partition("#")[0])
    return Message(
        message_id=row.message_id,
        account=row.account,
        accepted_at=instant.parse(facts["accepted_at"]) if "accepted_at" in facts else due_at,
        envelope=Envelope(
            sender=facts.get("from", ""),
            to=tuple(facts.get("to", ())),
            cc=tuple(facts.get("cc", ())),
            bcc=tuple(facts.get("bcc", ())),
            reply_to=tuple(facts.get("reply_to", ())),
            subject=facts.get("subject", ""),
        ),
        tracking=Tracking(opens, clicks, reason, time_of(row.until), Mode(mode[0]) if mode else Mode.FULL),
        source=row.source or facts["source"],  # in the facts of older items
        record=(row.module, facts.get("record_id", "")) if row.module else None,  # an erased one has no id
        user=row.user,
        template=row.template,
        tags=tuple((name, value) for name, value in facts.get("tags", ())),
        links=facts.get("links"),
        has_unsubscribe=facts.get("unsubscribe", False),
        scheduled_at=due_at if "accepted_at" in facts else None,
        sending=Sending(row.sending),
        failure=Failure(**row.failure) if row.failure else None,
        sent_at=time_of(row.sent_at),
        ses_message_id=row.ses_message_id,
        attempts=int(row.attempts),
        claim=row.claim,
        lease_ends_at=time_of(row.lease_ends_at),
        next_try_at=time_of(row.next_try_at),
        version=int(row.version),
        state=state,
        erased_at=time_of(row.erased_at),
        recipient_hash=facts.get("recipient_hash"),
        is_aggregate=facts.get("aggregate", False),
        is_inbound=facts.get("inbound", False),
        in_reply_to=facts.get("in_reply_to"),
    )


def fold_of(row: MessageRow) -> Fold:
    """The fold of an item; of one that was never folded the empty one."""
    fold = Fold(counted=cell.load(row.counted), told=frozenset(row.told or ()))
    if row.state:
        fold = fold._replace(state=state_text.load(row.state, row.ses_message_id))
    if row.closed and row.closed_until:
        fold = fold._replace(closed=state_text.load_engagement(row.closed), closed_until=row.closed_until)
    return fold


def time_of(text: str | None) -> datetime | None:
    """A stored time, if there is one."""
    return instant.parse(text) if text else None
