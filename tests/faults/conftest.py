"""One stack in process for all tests of a file; each run in it begins with nothing stored."""

import importlib

import boto3
import pytest

from tests.faults.calls import installed
from tests.faults.world import World
from tests.moto_stack import data_stack

FUNCTIONS = (
    *("api_emails", "api_people", "deliver", "fold", "ingest", "notify", "people", "recount", "remind", "replay"),
    *("send", "sweep", "api_phone_calls", "api_received", "report"),
)


def _forget_clients() -> None:
    for name in FUNCTIONS:
        importlib.import_module(f"chalicelib.entrypoints.{name}")._parts.cache_clear()


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
