"""The table `links`: where links lead that do not say it themselves. Never deleted, for links live for ever.

Hash key `link_id`; read by the tracking function by that key, written here at sending. An item is a destination that is
too long for its token, or a file that went out as a link; of one that is erased only that is left.
"""

from collections.abc import Mapping

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.core.stored_file import StoredFile, file_id
from chalicelib.core.token import link_id
from chalicelib.storage.tables import bind, is_done


class LinkRow(Model):
    link_id = UnicodeAttribute(hash_key=True)
    destination = UnicodeAttribute(null=True)
    object_key = UnicodeAttribute(null=True)
    filename = UnicodeAttribute(null=True)
    content_type = UnicodeAttribute(null=True)
    is_erased = BooleanAttribute(null=True)


class Links:
    """Writes long destinations and places of files, in batches of 25."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(LinkRow, table_name, region)

    def put(self, message_id: str, destinations: Mapping[int, str]) -> None:
        """Stores a mail's long destinations by position; the same ones again change nothing."""
        with self._rows.batch_write() as batch:
            for position, destination in destinations.items():
                batch.save(self._rows(link_id(message_id, position), destination=destination))

    def put_files(self, message_id: str, files: Mapping[int, StoredFile]) -> None:
        """Stores where a mail's files are, by position; the same ones again change nothing."""
        with self._rows.batch_write() as batch:
            for position, file in files.items():
                row = self._rows(
                    file_id(message_id, position),
                    object_key=file.key,
                    filename=file.filename,
                    content_type=file.content_type,
                )
                batch.save(row)

    def erase_destination(self, message_id: str, position: int) -> None:
        """Forgets where a link led, but that there was one, so that it can say so for ever."""
        actions: list[Action] = [self._rows.destination.remove(), self._rows.is_erased.set(True)]
        is_there = self._rows.link_id.exists()
        is_done(lambda: self._rows(link_id(message_id, position)).update(actions=actions, condition=is_there))

    def erase_file(self, message_id: str, position: int) -> None:
        """Forgets all of a file but that there was one, so that its link can say so for ever. The object itself is
        deleted afterwards (gateways/blobs.py): in the other order a crash would leave a link to nothing."""
        self._rows(file_id(message_id, position), is_erased=True).save()
