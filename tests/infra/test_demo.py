"""`make demo` as a person sees it: the table of six mails, and last words that are true."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.local_run import ROOT, LocalRun, ask, free_ports, is_free

pytestmark = pytest.mark.local


def demo(folder: Path, *more: str) -> list[str]:
    """The lines that it prints, on what is no terminal."""
    command = [sys.executable, "-m", "infra.demo", "--folder", str(folder), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def table_in(lines: list[str]) -> list[list[str]]:
    """The rows below the line under the table's head, by column; the time in an address is a word again."""
    (begin,) = [number for number, line in enumerate(lines, 1) if re.fullmatch("-+", line)]
    end = lines.index("", begin)
    return [re.split(r" {2,}", re.sub(r"\+\d+@", "+demo@", line)) for line in lines[begin:end]]


def test_the_table_tells_what_became_of_each_mail_also_the_second_time(
    local_run: LocalRun, local: dict[str, Any]
) -> None:
    assert demo(local_run.folder, "--once")
    lines = demo(local_run.folder, "--once")
    assert table_in(lines) == [
        ["anna@example.com", "a person", "clicked", "1", "1", "-"],
        ["raj@icloud.example.com", "Apple's privacy proxy", "delivered", "0", "0", "1 open by a privacy proxy"],
        ["mia@gmail.example.com", "Gmail's image proxy", "opened", "1", "0", "-"],
        ["tom@corp.example.com", "a scanner's sweep", "delivered", "0", "0", "6 clicks by a machine"],
        ["bounce+demo@simulator.amazonses.com", "nobody: hard bounce", "bounced", "0", "0", "hard bounce"],
        ["complaint+demo@simulator.amazonses.com", "a complaint", "delivered", "0", "0", "complaint"],
    ]
    assert local["dashboard_url"] in lines[-2]
    assert local["inbox_url"] in lines[-1]
    assert ask(local["dashboard_url"]).status < 500, "a run that was there before is left alone"


def test_without_a_terminal_it_ends_what_it_started_and_says_so(tmp_path: Path) -> None:
    port = free_ports()
    lines = demo(tmp_path / "data", "--port", str(port))
    assert len(table_in(lines)) == 6
    assert lines[-1] == "Stopped; `make run` starts it again."
    assert all(is_free(port + step) for step in range(4))
