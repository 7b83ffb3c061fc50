"""What making mails needs, for the functions that do so."""

import secrets

from aws_lambda_powertools import Logger

from chalicelib.core.message import Message
from chalicelib.entrypoints.counting import counting
from chalicelib.flow import instrument
from chalicelib.gateways.blobs import Blobs
from chalicelib.settings import Settings
from chalicelib.storage.aggregates import Aggregates
from chalicelib.storage.links import Links

SETTINGS = ("links_table", "messages_table", "tracking_url")
"""The settings that this asks for."""


def making_of(own: Settings, contents: Blobs, log: Logger) -> instrument.Parts:
    """The parts of this installation."""

    def left(message: Message, links: int, error: Exception) -> None:
        log.error("left_untracked", extra={"message_id": message.message_id, "links": links, "reason": str(error)})
        with counting(own.stage) as counts:
            counts.add("MailUntracked")

    return instrument.Parts(
        contents,
        Links(own.links_table, own.region),
        own.keys,
        own.tracking_url,
        new_id=lambda: secrets.token_hex(16),
        aggregates=Aggregates(own.messages_table, own.region),
        left=left,
    )
