"""CRMs that use the run of the embedded default, each with an account of its own; and a browser for its pages."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browsing import Desk
from tests.e2e.crm import Crm
from tests.infra.local_run import PATIENCE_SECONDS, ROOT, LocalRun

LISTEN = "addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective + e.blockedURI))"

NewCrm = Callable[[str], Crm]


@pytest.fixture
def new_crm(local_run: LocalRun, local: dict[str, Any]) -> NewCrm:
    """Makes an account of its own, for settings are an account's."""

    def make(account: str) -> Crm:
        named = [*("--account", account), *("--scopes", "send,read,admin"), *("--rate", "30000")]
        command = [sys.executable, "-m", "infra.account", "--local", str(local_run.folder), *named]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return Crm({**local, "api_key": re.findall(r"ms_\w+", done.stdout)[0]})

    return make


@pytest.fixture
def desk(local: dict[str, Any]) -> Desk:
    return Desk(local)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of: errors and warnings on the console, failed scripts, breaches of the policy."""
    heard: list[str] = []
    page.add_init_script(LISTEN)
    page.on("console", lambda message: heard.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
