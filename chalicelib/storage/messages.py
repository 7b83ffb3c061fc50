"""The table `messages`: one item a mail, its facts, how far its sending is, and its folded state.

Hash key `message_id`. Access: by id; `by_account` (account#shard, time of acceptance; with what lists are narrowed by)
for lists and the sweep; `by_latest_open` (account#shard, time of the latest open by a person; keys only, sparse) for
the folder of opens; `by_ses_message_id` (keys only, sparse) for notifications that do not carry our tag.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.core import cell, instant
from chalicelib.core.cell import Counted
from chalicelib.core.column import notable_of
from chalicelib.core.mail_filter import ALL, Only
from chalicelib.core.message import Failure, Message, Sending, Tracking
from chalicelib.core.refold import Fold
from chalicelib.core.status import Status, status_of
from chalicelib.core.status import opened_at as opened_at_of
from chalicelib.storage import keys, mail_pages, state_text
from chalicelib.storage.mail_pages import MOST_AT_ONCE, Page, Part
from chalicelib.storage.message_row import MessageRow, facts_of, fold_of, message_of, row_of, time_of
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.walk import Walk

NO_STATUS = "-"
"""Of a message that has been folded and is not known to have been sent. With it, what the fold knows and what the
sender notes come to the same status in any order."""


class Messages:
    """Reads and writes messages. Every write carries a condition, so that a repeated one changes nothing."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(MessageRow, table_name, region)

    def get(self, account: str, message_id: str) -> Message | None:
        """The message, if it belongs to this account and is a mail."""
        found = self.find(message_id)
        return found[0] if found and found[0].account == account and not found[0].is_aggregate else None

    def find(self, message_id: str, *, may_be_old: bool = False) -> tuple[Message, Fold] | None:
        """The message and its fold, whoever it belongs to, as it is now; or, for half the price, as it just was."""
        try:
            row = self._rows.get(message_id, consistent_read=not may_be_old)
        except self._rows.DoesNotExist:
            return None
        fold = fold_of(row)
        return message_of(row, fold.state), fold

    def until_of(self, message_id: str) -> datetime | None:
        """The end of a message's capture window; None if it has none, or is not there."""
        try:
            return time_of(self._rows.get(message_id, attributes_to_get=["message_id", "until"]).until)
        except self._rows.DoesNotExist:
            return None

    def id_by_ses(self, ses_message_id: str) -> str | None:
        """Our id of the mail that SES knows by its own."""
        return next((row.message_id for row in self._rows.by_ses_message_id.query(ses_message_id, limit=1)), None)

    def page(
        self, account: str, limit: int, after: str | None = None, before: str | None = None, only: Only = ALL
    ) -> Page:
        """Messages older than the place `after`, or the nearest ones newer than `before`."""
        return mail_pages.page(self._rows, account, Part(limit, after, before), only)

    def opened_page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """Messages by their latest open by a person; places are times of opens."""
        walk = Walk(self._rows.by_latest_open, self._rows.opened_key)
        return mail_pages.plain(self._rows, account, walk, Part(limit, after, before))

    def accepted_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]:
        """The ids of the account's messages that were due from `start` on and before `end`, which is their acceptance
        where they were not scheduled, and of its aggregates of these times; for the sweep."""
        for shard in (*keys.account_shards(account), keys.aggregates(account)):
            condition = self._rows.accepted_key.between(instant.show(start), instant.show(end))
            for row in self._rows.by_account.query(shard, condition):
                yield row.message_id

    def folds_between(self, account: str, start: datetime, end: datetime) -> Iterator[tuple[Message, Fold]]:
        """These messages and their folds, as they are now, in no order; for the recount."""
        ids = self.accepted_between(account, start, end)
        while batch := list(islice(ids, MOST_AT_ONCE)):
            for row in self._rows.batch_get(batch, consistent_read=True):
                fold = fold_of(row)
                yield message_of(row, fold.state), fold

    def waiting_between(self, account: str, start: datetime, end: datetime) -> Iterator[str]:
        """Those of them that are not known to have been sent, or to have come to any other news; for the schedule."""
        for shard in keys.account_shards(account):
            condition = self._rows.accepted_key.between(instant.show(start), instant.show(end))
            for row in self._rows.by_account.query(shard, condition, self._rows.status.does_not_exist()):
                yield row.message_id

    def put_in(self, transaction: TransactWrite, message: Message) -> None:
        """Adds a new message to a transaction that stores more with it."""
        transaction.save(row_of(self._rows, message), condition=self._rows.message_id.does_not_exist())

    def add(self, message: Message) -> None:
        """Stores a new message; one with this id that is there already is left as it is."""
        row = row_of(self._rows, message)
        is_done(lambda: row.save(condition=self._rows.message_id.does_not_exist()))

    def claim(
        self,
        message: Message,
        claim: str,
        *,
        lease_ends_at: datetime,
        until: datetime | None,
        narrowed: Tracking | None = None,
    ) -> bool:
        """Takes a queued message for sending; False if it is not any more as `message` says, or needs no sending.

        `claim` is unique. Where the first try of the call got through and only its answer was lost, the second finds
        the message claimed; then the mark tells whose claim it is. `until` is the end of the capture window, None if
        nothing is tracked; `narrowed` is what is tracked where that is less than when the message was taken in.
        """
        rows = self._rows
        actions: list[Action] = [
            rows.sending.set(Sending.SENDING.value),
            rows.claim.set(claim),
            rows.lease_ends_at.set(instant.show(lease_ends_at)),
            rows.next_try_at.remove(),
            rows.attempts.add(1),
        ]
        actions.append(rows.until.set(instant.show(until)) if until else rows.until.remove())
        if narrowed:
            actions.append(rows.facts.set(facts_of(replace(message, tracking=narrowed))))
            actions.append(rows.reason.set(narrowed.reason) if narrowed.reason else rows.reason.remove())
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
        actions, condition = self._settling(message, sending, failure, ses_message_id, sent_at, next_try_at)
        return self._update(message.message_id, actions, condition)

    def settle_in(
        self, transaction: TransactWrite, message: Message, sending: Sending, *, failure: Failure | None = None
    ) -> None:
        """Adds the same to a transaction."""
        actions, condition = self._settling(message, sending, failure)
        transaction.update(self._rows(message.message_id), actions=actions, condition=condition)

    def _settling(
        self,
        message: Message,
        sending: Sending,
        failure: Failure | None,
        ses_message_id: str | None = None,
        sent_at: datetime | None = None,
        next_try_at: datetime | None = None,
    ) -> tuple[list[Action], Condition]:
        rows = self._rows
        actions: list[Action] = [rows.sending.set(sending.value), rows.lease_ends_at.remove()]
        actions.append(rows.failure.set(asdict(failure)) if failure else rows.failure.remove())
        if ses_message_id:
            actions.append(rows.ses_message_id.set(ses_message_id))
        if sent_at:
            actions.append(rows.sent_at.set(instant.show(sent_at)))
        if sending is Sending.SENT:  # the fold may have come first, and knows more
            actions.append(rows.status.set(rows.status | Status.SENT.value))
        if next_try_at:
            actions.append(rows.next_try_at.set(instant.show(next_try_at)))
        condition = rows.sending == message.sending.value
        if sending is Sending.SENT:
            condition = condition | (rows.sending == Sending.UNKNOWN.value)
        if sending in (Sending.SENT, Sending.FAILED):  # for good: nobody asks any more whose claim it was
            actions.append(rows.claim.remove())
        if message.claim:
            condition = condition & (rows.claim == message.claim)
        return actions, condition

    def cancel(self, message: Message) -> bool:
        """Ends a message that waits for sending; False if it does not any more, be it that it is cancelled already."""
        rows = self._rows
        actions: list[Action] = [rows.sending.set(Sending.CANCELLED.value), rows.failure.remove()]
        return self._update(message.message_id, actions, rows.sending == Sending.QUEUED.value)

    def store_fold(self, message: Message, fold: Fold) -> bool:
        """Stores a fold; False if another one came first."""
        actions, condition = self._fold_update(message, fold)
        return self._update(message.message_id, actions, condition)

    def store_fold_in(self, transaction: TransactWrite, message: Message, fold: Fold) -> None:
        """Adds the storing of a fold to a transaction."""
        actions, condition = self._fold_update(message, fold)
        transaction.update(self._rows(message.message_id), actions=actions, condition=condition)

    def store_counted_in(self, transaction: TransactWrite, message: Message, counted: Counted) -> None:
        """Adds the storing of what a message counts for, and of nothing else, to a transaction."""
        rows, text = self._rows, cell.dump(counted)
        kept: Action = rows.counted.set(text) if text else rows.counted.remove()
        actions: list[Action] = [kept, rows.version.set(message.version + 1)]
        condition = rows.version == message.version
        transaction.update(rows(message.message_id), actions=actions, condition=condition)

    def transaction(self) -> TransactWrite:
        """A transaction, over this and other tables; written when its `with` block ends."""
        return TransactWrite(connection=self._rows._get_connection().connection)

    def _fold_update(self, message: Message, fold: Fold) -> tuple[list[Action], Condition]:
        rows = self._rows
        state = state_text.dump(fold.state, message.ses_message_id)
        actions: list[Action] = [rows.state.set(state), rows.version.set(message.version + 1)]
        status, opened_at = status_of(replace(message, state=fold.state)), opened_at_of(fold.state.engagement)
        if status:
            actions.append(rows.status.set(status.value))
        else:  # unless the sender has just noted that it was sent, of which this fold does not know
            actions.append(rows.status.set(NO_STATUS if status_of(message) else rows.status | NO_STATUS))
        if message.ses_message_id is None and fold.state.delivery.sent and fold.state.delivery.sent[1]:
            # of a mail that others hand to SES nobody else notes it, and answers name the mail by it
            actions.append(rows.ses_message_id.set(rows.ses_message_id | fold.state.delivery.sent[1]))
        if opened_at and not message.is_aggregate:
            actions.append(rows.opened_key.set(keys.opened(instant.show(opened_at), message.message_id)))
        elif opened_at_of(message.state.engagement):  # taken back
            actions.append(rows.opened_key.remove())
        if fold.closed_until:
            actions.append(rows.closed.set(state_text.dump_engagement(fold.closed)))
            actions.append(rows.closed_until.set(fold.closed_until))
        counted, told = cell.dump(fold.counted), sorted(fold.told)
        notable = set(notable_of(message, fold.counted, fold.state))
        actions.append(rows.counted.set(counted) if counted else rows.counted.remove())
        actions.append(rows.notable.set(notable) if notable else rows.notable.remove())
        actions.append(rows.told.set(told) if told else rows.told.remove())
        return actions, rows.version == message.version

    def _update(self, message_id: str, actions: list[Any], condition: Any) -> bool:
        return is_done(lambda: self._rows(message_id).update(actions=actions, condition=condition))
