"""The table `links`: destinations that are too long for their token. Never deleted, for links live for ever.

Hash key `link_id`; read by the tracking function by that key, written here at sending.
"""

from collections.abc import Mapping

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.core.token import link_id
from chalicelib.storage.tables import bind


class LinkRow(Model):
    link_id = UnicodeAttribute(hash_key=True)
    destination = UnicodeAttribute()


class Links:
    """Writes long destinations, in batches of 25."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(LinkRow, table_name, region)

    def put(self, message_id: str, destinations: Mapping[int, str]) -> None:
        """Stores a mail's long destinations by position; the same ones again change nothing."""
        with self._rows.batch_write() as batch:
            for position, destination in destinations.items():
                batch.save(self._rows(link_id(message_id, position), destination=destination))
