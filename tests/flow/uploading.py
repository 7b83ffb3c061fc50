"""Uploads in memory, and the bucket into which they are copied."""

from datetime import datetime, timedelta

from chalicelib.core.upload import Upload
from chalicelib.flow.attach import Uploads


class Bucket:
    """What was announced and what was brought, by id; `objects` are the copies, by key."""

    def __init__(self) -> None:
        self.announced: dict[tuple[str, str], Upload] = {}
        self.bytes: dict[str, bytes] = {}
        self.objects: dict[str, bytes] = {}

    @property
    def uploads(self) -> Uploads:
        return Uploads(self, self)

    def bring(
        self, name: str, content: bytes | None, *, now: datetime, size: int | None = None, account: str = "acme"
    ) -> str:
        """The id of an upload; without content nothing was brought yet."""
        upload_id = f"{len(self.announced) + 1:032x}"
        announced = len(content or b"") if size is None else size
        upload = Upload(upload_id, name, "application/pdf", announced, now + timedelta(days=2))
        self.announced[account, upload_id] = upload
        if content is not None:
            self.bytes[upload_id] = content
        return upload_id

    def get(self, account: str, upload_id: str, now: datetime) -> Upload | None:
        found = self.announced.get((account, upload_id))
        return found if found and now < found.expires_at else None

    def size_of(self, account: str, upload_id: str) -> int | None:
        return len(self.bytes[upload_id]) if upload_id in self.bytes else None

    def read(self, account: str, upload_id: str) -> bytes:
        return self.bytes[upload_id]

    def copy(self, account: str, upload_id: str, key: str) -> None:
        self.objects[key] = self.bytes[upload_id]
