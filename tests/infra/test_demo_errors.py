"""What `make demo` says where the run that it found fails it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra import demo


class _BrokenRun(ThreadingHTTPServer):
    """Takes mails, shows them in an inbox, and breaks at each pixel and link."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.mails: list[dict[str, Any]] = []


class _Answers(BaseHTTPRequestHandler):
    server: _BrokenRun

    def do_POST(self) -> None:
        mail = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.mails.append(mail | {"html": f'<img src="{self.server.url}/o/x">'})
        self._answer(202, {"id": "x"})

    def do_GET(self) -> None:
        self._answer(*((200, self.server.mails) if self.path == "/messages" else (500, {})))

    def _answer(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test tells what matters."""


@pytest.fixture
def broken_url() -> Iterator[str]:
    with _BrokenRun() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def test_an_error_of_the_run_leads_to_the_log_in_the_folder_that_was_given(
    broken_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("api_url", "tracking_url", "dashboard_url", "inbox_url")
    (tmp_path / "run.json").write_text(json.dumps({**dict.fromkeys(names, broken_url), "api_key": "ms_x"}))
    assert demo.main(["--folder", str(tmp_path), "--days", "0"]) == 1
    said = f"python -m infra.demo: the tracking host answered 500; see {tmp_path / 'mailsight.log'}\n"
    assert capsys.readouterr().err == said
