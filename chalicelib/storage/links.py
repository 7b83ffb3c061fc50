"""The table `links`: destinations that are too long for their token. Never deleted, for links live for ever.

Hash key `link_id`; read by the tracking function by that key, written here at sending.
"""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.storage import keys
from chalicelib.storage.tables import bind


class LinkRow(Model):
    link_id = UnicodeAttribute(hash_key=True)
    destination = UnicodeAttribute()


class Links:
    """Writes long destinations."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(LinkRow, table_name, region)

    def put(self, message_id: str, position: int, destination: str) -> None:
        """Stores a destination; the same one again changes nothing."""
        self._rows(keys.link(message_id, position), destination=destination).save()
