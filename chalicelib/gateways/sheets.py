"""Sheets as files: CSV and XLSX, written row by row to the disk, so that memory does not grow with them.

Texts are never formulas and never links, whoever wrote them: a subject is a stranger's.
"""

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import IO, Protocol

from chalicelib.core import instant
from chalicelib.core.sheet import Head, Kind, Sheet, Value, defused

LONGEST_CELL = 32_767  # characters, of XLSX

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NUMBER_FORMATS = {
    Kind.WHOLE: "#,##0",
    Kind.RATE: "0.00%",
    Kind.DATE: "yyyy-mm-dd",
    Kind.TIME: "yyyy-mm-dd hh:mm:ss",
}


class SheetFile(Protocol):
    """A file under way; `rows` is how many it holds."""

    rows: int

    def add(self, row: Sequence[Value]) -> None:
        """One more row, with a value for each column."""

    def finish(self) -> IO[bytes]:
        """The whole file, from its beginning."""


class CsvFile:
    """RFC 4180 in UTF-8, with the mark by which spreadsheets know it. It begins with the headings: a title would be in
    the way of every program that reads it."""

    def __init__(self, file: IO[bytes], head: Head) -> None:
        self._file = file
        self._text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
        self._lines = csv.writer(self._text)
        self._lines.writerow([column.heading for column in head.columns])
        self.rows = 0

    def add(self, row: Sequence[Value]) -> None:
        self._lines.writerow([_written(value) for value in row])
        self.rows += 1

    def finish(self) -> IO[bytes]:
        self._text.flush()
        self._text.detach()  # which would close the file, else
        self._file.seek(0)
        return self._file


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return defused(value)
    if isinstance(value, datetime):
        return instant.show(value)
    return value.isoformat() if isinstance(value, date) else str(value)


class XlsxFile:
    """A workbook of one sheet; numbers are numbers, days are days, and times are UTC."""

    def __init__(self, file: IO[bytes], head: Head) -> None:
        import xlsxwriter  # late: the API function imports this module for few of its calls

        self._file, self._columns = file, head.columns
        self._book = xlsxwriter.Workbook(file, _OPTIONS)
        self._sheet = self._book.add_worksheet(head.title[:31])
        self._formats = {kind: self._book.add_format({"num_format": text}) for kind, text in _NUMBER_FORMATS.items()}
        self._line = self._headed(head)
        self._sheet.freeze_panes(self._line, 0)
        self.rows = 0

    def add(self, row: Sequence[Value]) -> None:
        for number, (value, column) in enumerate(zip(row, self._columns, strict=True)):
            self._write(number, value, column.kind)
        self._line += 1
        self.rows += 1

    def finish(self) -> IO[bytes]:
        self._book.close()
        self._file.seek(0)
        return self._file

    def _headed(self, head: Head) -> int:
        """Writes the titles and the headings; the line from which on rows stand."""
        bold = self._book.add_format({"bold": True})
        for number, column in enumerate(head.columns):
            self._sheet.set_column(number, number, max(column.width, len(column.heading) + 1))
        self._sheet.write_string(0, 0, _shown(head.title), bold)
        for line, text in enumerate(head.lines, start=1):
            self._sheet.write_string(line, 0, _shown(text))
        below = len(head.lines) + 2
        for number, column in enumerate(head.columns):
            utc = " (UTC)" if column.kind is Kind.TIME else ""
            self._sheet.write_string(below, number, column.heading + utc, bold)
        return below + 1

    def _write(self, number: int, value: Value, kind: Kind) -> None:
        if value is None:
            return
        if isinstance(value, str):
            self._sheet.write_string(self._line, number, _shown(value))
        elif isinstance(value, datetime):
            utc = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
            self._sheet.write_datetime(self._line, number, utc, self._formats[Kind.TIME])
        elif isinstance(value, date):
            self._sheet.write_datetime(self._line, number, value, self._formats[Kind.DATE])
        else:
            self._sheet.write_number(self._line, number, value, self._formats.get(kind))


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:LONGEST_CELL]


@contextmanager
def begun(file_format: str, head: Head) -> Iterator[SheetFile]:
    """A file of this format with nothing in it yet; it is gone with the context."""
    with tempfile.TemporaryFile() as file:
        yield XlsxFile(file, head) if file_format == "xlsx" else CsvFile(file, head)


def written(file_format: str, sheet: Sheet) -> bytes:
    """A whole sheet, which must be small."""
    with begun(file_format, sheet.head) as file:
        for row in sheet.rows:
            file.add(row)
        return file.finish().read()
