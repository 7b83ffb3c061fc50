"""A request that hangs while others go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.handlers
import pytest
from botocore.exceptions import ConnectTimeoutError

from tests.entrypoints.every_route import forget_parts


@contextmanager
def first_queued_last(meanwhile: Callable[[], None]) -> Iterator[None]:
    """The first message hangs on its way to a queue while this is done, and is lost then."""
    hung: list[str] = []

    def before(**_: Any) -> None:
        if not hung:
            hung.append("hung")
            meanwhile()
            raise ConnectTimeoutError(endpoint_url="https://sqs.example")

    ours = ("before-call.sqs.SendMessage", before)
    botocore.handlers.BUILTIN_HANDLERS.append(ours)
    forget_parts()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(boto3, "DEFAULT_SESSION", None)  # one that is made from now on knows of it
            yield
    finally:
        botocore.handlers.BUILTIN_HANDLERS.remove(ours)
        forget_parts()
    assert hung
