"""The picture of a report is a PNG of a known size, in which what is more looks like more."""

import io

import pytest
from PIL import Image, ImageColor

from chalicelib.core.report_chart import chart_of
from chalicelib.gateways.chart import COLOURS, HEIGHT, SCALE, WIDTH, png_of
from tests.core.reports import by_template, calls, day, figures, report, row


def pixels(made, colour: str) -> int:
    """How much of the picture has this colour."""
    image = Image.open(io.BytesIO(png_of(chart_of(made)))).convert("RGB")
    wanted = ImageColor.getrgb(colour)
    return sum(count for count, found in image.getcolors(1 << 24) if max(map(abs, _less(found, wanted))) < 12)


def _less(one, other):
    return [a - b for a, b in zip(one, other, strict=True)]


@pytest.mark.parametrize(
    "made",
    [
        report(),
        by_template(),
        calls(),
        report(by=None, rows=[]),
        report(by=None, rows=[], summary=figures(0)),
        report(rows=[day("2026-11-22", 0)]),
        by_template(rows=[row(str(number), 10**number) for number in range(12)]),
        by_template(rows=[row("a", 3, name="売上レポート"), row("b", 2, name="Grüße für Žofie und Łukasz " * 4)]),
    ],
)
def test_every_report_has_a_picture(made):
    image = Image.open(io.BytesIO(png_of(chart_of(made))))
    assert (image.format, image.size) == ("PNG", (WIDTH * SCALE, HEIGHT * SCALE))
    assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255), "light, as mails are"


def test_a_year_of_days_is_drawn_too():
    days = [day(f"2026-{month:02d}-{number:02d}", number) for month in range(1, 13) for number in range(1, 29)]
    assert len(png_of(chart_of(report(rows=days)))) < 60_000


def test_where_more_was_opened_more_is_drawn():
    few, many = (report(rows=[day("2026-11-22", 100, opened)]) for opened in (10, 80))
    assert pixels(many, COLOURS[1]) > 5 * pixels(few, COLOURS[1]) > 0


@pytest.mark.parametrize("by", ["user", "date"])
def test_calls_do_not_hide_the_mails(by):
    rows = [{**day("2026-11-22", 10), "calls": 99, "name": "Ina"}]
    made = calls(by=by, rows=rows)
    assert pixels(made, COLOURS[2]) > 5 * pixels(made, COLOURS[0]) > 5 * pixels(calls(by=by, rows=[]), COLOURS[1])
