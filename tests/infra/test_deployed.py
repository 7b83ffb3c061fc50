"""The package is deployed by CloudFormation, and a mail goes all the way through API Gateway and Lambda."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from chalicelib.storage.account import Account
from infra.account import new_key
from infra.aws import smoke
from infra.aws.package import Package
from infra.aws.smoke_mail import ACCOUNT, Mail
from infra.aws.smoke_step import Patience
from infra.local import environment
from infra.local.emulator import REGION
from tests.infra.emulated import IGNORED, Deployed, Place, deploy, emulated
from tests.infra.local_run import free_ports

PATIENCE = Patience(answer_seconds=30, mail_seconds=60, pause_seconds=0.2)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The emulator, which this process' own clients find, too."""
    before = dict(os.environ)
    ports = environment.from_first(free_ports())
    try:
        with emulated(tmp_path_factory.mktemp("emulated"), ports) as made:
            environment.take_over(made.environment)
            yield made
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def deployed(place: Place, packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return deploy("test", packaged, place, tmp_path_factory.mktemp("template"), {})


@pytest.fixture(scope="module")
def mail(deployed: Deployed) -> Mail:
    return Mail("news@example.com", Account(deployed.data["AccountTable"], REGION), deployed.secret.keys)


def test_a_mail_is_sent_delivered_opened_and_clicked_through_the_deployed_stacks(deployed, mail):
    said: list[str] = []
    assert smoke.run(deployed.site, said.append, mail, PATIENCE, IGNORED), "\n".join(said)
    assert [line for line in said if "one open and one click" in line and " ok " in line]


def test_the_dashboard_works_under_the_path_of_the_api_s_stage(deployed, mail, browser: Browser):
    until = datetime.now(UTC) + timedelta(hours=1)
    key = new_key(mail.accounts, ACCOUNT, name="browser", scopes=frozenset({"read"}), expires_at=until)
    page = browser.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(f"{deployed.site.dashboard_url}/signin")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    row = page.get_by_role("row").filter(has_text="mailsight's smoke test")
    expect(row).to_contain_text("Clicked", timeout=20_000)
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="mailsight's smoke test")).to_be_visible(timeout=20_000)
    assert "/api/mails/" in page.url
    assert not troubles
    page.close()


def test_a_wrong_handler_name_fails_the_smoke_test(place: Place, packaged: Package, tmp_path: Path):
    broken = deploy("broken", packaged, place, tmp_path, {"Track": "chalicelib.entrypoints.track.handle"})
    said: list[str] = []
    hasty = PATIENCE._replace(answer_seconds=1)
    assert not smoke.run(broken.site, said.append, None, hasty, IGNORED)
    (told,) = (line for line in said if "FAILED  the pixel is served" in line)
    assert "/aws/lambda/mailsight-broken-track" in told
