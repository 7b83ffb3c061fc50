"""A mail of which notifications are still to be published, as text beside the mail: a killed run must not lose them."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from infra.local.ses_events import Accepted
from infra.local.ses_request import Outgoing


class Untold(NamedTuple):
    """`is_relayed`: what its recipients' servers say is for the relay to say. The body of the mail is left out."""

    accepted: Accepted
    is_relayed: bool


def show(untold: Untold) -> str:
    """As JSON. Header fields are bytes; Latin-1 takes each."""
    accepted = untold.accepted
    mail = accepted.mail._replace(body=b"")._asdict()
    mail["fields"] = [[name, field.decode("latin-1")] for name, field in accepted.mail.fields]
    del mail["body"]
    at = accepted.accepted_at.isoformat()  # to the microsecond: the same event is told with the same times
    return json.dumps({**accepted._asdict(), "accepted_at": at, "mail": mail, "is_relayed": untold.is_relayed})


def parse(text: str) -> Untold:
    """What `show` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    said: dict[str, Any] = json.loads(text)
    fields = tuple((name, field.encode("latin-1")) for name, field in said["mail"]["fields"])
    mail = Outgoing(
        **{**said["mail"], "fields": fields, "recipients": tuple(said["mail"]["recipients"]), "body": b""},
    )
    accepted = Accepted(
        said["ses_message_id"], datetime.fromisoformat(said["accepted_at"]), said["source_ip"], said["region"], mail
    )
    return Untold(accepted, said["is_relayed"])
