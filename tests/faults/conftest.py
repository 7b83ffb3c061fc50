"""One stack in process for all tests of a file; each run in it begins with nothing stored."""

import boto3
import pytest

from app import EVENTS
from tests.entrypoints.every_route import forget_parts
from tests.faults.calls import installed
from tests.faults.world import World
from tests.moto_stack import data_stack


def _forget_clients() -> None:
    for module in EVENTS:
        module._parts.cache_clear()
    forget_parts()  # of the API


@pytest.fixture(autouse=True)
def _has_struck(request):
    """A test that says that it strikes at a function does."""
    names = [name for mark in request.node.iter_markers("strikes") for name in mark.args]
    if not names:
        yield
        return
    struck = request.getfixturevalue("world").faults.struck
    before = dict(struck)
    yield
    for name in names:
        assert struck[name] > before.get(name, 0), f"no fault struck at a call of {name}"


@pytest.fixture(scope="module", autouse=True)
def _from_noon(from_noon):
    """What is counted counts for one day, and nothing that was made when a file was read is too old for its tests."""


@pytest.fixture(scope="module")
def world():
    with pytest.MonkeyPatch.context() as patch, installed() as faults:
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # one that is made from now on knows of the faults
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with data_stack() as stack:
            for name, value in stack.environment.items():
                patch.setenv(name, value)
            _forget_clients()
            boto3.client("sesv2", region_name=stack.environment["AWS_REGION"]).create_email_identity(
                EmailIdentity="me@example.com"
            )
            yield World(stack, faults)
        _forget_clients()
