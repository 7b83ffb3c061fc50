"""Models of tables whose names are known only at run time."""

from types import new_class
from typing import TypeVar, cast

from pynamodb.models import Model

M = TypeVar("M", bound=Model)

CONNECT_SECONDS = 1
READ_SECONDS = 3
RETRIES = 2  # after the first try; every write is conditional or repeatable, so a try that got through does no harm


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
