"""What is handed to `make run` and `make demo` arrives as it was meant, or is refused before anything starts."""

import shlex
import subprocess

import pytest

from infra.local.__main__ import main
from tests.infra.local_run import ROOT


@pytest.mark.parametrize(
    "relay",
    [
        *("localhost", "localhost:", ":25", "localhost:0", "localhost:65536", "localhost:smtp", "localhost:٢٥", ""),
        *("smtp://localhost:25", "two words:25", "localhost:25:25", "-x:25", f"localhost:{'1' * 5000}", "a\n:25"),
    ],
)
def test_a_relay_that_is_no_host_and_port_is_refused(relay: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--relay={relay}"])
    assert ended.value.code == 2
    assert "is no SMTP server as host:port, like localhost:1025" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("relay", ["localhost:1025", "127.0.0.1:25", "smtp-1.example.com:65535", "h:1"])
def test_a_relay_is_taken_and_the_next_thing_wrong_is_named(relay: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--relay={relay}", "--port", "no"])
    assert "argument --port" in capsys.readouterr().err


@pytest.mark.parametrize(("target", "module"), [("run", "infra.local"), ("demo", "infra.demo")])
def test_make_hands_over_a_folder_with_spaces_in_its_name(target: str, module: str) -> None:
    command = ["make", "--dry-run", target, "FOLDER=my data", *(["RELAY=a b"] if target == "run" else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if f"-m {module} " in line]
    words = shlex.split(line)
    assert words[words.index("--folder") + 1] == "my data"
    assert target != "run" or words[words.index("--relay") + 1] == "a b"
