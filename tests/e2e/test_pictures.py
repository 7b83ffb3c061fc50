"""The pictures of the documents, made by a browser of what `make demo` fills, and kept in docs/: `make pictures`.

Without PICTURES in the environment the same pages are shown by made-up figures, and the pictures are thrown away.
"""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.filled_desk import filled_desk
from tests.infra.local_run import ROOT

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 1280, 560
ARE_KEPT = bool(os.environ.get("PICTURES"))


class Shown(NamedTuple):
    """A dashboard with something to show, and a key to it."""

    url: str
    key: str

    def sign_in(self, page: Page) -> None:
        page.goto(f"{self.url}/reports")
        page.get_by_label("API key").fill(self.key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Reports", exact=True).first).to_be_visible()


@pytest.fixture(scope="module")
def shown(request: pytest.FixtureRequest) -> Iterator[Shown]:
    """A run that the demo has filled; or made-up figures, which take no minute."""
    if not ARE_KEPT:
        with filled_desk() as desk:
            yield Shown(desk.url, desk.desk.key)
        return
    run, folder = request.getfixturevalue("local"), request.getfixturevalue("local_run").folder
    subprocess.run([sys.executable, "-m", "infra.demo", "--folder", str(folder), "--once"], cwd=ROOT, check=True)
    yield Shown(run["dashboard_url"].rstrip("/"), run["api_key"])


@pytest.mark.timeout(900)  # the demo plays a month
@pytest.mark.parametrize(("name", "place"), [("reports", "/reports/email-analytics"), ("mails", "/mails")])
def test_the_picture_of_a_page_shows_it_whole(browser: Browser, shown: Shown, tmp_path: Path, name, place):
    picture = (ROOT / "docs" if ARE_KEPT else tmp_path) / f"{name}.png"
    look = {"viewport": {"width": WIDTH, "height": HEIGHT}, "color_scheme": "light", "reduced_motion": "reduce"}
    with browser.new_context(**look) as context:
        page = context.new_page()
        shown.sign_in(page)
        page.goto(shown.url + place)
        expect(page.locator("figure.chart canvas, #list .mails").first).to_be_visible()
        page.screenshot(path=picture, full_page=True)
    taken = picture.read_bytes()
    assert taken.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", taken[16:24])
    assert width == WIDTH and height >= HEIGHT
