"""What taking mails in needs, for the APIs that do so."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import boto3

from chalicelib.core.bad_input import BadInput
from chalicelib.core.idempotency import KeyReused
from chalicelib.entrypoints.once import key_reused
from chalicelib.entrypoints.permissions import permissions_of
from chalicelib.entrypoints.problems import Problem, bad_input
from chalicelib.flow import accept, attach
from chalicelib.flow import template as templates
from chalicelib.gateways import uploads as brought
from chalicelib.gateways.blobs import Blobs
from chalicelib.gateways.queue import SendQueue
from chalicelib.gateways.template_contents import TemplateContents
from chalicelib.settings import Settings
from chalicelib.storage.account import Account
from chalicelib.storage.messages import Messages
from chalicelib.storage.templates import Templates
from chalicelib.storage.uploads import Uploads

SETTINGS = ("messages_table", "account_table", "blob_bucket", "send_queue_url")
"""The settings that this asks for."""


def accepting_of(own: Settings) -> accept.Stores:
    """The stores of this installation."""
    s3 = boto3.client("s3", config=brought.SIGNING)
    return accept.Stores(
        messages=Messages(own.messages_table, own.region),
        accounts=Account(own.account_table, own.region),
        contents=Blobs(s3, own.blob_bucket),
        queue=SendQueue(boto3.client("sqs"), own.send_queue_url),
        permissions=permissions_of(own),
        uploads=attach.Uploads(Uploads(own.account_table, own.region), brought.Uploads(s3, own.blob_bucket)),
        templates=templates.Stores(Templates(own.account_table, own.region), TemplateContents(s3, own.blob_bucket)),
    )


@contextmanager
def refusals() -> Iterator[None]:
    """What accepting raises, as problems."""
    try:
        yield
    except BadInput as error:
        raise bad_input(error.errors) from None
    except KeyReused as error:
        raise key_reused(error) from None
    except accept.UnderWay as error:
        raise Problem(HTTPStatus.CONFLICT, "request_under_way", str(error), headers={"Retry-After": "1"}) from None
