"""Addresses that get no mail any more, in the table `account`.

`suppression#<address>` holds what is known of an address, with a version; `suppressed#<time>#<address>` repeats it for
the list by latest news, and both are written in one transaction; `outcomes#<address>` is its row of soft bounces, with
TTL. Of a person who was erased a hash stands in the place of the address. Access: one address, several at once, a page
of the list.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.transactions import TransactWrite

from chalicelib.core import suppression
from chalicelib.core.account_policy import LONGEST_REST_DAYS
from chalicelib.core.address_key import hash_of, hashes_of
from chalicelib.core.soft_bounces import KEPT, Row
from chalicelib.core.suppression import Suppression
from chalicelib.core.token import Keys
from chalicelib.storage import keys, suppression_data
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import is_as_read, next_version, until_done

ROW_LASTS = KEPT + timedelta(days=LONGEST_REST_DAYS)
"""After its newest mail: then the longest rest is over, and no new mail can stand in one row with it."""


class Page(NamedTuple):
    """A page of an account's suppressions, those with the latest news first; `after` and `before` are the places from
    which to go on to older and newer ones."""

    suppressions: list[Suppression]
    has_more: bool
    after: str | None
    before: str | None


class Suppressions:
    """Reads and changes suppressions and rows of soft bounces, as they are at the moment.

    With the master secrets those of erased people are found, too; who only adds to what is known needs none.
    """

    def __init__(self, table_name: str, region: str, secrets: Keys | None = None) -> None:
        self._rows = bind(AccountRow, table_name, region)
        self._secrets = secrets

    def get(self, account: str, address_key: str) -> Suppression | None:
        """What is known of an address; None if nothing ever was."""
        return self.of(account, [address_key])[0]

    def of(self, account: str, address_keys: Sequence[str]) -> list[Suppression | None]:
        """What is known of each of these addresses, in their order."""
        known = self._known(account, address_keys)
        each = ([known[key] for key in self._names(account, address) if key in known] for address in address_keys)
        return [suppression.joined(one) for one in each]

    def names_of(self, account: str, address_key: str) -> list[str]:
        """Under what something is known of an address: itself, and what it was hashed to when its person was erased."""
        known = self._known(account, [address_key])
        return [name for name in self._names(account, address_key) if name in known]

    def erase(self, account: str, address_key: str, now: datetime) -> int:
        """Forgets an address; that it gets no mail is kept under its hash. 1 if anything was known of it."""
        assert self._secrets, "nobody is erased without the secrets to hash with"
        name = hash_of(address_key, account, self._secrets)

        def attempt() -> int | None:
            known = self._get(account, keys.suppression(address_key))
            outcomes = self._get(account, keys.outcomes(address_key))
            hashed = self._get(account, keys.suppression(name))
            if known is None and outcomes is None:
                return 0
            before = suppression_data.load(known.data) if known else None

            def write() -> None:
                with TransactWrite(connection=self._rows._get_connection().connection) as transaction:
                    for item in (known, outcomes):
                        if item:
                            transaction.delete(item, condition=is_as_read(self._rows, item))
                    if known and known.data["place"]:
                        transaction.delete(self._rows(account, keys.suppressed(known.data["place"])))
                    if before and before.is_in_force(now):
                        kept = [suppression_data.load(hashed.data)] if hashed else []
                        whole = suppression.joined([suppression.forget(before), *kept])
                        assert whole
                        self._put(transaction, account, name, hashed, whole)

            return 1 if is_done(write) else None

        return until_done(attempt)

    def unname(self, account: str, address_key: str) -> None:
        """Takes this address out of what is known of others; again there is nothing to take."""
        anybodys = self._rows.query(account, self._rows.item.startswith(keys.SUPPRESSIONS), consistent_read=True)
        for row in anybodys:
            known, name = suppression_data.load(row.data), row.item.removeprefix(keys.SUPPRESSIONS)
            if name != address_key and suppression.unnamed(known, address_key) != known:
                self.change(account, name, lambda known: suppression.unnamed(known, address_key))

    def row(self, account: str, address_key: str) -> Row:
        """The address's row of soft bounces; empty if none of its mails bounced softly."""
        return _fates(self._get(account, keys.outcomes(address_key)))

    def change(self, account: str, address_key: str, change: Callable[[Suppression], Suppression]) -> Suppression:
        """Replaces what is known of an address by what `change` makes of it, which is asked again if another change
        came first. Raises what `change` raises, and then nothing is changed."""
        return self.change_both(account, address_key, lambda known, row: (change(known), row))[0]

    def change_both(
        self, account: str, address_key: str, change: Callable[[Suppression, Row], tuple[Suppression, Row]]
    ) -> tuple[Suppression, Row]:
        """As `change`, with the row of soft bounces, too: both as they are at one moment, written at one moment."""

        def attempt() -> tuple[Suppression, Row] | None:
            known = self._get(account, keys.suppression(address_key))
            outcomes = self._get(account, keys.outcomes(address_key))
            before = suppression_data.load(known.data) if known else Suppression(address_key), _fates(outcomes)
            after = change(*before)
            if after == before:
                return after

            def write() -> None:
                with TransactWrite(connection=self._rows._get_connection().connection) as transaction:
                    if after[0] != before[0]:
                        self._put(transaction, account, address_key, known, after[0])
                    self._put_row(transaction, account, address_key, outcomes, after[1], is_new=after[1] != before[1])

            return after if is_done(write) else None

        return until_done(attempt)

    def page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """Suppressions with older news than the place `after`, or the nearest ones with newer news than `before`."""
        between = self._rows.item.between(*keys.suppressed_between(before, after))
        edge = before or after  # stands in the range itself
        found = self._rows.query(
            account, between, scan_index_forward=before is not None, limit=limit + 2, consistent_read=True
        )
        items = [item for item in found if edge is None or item.item != keys.suppressed(edge)][: limit + 1]
        shown = sorted(items[:limit], key=lambda item: item.item, reverse=True)
        places = [item.data["place"] for item in shown]
        return Page(
            [suppression_data.load(item.data) for item in shown],
            len(items) > limit,
            after=places[-1] if places else None,
            before=places[0] if places else None,
        )

    def _names(self, account: str, address_key: str) -> list[str]:
        return [address_key, *(hashes_of(address_key, account, self._secrets) if self._secrets else ())]

    def _known(self, account: str, address_keys: Sequence[str]) -> dict[str, Suppression]:
        names = {name for key in address_keys for name in self._names(account, key)}
        wanted = {keys.suppression(name): name for name in names}
        items = self._rows.batch_get([(account, item) for item in sorted(wanted)], consistent_read=True)
        return {wanted[item.item]: suppression_data.load(item.data) for item in items}

    def _get(self, account: str, item: str) -> AccountRow | None:
        try:
            return self._rows.get(account, item, consistent_read=True)
        except self._rows.DoesNotExist:
            return None

    def _put(
        self, transaction: TransactWrite, account: str, address_key: str, held: AccountRow | None, after: Suppression
    ) -> None:
        """Adds the suppression and its entry in the list. Nothing but an erasure deletes it, so that its version does
        not begin anew while somebody holds an old one."""
        news_at = suppression_data.news_at(after)
        place = keys.suppressed_place(news_at, address_key) if news_at else None
        data = {**suppression_data.dump(after), "place": place}
        made = self._rows(account, keys.suppression(address_key), data=data, version=next_version(held))
        transaction.save(made, condition=is_as_read(self._rows, held))
        old_place = held.data["place"] if held else None
        if old_place and old_place != place:
            transaction.delete(self._rows(account, keys.suppressed(old_place)))
        if place:
            transaction.save(self._rows(account, keys.suppressed(place), data=data))

    def _put_row(
        self,
        transaction: TransactWrite,
        account: str,
        address_key: str,
        held: AccountRow | None,
        row: Row,
        *,
        is_new: bool,
    ) -> None:
        """Adds the row or, where nothing is new in it, that nobody else may have changed it meanwhile."""
        item, is_the_same = keys.outcomes(address_key), is_as_read(self._rows, held)
        if not is_new:
            transaction.condition_check(self._rows, account, item, is_the_same)
            return
        made = self._rows(account, item, data={"fates": suppression_data.dump_row(row)}, version=next_version(held))
        made.expires_at = int((row[0].sent_at + ROW_LASTS).timestamp())
        transaction.save(made, condition=is_the_same)


def _fates(item: AccountRow | None) -> Row:
    return suppression_data.load_row(item.data["fates"]) if item else ()
