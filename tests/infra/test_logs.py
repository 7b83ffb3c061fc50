"""Nothing that handlers log or print reaches the terminal; all of it is in one file, line by line."""

import json
import logging
import sys
import threading
from pathlib import Path

import pytest

from infra.local.logs import logging_to


def test_logs_and_prints_go_to_the_file_and_leave_the_terminal_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log"
    with logging_to(path):
        print(json.dumps({"level": "INFO", "message": "of a handler"}))
        print("an error", file=sys.stderr)
        print("half a line, ", end="")
        print("the rest")
        logging.getLogger("chalicelib").warning("beware of %s", "this")
    print("back")
    lines = path.read_text().splitlines()
    assert lines[:3] == ['{"level": "INFO", "message": "of a handler"}', "an error", "half a line, the rest"]
    assert lines[3].endswith(" WARNING chalicelib beware of this")
    assert capsys.readouterr().out == "back\n"


def test_lines_of_threads_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def write(name: str) -> None:
        for _ in range(50):
            print(name, name, name)

    with logging_to(path):
        threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = path.read_text().splitlines()
    assert sorted(lines) == sorted(f"{name} {name} {name}" for name in "abcd" for _ in range(50))
