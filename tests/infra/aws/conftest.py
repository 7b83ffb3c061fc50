"""An emulator of AWS for the tests of deployments, and the clients of a deployment that ask it."""

from collections.abc import Iterator

import pytest

from infra.aws.clients import Clients
from infra.local import emulator
from infra.local.folder import Folder
from tests.infra.aws.emulated import clients
from tests.infra.local_run import free_ports


@pytest.fixture(scope="package")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_ports()
    with emulator.running(Folder(tmp_path_factory.mktemp("emulator")), port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def emulated(endpoint: str) -> Clients:
    return clients(endpoint)
