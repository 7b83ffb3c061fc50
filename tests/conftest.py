"""What tests begin with: the tables in process, or one embedded stack and one browser for all of them."""

import fcntl
import gc
import os
import pickle
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import time_machine
from playwright.sync_api import Browser, sync_playwright

from infra import browser as browsers
from infra.aws import package
from infra.aws.package import Package
from tests import service_models
from tests.infra.local_run import BROWSER, LocalRun, free_ports
from tests.moto_stack import Stack, data_stack
from tests.noon import NOON
from tests.webhook_receiver import Receiver, receiving

# A deadline is an assertion about the wall clock; and what is red once must be red again. `make attack` draws anew.
hypothesis.settings.register_profile("the same each time", deadline=None, derandomize=True)
hypothesis.settings.register_profile("anew", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("the same each time")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mostly waits for a run or a browser begins, so that processes of tests end at about the same time."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/e2e/", "tests/infra/")))


def pytest_collection_finish() -> None:
    """What was imported and collected lives to the end; looking through it again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def known_services() -> Iterator[None]:
    """What AWS's services can do is read once for all tests."""
    with service_models.read_once():
        yield


@pytest.fixture(scope="module")
def from_noon() -> Iterator[None]:
    """The tests of a file begin at noon, and the clock goes on from there."""
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The data stack in process (moto), with the environment of a function."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with data_stack() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A program with a webhook."""
    with receiving() as made:
        yield made


@pytest.fixture(scope="session")
def local_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """`make run` on free ports in a folder of its own, until the tests are over."""
    with LocalRun(tmp_path_factory.mktemp("local"), free_ports()) as run:
        yield run


@pytest.fixture(scope="session")
def local(local_run: LocalRun) -> dict[str, Any]:
    """run.json of the embedded stack: api_url, tracking_url, dashboard_url, inbox_url, api_key, environment."""
    return local_run.wait_until_it_answers()


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """What would be deployed, for the processor of this machine: made once, also where processes run beside others."""
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    known, folder = root / "packaged.pickle", root / "packaged"
    with (root / "packaged.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            folder.mkdir()
            known.write_bytes(pickle.dumps(package.make(folder, architecture=package.OF_THIS_MACHINE)))
        made: Package = pickle.loads(known.read_bytes())
        return made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium that calls itself what a person's does. Without one the test is skipped, and fails where CI
    is true."""
    path = browsers.find()
    if path is None:
        (pytest.fail if browsers.is_required(os.environ) else pytest.skip)("no Chromium: python -m infra.browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", f"--user-agent={BROWSER}"])
        yield chromium
        chromium.close()
