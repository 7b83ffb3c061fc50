"""The table `messages`: one item a mail, its facts, how far its sending is, and its folded state.

Hash key `message_id`. Access: by id; `by_account` (account#shard, time of acceptance; keys only) for lists and the
sweep; `by_ses_message_id` (keys only, sparse) for notifications that do not carry our tag.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core import instant
from chalicelib.core.message import Envelope, Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.summary import State
from chalicelib.core.token import Mode
from chalicelib.storage import keys, state_text
from chalicelib.storage.tables import bind, is_done


class ByAccount(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]  # of pynamodb
    class Meta:
        index_name = "by_account"
        projection = KeysOnlyProjection()

    account_shard = UnicodeAttribute(hash_key=True)
    accepted_key = UnicodeAttribute(range_key=True)


class BySesMessageId(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]  # of pynamodb
    class Meta:
        index_name = "by_ses_message_id"
        projection = KeysOnlyProjection()

    ses_message_id = UnicodeAttribute(hash_key=True)


class MessageRow(Model):
    """`facts` is what was handed over and never changes; `state`, `closed` and `closed_until` are the fold."""

    message_id = UnicodeAttribute(hash_key=True)
    account = UnicodeAttribute()
    account_shard = UnicodeAttribute()
    accepted_key = UnicodeAttribute()
    facts = JSONAttribute()
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
    by_account = ByAccount()
    by_ses_message_id = BySesMessageId()


class Page(NamedTuple):
    """A page of an account's messages, newest first."""

    messages: list[Message]
    has_more: bool


class Messages:
    """Reads and writes messages. Every write carries a condition, so that a repeated one changes nothing."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(MessageRow, table_name, region)

    def get(self, account: str, message_id: str) -> Message | None:
        """The message, if it belongs to this account."""
        found = self.find(message_id)
        return found[0] if found and found[0].account == account else None

    def find(self, message_id: str, *, may_be_old: bool = False) -> tuple[Message, Fold] | None:
        """The message and its fold, whoever it belongs to, as it is now; or, for half the price, as it just was."""
        try:
            row = self._rows.get(message_id, consistent_read=not may_be_old)
        except self._rows.DoesNotExist:
            return None
        fold = _fold(row)
        return _message(row, fold.state), fold

    def id_by_ses(self, ses_message_id: str) -> str | None:
        """Our id of the mail that SES knows by its own."""
        return next((row.message_id for row in self._rows.by_ses_message_id.query(ses_message_id, limit=1)), None)

    def page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """Messages older than the place `after`, or the nearest ones newer than `before`."""
        places: list[str] = []
        for shard in keys.account_shards(account):
            places.extend(self._places(shard, limit + 1, after, before))
        places.sort(reverse=before is None)
        chosen = sorted(places[:limit], reverse=True)
        return Page(self._load(chosen), len(places) > limit)

    def _places(self, shard: str, limit: int, after: str | None, before: str | None) -> list[str]:
        key = self._rows.accepted_key
        condition = (key > before) if before else (key < after) if after else None
        found = self._rows.by_account.query(shard, condition, scan_index_forward=before is not None, limit=limit)
        return [row.accepted_key for row in found]

    def _load(self, places: list[str]) -> list[Message]:
        ids = [place.partition("#")[2] for place in places]
        rows = {row.message_id: row for row in self._rows.batch_get(ids)}
        found = (rows[message_id] for message_id in ids if message_id in rows)
        return [_message(row, _fold(row).state) for row in found]

    def accepted_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]:
        """The ids of the account's messages accepted from `start` on and before `end`; for the sweep."""
        for shard in keys.account_shards(account):
            condition = self._rows.accepted_key.between(instant.show(start), instant.show(end))
            for row in self._rows.by_account.query(shard, condition):
                yield row.message_id

    def put_in(self, transaction: TransactWrite, message: Message) -> None:
        """Adds a new message to a transaction that stores more with it."""
        transaction.save(_row(self._rows, message), condition=self._rows.message_id.does_not_exist())

    def add(self, message: Message) -> None:
        """Stores a new message; one with this id that is there already is left as it is."""
        row = _row(self._rows, message)
        is_done(lambda: row.save(condition=self._rows.message_id.does_not_exist()))

    def claim(self, message: Message, claim: str, *, lease_ends_at: datetime, until: datetime | None) -> bool:
        """Takes a queued message for sending; False if it is not any more as `message` says, or needs no sending.

        `claim` is unique. Where the first try of the call got through and only its answer was lost, the second finds
        the message claimed; then the mark tells whose claim it is. `until` is the end of the capture window.
        """
        rows = self._rows
        actions: list[Action] = [
            rows.sending.set(Sending.SENDING.value),
            rows.claim.set(claim),
            rows.lease_ends_at.set(instant.show(lease_ends_at)),
            rows.next_try_at.remove(),
            rows.attempts.add(1),
        ]
        if until:
            actions.append(rows.until.set(instant.show(until)))
        condition = (rows.sending == Sending.QUEUED.value) & (rows.attempts == message.attempts)
        if self._update(message.message_id, actions, condition):
            return True
        found = self.find(message.message_id)
        return found is not None and (found[0].sending, found[0].claim) == (Sending.SENDING, claim)

    def settle(
        self,
        message: Message,
        sending: Sending,
        *,
        failure: Failure | None = None,
        ses_message_id: str | None = None,
        sent_at: datetime | None = None,
        next_try_at: datetime | None = None,
    ) -> bool:
        """Notes what came of an attempt; False if the message is not any more as `message` says.

        Only whose claim it is may settle it, so that a call that is repeated late undoes nobody else's claim. That it
        was sent may be noted also when it had been given up as unknown.
        """
        rows = self._rows
        actions: list[Action] = [rows.sending.set(sending.value), rows.lease_ends_at.remove()]
        actions.append(rows.failure.set(asdict(failure)) if failure else rows.failure.remove())
        if ses_message_id:
            actions.append(rows.ses_message_id.set(ses_message_id))
        if sent_at:
            actions.append(rows.sent_at.set(instant.show(sent_at)))
        if next_try_at:
            actions.append(rows.next_try_at.set(instant.show(next_try_at)))
        condition = rows.sending == message.sending.value
        if sending is Sending.SENT:
            condition = condition | (rows.sending == Sending.UNKNOWN.value)
        if message.claim:
            condition = condition & (rows.claim == message.claim)
        return self._update(message.message_id, actions, condition)

    def store_fold(self, message: Message, fold: Fold) -> bool:
        """Stores a fold; False if another one came first."""
        actions, condition = self._fold_update(message, fold)
        return self._update(message.message_id, actions, condition)

    def store_fold_in(self, transaction: TransactWrite, message: Message, fold: Fold) -> None:
        """Adds the storing of a fold to a transaction."""
        actions, condition = self._fold_update(message, fold)
        transaction.update(self._rows(message.message_id), actions=actions, condition=condition)

    def transaction(self) -> TransactWrite:
        """A transaction, over this and other tables; written when its `with` block ends."""
        return TransactWrite(connection=self._rows._get_connection().connection)

    def _fold_update(self, message: Message, fold: Fold) -> tuple[list[Action], Condition]:
        rows = self._rows
        actions: list[Action] = [rows.state.set(state_text.dump(fold.state)), rows.version.set(message.version + 1)]
        if fold.closed_until:
            actions.append(rows.closed.set(state_text.dump_engagement(fold.closed)))
            actions.append(rows.closed_until.set(fold.closed_until))
        return actions, rows.version == message.version

    def _update(self, message_id: str, actions: list[Any], condition: Any) -> bool:
        return is_done(lambda: self._rows(message_id).update(actions=actions, condition=condition))


def _row(rows: type[MessageRow], message: Message) -> MessageRow:
    envelope, tracking = message.envelope, message.tracking
    facts = {
        "from": envelope.sender,
        "to": envelope.to,
        "cc": envelope.cc,
        "bcc": envelope.bcc,
        "reply_to": envelope.reply_to,
        "subject": envelope.subject,
        "source": message.source,
        "record": message.record,
        "user": message.user,
        "tags": message.tags,
        "track": [tracking.opens, tracking.clicks, tracking.reason, tracking.mode.value],
        "links": message.links,
        "unsubscribe": message.has_unsubscribe,
    }
    return rows(
        message.message_id,
        account=message.account,
        account_shard=keys.account_shard(message.account, message.message_id),
        accepted_key=message.key,
        facts={key: value for key, value in facts.items() if value or _is_zero(value)},
        sending=message.sending.value,
    )


def _is_zero(value: object) -> bool:
    return value == 0 and value is not False


def _message(row: MessageRow, state: State) -> Message:
    facts = row.facts
    opens, clicks, reason, *mode = facts["track"]
    record = facts.get("record")
    return Message(
        message_id=row.message_id,
        account=row.account,
        accepted_at=instant.parse(row.accepted_key.partition("#")[0]),
        envelope=Envelope(
            sender=facts["from"],
            to=tuple(facts.get("to", ())),
            cc=tuple(facts.get("cc", ())),
            bcc=tuple(facts.get("bcc", ())),
            reply_to=tuple(facts.get("reply_to", ())),
            subject=facts.get("subject", ""),
        ),
        tracking=Tracking(opens, clicks, reason, _time(row.until), Mode(mode[0]) if mode else Mode.FULL),
        source=facts["source"],
        record=(record[0], record[1]) if record else None,
        user=facts.get("user"),
        tags=tuple((name, value) for name, value in facts.get("tags", ())),
        links=facts.get("links"),
        has_unsubscribe=facts.get("unsubscribe", False),
        sending=Sending(row.sending),
        failure=Failure(**row.failure) if row.failure else None,
        sent_at=_time(row.sent_at),
        ses_message_id=row.ses_message_id,
        attempts=int(row.attempts),
        claim=row.claim,
        lease_ends_at=_time(row.lease_ends_at),
        next_try_at=_time(row.next_try_at),
        version=int(row.version),
        state=state,
    )


def _fold(row: MessageRow) -> Fold:
    fold = Fold()
    if row.state:
        fold = fold._replace(state=state_text.load(row.state))
    if row.closed and row.closed_until:
        fold = fold._replace(closed=state_text.load_engagement(row.closed), closed_until=row.closed_until)
    return fold


def _time(text: str | None) -> datetime | None:
    return instant.parse(text) if text else None
