"""All mails of an account, oldest first, and their erasure, in the table `messages`.

There is no index by address: what it would cost a mail is more than these few walks do (docs/decisions/0016). Access:
`by_account` from a place on, and the items themselves.
"""

from dataclasses import asdict, replace
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core import instant
from chalicelib.core.message import Message
from chalicelib.core.refold import Fold
from chalicelib.storage import keys, state_text
from chalicelib.storage.message_row import MessageRow, facts_of, fold_of, message_of
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.walk import Walk, merged, walked


class Mail(NamedTuple):
    """A message and its place; of one that is erased, whether more of it than its row may still be there."""

    place: str
    message: Message
    has_remains: bool


class Stretch(NamedTuple):
    """Mails behind a place, oldest first; `end` is the place from which to go on, None if these were the newest."""

    mails: list[Mail]
    end: str | None


class EveryMail:
    """Walks through an account's mails, and erases."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(MessageRow, table_name, region)

    def behind(self, account: str, place: str, limit: int) -> Stretch:
        """The next mails behind a place; those that will be sent later are the last."""
        rows, end = self._behind(account, place, limit)
        return Stretch([_mail(row) for row in rows], end)

    def folds_behind(self, account: str, place: str, limit: int) -> tuple[list[tuple[Message, Fold]], str | None]:
        """The same with their folds, also of those that are erased."""
        rows, end = self._behind(account, place, limit)
        folds = [(row, fold_of(row)) for row in rows]
        return [(message_of(row, fold.state), fold) for row, fold in folds], end

    def _behind(self, account: str, place: str, limit: int) -> tuple[list[MessageRow], str | None]:
        walk = Walk(self._rows.by_account, self._rows.accepted_key)
        each = [walked(walk, shard, limit, None, place) for shard in keys.account_shards(account)]
        found = merged(each, limit, is_newest_first=False)
        ids = [one.partition("#")[2] for one in found.places]
        rows = {row.message_id: row for row in self._rows.batch_get(ids, consistent_read=True)}
        return [rows[one] for one in ids if one in rows], found.onward

    def erase(self, before: Message, erased: Message) -> bool:
        """Replaces a message by what stays of it, with the mark that there is more to delete; False if it is not any
        more as it was read, or is in the hands of a worker who sends it."""
        rows = self._rows
        actions: list[Action] = [
            rows.facts.set(facts_of(erased)),
            rows.sending.set(erased.sending.value),
            rows.state.set(state_text.dump(erased.state)),
            rows.version.set(before.version + 1),
            rows.has_remains.set(True),
            rows.failure.set(asdict(erased.failure)) if erased.failure else rows.failure.remove(),
        ]
        if erased.erased_at:
            actions.append(rows.erased_at.set(instant.show(erased.erased_at)))
        actions += [attribute.remove() for attribute in self._forgotten()]
        condition = (
            rows.erased_at.does_not_exist()
            & (rows.version == before.version)
            & (rows.sending == before.sending.value)
            & (rows.attempts == before.attempts)
        )
        return self._update(before.message_id, actions, condition)

    def forget_recipient(self, erased: Message) -> None:
        """Takes the hash of its recipient out of an erased message, which nothing else changes any more."""
        facts = self._rows.facts.set(facts_of(replace(erased, recipient_hash=None)))
        self._update(erased.message_id, [facts], self._rows.erased_at.exists())

    def finish(self, message_id: str) -> bool:
        """Takes the mark away; True if it was there."""
        return self._update(message_id, [self._rows.has_remains.remove()], self._rows.has_remains.exists())

    def _forgotten(self) -> tuple[Any, ...]:
        rows = self._rows
        of_sending = rows.ses_message_id, rows.claim, rows.lease_ends_at, rows.next_try_at
        return *of_sending, rows.opened_key, rows.closed, rows.closed_until, rows.told

    def _update(self, message_id: str, actions: list[Action], condition: Condition) -> bool:
        return is_done(lambda: self._rows(message_id).update(actions=actions, condition=condition))


def _mail(row: MessageRow) -> Mail:
    return Mail(row.accepted_key, message_of(row, fold_of(row).state), bool(row.has_remains))
