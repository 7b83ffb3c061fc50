"""Sheets as CSV and XLSX: read again by other programs, and never taken for formulas."""

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.sheet import Column, Head, Kind, Sheet
from chalicelib.gateways.sheets import LONGEST_CELL, begun, written

COLUMNS = (
    Column("key"),
    Column("sent", Kind.WHOLE),
    Column("open_rate", Kind.RATE),
    Column("day", Kind.DATE),
    Column("opened_at", Kind.TIME),
)
HEAD = Head("email-analytics", ("days: 2026-11-20 to 2026-11-22", "of: all mails"), COLUMNS)
AT = datetime(2026, 11, 22, 11, 30, 5, 123000, UTC)
ROW = ("welcome", 1200, 0.3333, date(2026, 11, 22), AT)
ABOVE = 4  # lines above the first row


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content)).active


def of_texts(*texts: str) -> Sheet:
    return Sheet(Head("t", (), (Column("text"),)), [(text,) for text in texts])


def test_a_csv_begins_with_the_headings_and_is_known_as_utf_8():
    content = written("csv", Sheet(HEAD, [ROW, ('Grüße, "ja"\nzwei', None, None, None, None)]))
    assert content.startswith(b"\xef\xbb\xbfkey,sent,open_rate,day,opened_at\r\n")
    _, first, second = read_csv(content)
    assert first == ["welcome", "1200", "0.3333", "2026-11-22", "2026-11-22T11:30:05.123Z"]
    assert second == ['Grüße, "ja"\nzwei', "", "", "", ""]


def test_in_a_workbook_numbers_are_numbers_and_days_are_days():
    sheet = read_xlsx(written("xlsx", Sheet(HEAD, [ROW])))
    assert (sheet.title, sheet["A1"].value, sheet["A3"].value) == (
        "email-analytics",
        "email-analytics",
        "of: all mails",
    )
    assert [cell.value for cell in sheet[ABOVE + 1]][-1] == "opened_at (UTC)"
    cells = sheet[ABOVE + 2]
    assert [cell.value for cell in cells] == [
        *("welcome", 1200, 0.3333),
        *(datetime(2026, 11, 22), datetime(2026, 11, 22, 11, 30, 5)),  # as openpyxl reads both
    ]
    assert [cell.number_format for cell in cells[1:4]] == ["#,##0", "0.00%", "yyyy-mm-dd"]
    assert sheet.freeze_panes == f"A{ABOVE + 2}"
    assert sheet.column_dimensions["A"].width >= 14


FORMULAS = ['=HYPERLINK("https://evil.example","x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_be_a_formula_begins_with_an_apostrophe_in_a_csv(text):
    assert read_csv(written("csv", of_texts(text)))[1] == ["'" + text]


@pytest.mark.parametrize(
    "text", [*FORMULAS, "https://example.com/", "mailto:a@example.com", "{=1}", "12", "2026-11-22"]
)
def test_a_text_is_a_text_in_a_workbook_and_no_link(text):
    content = written("xlsx", of_texts(text))
    cell = read_xlsx(content).cell(3, 1)
    assert (cell.data_type, cell.hyperlink) == ("s", None)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        assert not [name for name in book.namelist() if "sheet1.xml.rels" in name]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), max_size=5))
def test_whatever_stands_in_a_text_no_line_of_a_csv_begins_a_formula_and_nothing_is_lost(texts):
    rows = read_csv(written("csv", of_texts(*texts)))[1:]
    found = [row[0] if row else "" for row in rows]
    assert [
        text.removeprefix("'") if text != given else text for text, given in zip(found, texts, strict=True)
    ] == texts
    assert not [text for text in found if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("text", ["half \ud800 of a pair", "bell \x07 and \x00", "x" * (LONGEST_CELL + 5), "_x0041_"])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_no_text_is_too_strange_for_a_file(text, file_format):
    content = written(file_format, of_texts(text))
    if file_format == "csv":
        assert len(read_csv(content)) == 2
    else:
        assert read_xlsx(content).cell(3, 1).value


def test_memory_does_not_grow_with_the_rows():
    def most_for(rows: int) -> int:
        tracemalloc.start()
        with begun("xlsx", HEAD) as file:
            for _ in range(rows):
                file.add(ROW)
            assert file.rows == rows
            file.finish()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    most_for(10)  # imports
    assert most_for(3_000) < 1.5 * most_for(300)
