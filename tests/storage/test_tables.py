"""Conditional writes: refused, or not known to be done, which is another thing."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import UpdateError

from chalicelib.storage.tables import is_done


def raising(cause: Exception):
    def write() -> None:
        raise UpdateError(cause=cause) from cause

    return write


def test_a_write_that_another_one_came_before_is_not_done():
    assert not is_done(raising(ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "UpdateItem")))


def test_a_write_that_got_no_answer_fails_as_what_it_is():
    with pytest.raises(UpdateError):
        is_done(raising(ReadTimeoutError(endpoint_url="https://aws.example")))
