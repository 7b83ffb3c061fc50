"""All that this process logs or prints goes to one file, so that the terminal keeps what a person must read."""

import contextlib
import io
import logging
import logging.handlers
import threading
from collections.abc import Iterator
from pathlib import Path

BYTES = 5_000_000
KEPT = 2
_PRINTED = "printed"
"""Logger of lines that handlers print: JSON of their own loggers and metrics, kept as they are."""


class _Format(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage() if record.name == _PRINTED else super().format(record)


class Lines(io.TextIOBase):
    """A stream that logs each whole line that a thread writes."""

    def __init__(self) -> None:
        self._begun = threading.local()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, rest = (getattr(self._begun, "text", "") + text).split("\n")
        self._begun.text = rest
        for line in lines:
            logging.getLogger(_PRINTED).info(line)
        return len(text)


@contextlib.contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Logs, standard output and standard error of the whole process go to `path`, which is rotated."""
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setFormatter(_Format("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at INFO it tells of every client
    logging.captureWarnings(True)
    try:
        with contextlib.redirect_stdout(Lines()), contextlib.redirect_stderr(Lines()):
            yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
