"""The picture of a report as PNG, for mails, which show no other kind everywhere. Light, for mails are."""

import io
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.core.report_chart import Chart, ticks

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 600, 320
SCALE = 2  # pixels of a point, for screens that have so many

PAPER, INK, GREY, GRID = "#ffffff", "#1f2933", "#52606d", "#d9e0e6"
COLOURS = ("#9fb8d1", "#1d6fb8", "#0b3d66")
"""Of the series: apart in lightness, too, so that they are told apart without colours."""

LONGEST_LABEL = 26
LABELS_ABREAST = 8


class Plot(NamedTuple):
    """The part of the picture for the bars, in points."""

    left: int
    top: int
    right: int
    bottom: int


class Pen:
    """Draws in points. `small` and `large` are fonts."""

    def __init__(self, draw: "ImageDraw", small: "FreeTypeFont", large: "FreeTypeFont") -> None:
        self._draw = draw
        self.small = small
        self.large = large

    def text(self, x: float, y: float, text: str, *, anchor: str = "lm", colour: str = GREY) -> None:
        """A line of text; `anchor` as Pillow has it: l, m or r, and m or t."""
        font = self.large if colour == INK else self.small
        self._draw.text((x * SCALE, y * SCALE), text, fill=colour, font=font, anchor=anchor)

    def bar(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A bar; one of nothing is not seen, and one of little still is."""
        if right > left and bottom > top:
            x1, y1, x2, y2 = left * SCALE, top * SCALE, right * SCALE - 1, bottom * SCALE - 1
            self._draw.rectangle([x1, min(y1, y2), max(x1, x2), y2], fill=colour)

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """A line of the grid."""
        self._draw.line([x1 * SCALE, y1 * SCALE, x2 * SCALE, y2 * SCALE], fill=GRID, width=1)


def png_of(chart: Chart) -> bytes:
    """The picture."""
    from PIL import Image, ImageDraw, ImageFont  # late: one function draws, and all of them import app.py's modules

    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
    fonts = [ImageFont.load_default(size * SCALE) for size in (11, 14)]
    pen = Pen(ImageDraw.Draw(image), *fonts)  # type: ignore[arg-type]  # of a size it is always FreeType's
    pen.text(16, 20, _ascii(chart.title), colour=INK)
    _legend(pen, chart)
    (_over_time if chart.is_over_time else _by_row)(pen, chart)
    file = io.BytesIO()
    image.quantize(32).save(file, "PNG", optimize=True)
    return file.getvalue()


def _legend(pen: Pen, chart: Chart) -> None:
    x = 16
    for series, colour in zip(chart.series, COLOURS, strict=False):
        pen.bar(x, 40, x + 10, 50, colour)
        pen.text(x + 15, 45, series.name)
        x += 90


def _over_time(pen: Pen, chart: Chart) -> None:
    """Bars side by side: each series before the one that it is a part of, or beside the one that it is none of."""
    plot, marks = Plot(52, 66, WIDTH - 16, HEIGHT - 34), ticks(chart.most)
    for mark in marks:
        y = plot.bottom - (plot.bottom - plot.top) * mark / marks[-1]
        pen.line(plot.left, y, plot.right, y)
        pen.text(plot.left - 8, y, f"{mark:,}", anchor="rm")
    slot = (plot.right - plot.left) / len(chart.labels)
    for number, (series, colour) in enumerate(zip(chart.series, COLOURS, strict=False)):
        begin, end = _share(chart, number, 0.12, 0.88)
        for place, value in enumerate(series.values):
            left, height = plot.left + place * slot, (plot.bottom - plot.top) * value / marks[-1]
            pen.bar(left + slot * begin, plot.bottom - height, left + slot * end, plot.bottom, colour)
    for place in _labelled(len(chart.labels)):
        pen.text(plot.left + (place + 0.5) * slot, plot.bottom + 14, chart.labels[place], anchor="mm")


def _labelled(count: int) -> Iterator[int]:
    """Which of so many labels have room, evenly apart."""
    step = -(-count // LABELS_ABREAST)
    return iter(range(0, count, step))


def _by_row(pen: Pen, chart: Chart) -> None:
    """Bars one below the other, with their values."""
    plot = Plot(190, 62, WIDTH - 64, HEIGHT - 12)
    slot = min((plot.bottom - plot.top) / len(chart.labels), 44)
    for place, label in enumerate(chart.labels):
        top = plot.top + place * slot
        pen.text(plot.left - 10, top + slot / 2, _short(label, place), anchor="rm")
        for number, (series, colour) in enumerate(zip(chart.series, COLOURS, strict=False)):
            begin, end = _share(chart, number, 0.18, 0.82)
            width = (plot.right - plot.left) * series.values[place] / chart.most
            pen.bar(plot.left, top + slot * begin, plot.left + width, top + slot * end, colour)
        longest = max(series.values[place] for series in chart.series)
        x = plot.left + (plot.right - plot.left) * longest / chart.most
        pen.text(x + 6, top + slot / 2, f"{longest:,}{chart.unit}")


def _share(chart: Chart, number: int, begin: float, end: float) -> tuple[float, float]:
    """Where in its slot a series has its bar, as shares of it: all of the room, or one part of it."""
    if chart.is_part:
        return begin, end
    width = (end - begin) / len(chart.series)
    return begin + number * width, begin + (number + 1) * width


def _short(label: str, place: int) -> str:
    """What the font can write of a label; of one in another script its number in the table that goes with it."""
    text = _ascii(label).strip()
    if not any(one.isalnum() for one in text):
        return f"{place + 1}."
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 3]}..."


def _ascii(text: str) -> str:
    """Pillow's own font has ASCII only: letters without their accents."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(one for one in plain if " " <= one <= "~")


_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "ı": "i"})
