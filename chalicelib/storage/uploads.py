"""What is known of uploads, in items of the table `account`: (account, upload#<id>), with TTL. The bytes are in the
blob bucket."""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.core import instant
from chalicelib.core.upload import Upload
from chalicelib.storage import keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done


class Uploads:
    """Reads and writes uploads; one is never changed."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def add(self, account: str, upload: Upload) -> bool:
        """Stores an upload under its id; False if there is one of this id."""
        data = {"filename": upload.filename, "content_type": upload.content_type, "size": upload.size}
        row = self._rows(account, keys.upload(upload.upload_id), data=data)
        row.expires_at = int(upload.expires_at.timestamp())
        return is_done(lambda: row.save(condition=self._rows.item.does_not_exist()))

    def of(self, account: str) -> Iterator[Upload]:
        """All of the account's that are known, also those that cannot be used any more."""
        theirs = self._rows.item.startswith(keys.UPLOADS)
        return (_upload(row) for row in self._rows.query(account, theirs, consistent_read=True))

    def forget(self, account: str, upload_id: str) -> None:
        """Deletes what is known of an upload; of one that is not there nothing."""
        self._rows(account, keys.upload(upload_id)).delete()

    def get(self, account: str, upload_id: str, now: datetime) -> Upload | None:
        """The account's upload with this id, if it can still be used."""
        try:
            row = self._rows.get(account, keys.upload(upload_id), consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        if row.expires_at is None or row.expires_at <= now.timestamp():  # TTL deletes up to two days late
            return None
        return _upload(row)


def _upload(row: AccountRow) -> Upload:
    data, expires_at = row.data, instant.from_milliseconds(int(row.expires_at or 0) * 1000)
    upload_id = row.item.removeprefix(keys.UPLOADS)
    return Upload(upload_id, data["filename"], data["content_type"], data["size"], expires_at)
