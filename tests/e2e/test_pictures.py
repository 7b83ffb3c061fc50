"""The pictures of the documents, made by a browser: kept in docs/ only where PICTURES is set (`make pictures`)."""

import os
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.filled_desk import filled_desk
from tests.infra.local_run import ROOT

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 1280, 560


@pytest.mark.parametrize(("name", "place"), [("reports", "/reports/email-analytics"), ("mails", "/mails")])
def test_the_picture_of_a_page_shows_it_whole(browser: Browser, tmp_path: Path, name, place):
    picture = (ROOT / "docs" if os.environ.get("PICTURES") else tmp_path) / f"{name}.png"
    look = {"viewport": {"width": WIDTH, "height": HEIGHT}, "color_scheme": "light", "reduced_motion": "reduce"}
    with filled_desk() as desk, browser.new_context(**look) as context:
        page = context.new_page()
        desk.sign_in(page)
        page.goto(desk.url + place)
        expect(page.locator("figure.chart canvas, #list .mails").first).to_be_visible()
        page.screenshot(path=picture, full_page=True)
    taken = picture.read_bytes()
    assert taken.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", taken[16:24])
    assert width == WIDTH and height >= HEIGHT
