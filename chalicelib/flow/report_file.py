"""A report as a file, made at once: it is kept for a week, and fetched by a link that lasts for minutes."""

import io
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import IO, Any, Protocol

from chalicelib.core import report_sheet
from chalicelib.core.sheet import CONTENT_TYPES
from chalicelib.gateways import sheets
from chalicelib.gateways.exports import REPORTS

LINK_LASTS = timedelta(minutes=15)


class Exports(Protocol):
    """Where files are kept."""

    def put(self, account: str, folder: str, name: str, file: IO[bytes], content_type: str) -> str: ...
    def url_of(self, key: str, seconds: int, filename: str) -> str: ...


def made(
    report: Mapping[str, Any], file_format: str, *, account: str, exports: Exports, new_id: Callable[[], str]
) -> str:
    """The link to the file of a report, an object as the API shows it; `file_format` as core/sheet.format_of has it."""
    content = sheets.written(file_format, report_sheet.sheet_of(report))
    name = f"{new_id()}.{file_format}"
    key = exports.put(account, REPORTS, name, io.BytesIO(content), CONTENT_TYPES[file_format])
    return exports.url_of(key, int(LINK_LASTS.total_seconds()), report_sheet.filename_of(report, file_format))
