"""Models of tables whose names are known only at run time."""

from collections.abc import Callable
from types import new_class
from typing import TypeVar, cast

from pynamodb.exceptions import DeleteError, PutError, TransactWriteError, UpdateError
from pynamodb.models import Model

M = TypeVar("M", bound=Model)

LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
REFUSED = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
"""How DynamoDB says that somebody else was faster, in a transaction and alone."""

CONNECT_SECONDS = 1
READ_SECONDS = 3
RETRIES = 2  # after the first try; a try that got through must be harmless, or be told by its mark (Messages.claim)


def bind(model: type[M], table_name: str, region: str) -> type[M]:
    """The model, bound to a table: a subclass with a connection of its own, made on first use.

    Attributes and indexes are those of `model`, which has no `Meta` and belongs to no table. Where the table is
    (endpoint, credentials) botocore finds out by itself, so `AWS_ENDPOINT_URL_DYNAMODB` is obeyed.
    """
    meta = {
        "table_name": table_name,
        "region": region or None,
        "connect_timeout_seconds": CONNECT_SECONDS,
        "read_timeout_seconds": READ_SECONDS,
        "max_retry_attempts": RETRIES,
    }
    body = {"Meta": type("Meta", (), meta), "__module__": model.__module__}
    return cast(type[M], new_class(model.__name__, (model,), exec_body=lambda namespace: namespace.update(body)))


def is_done(write: Callable[[], object]) -> bool:
    """Does a conditional write, alone or a transaction; False if its condition did not hold or another was faster."""
    try:
        write()
    except TransactWriteError as error:
        if any(reason and reason.code in LOST for reason in error.cancellation_reasons):
            return False
        raise
    except (DeleteError, PutError, UpdateError) as error:
        answer = getattr(error.cause, "response", None) or {}  # None where there was no answer at all
        if answer.get("Error", {}).get("Code") in REFUSED:
            return False
        raise
    return True
