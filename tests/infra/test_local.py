"""The embedded default as a person meets it: one command, one banner, a clean end, and nothing lost in between."""

import json
import os
import re
import shlex
import signal
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from infra.local.environment import from_first
from infra.local.folder import Folder
from tests.infra.local_run import Answer, LocalRun, ask, free_ports, is_free, until

pytestmark = pytest.mark.local

MAIL = {
    "from": "me@example.com",
    "to": "you@example.com",
    "subject": "Hello",
    "html": '<p><a href="https://example.com/?a=1">this</a></p>',
}


def api(run: dict[str, Any], path: str, method: str = "GET", body: object = None) -> Answer:
    return ask(run["api_url"] + path, method, body, {"Authorization": f"Bearer {run['api_key']}"})


def shown(run: dict[str, Any], message_id: str) -> dict[str, Any]:
    mail: dict[str, Any] = api(run, f"/v1/emails/{message_id}").json
    return mail


def sent(run: dict[str, Any], **more: str) -> str:
    """The id of a mail that was sent and has arrived."""
    answer = api(run, "/v1/emails", "POST", {**MAIL, **more})
    assert answer.status == 202, answer.body
    message_id = str(answer.json["id"])
    until(lambda: shown(run, message_id).get("status") == "delivered", "the delivery")
    return message_id


def open_and_click(run: dict[str, Any]) -> None:
    """As the recipient of the newest mail in the inbox."""
    html = ask(f"{run['inbox_url']}/messages").json[0]["html"]
    pixel, link = (re.search(rf'"({run["tracking_url"]}/{kind}/[^"]+)"', html) for kind in "oc")
    assert pixel and link
    assert ask(pixel[1]).headers["content-type"] == "image/gif"
    assert ask(link[1]).headers["location"] == "https://example.com/?a=1"


def counts(run: dict[str, Any], message_id: str) -> tuple[int, int]:
    mail = shown(run, message_id)
    return mail["opens"]["count"], mail["clicks"]["count"]


def test_a_run_is_used_stopped_started_killed_and_started_again_without_losing_a_hit(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_ports()
    with LocalRun(folder, port) as first:
        run = first.wait_until_it_answers()
        message_id = sent(run)
        open_and_click(run)
        until(lambda: counts(run, message_id) == (1, 1), "the open and the click")
        assert first.end(signal.SIGINT) == 0
        assert first.output.rstrip().endswith("Stopped.")
    assert not (folder / "run.json").exists()
    assert all(is_free(port + step) for step in range(4))

    with LocalRun(folder, port) as second:
        again = second.wait_until_it_answers()
        assert again["api_key"] == run["api_key"]
        assert counts(again, message_id) == (1, 1)
        open_and_click(again)  # with the links of a mail of the first run
        until(lambda: counts(again, message_id) == (2, 2), "what was done after the restart")
        second.process.kill()
        second.wait()
    assert (folder / "run.json").exists()
    assert not is_free(port + 3), "the emulator lives on when its run is killed"

    with LocalRun(folder, port) as third:
        until(lambda: "left behind" in third.output, "word of the emulator that was left behind")
        last = third.wait_until_it_answers()
        assert counts(last, message_id) == (2, 2)
        assert third.end(signal.SIGTERM) == 0
    assert all(is_free(port + step) for step in range(4))


def test_a_kept_stack_answers_on_other_ports_too(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with LocalRun(folder, free_ports()) as first:
        message_id = sent(first.wait_until_it_answers())
        first.end(signal.SIGTERM)
    with LocalRun(folder, free_ports()) as second:
        run = second.wait_until_it_answers()
        assert shown(run, message_id)["status"] == "delivered"
        sent(run, subject="Through queues that were made on another port")


def test_an_emulator_that_ends_by_itself_ends_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with LocalRun(folder, free_ports()) as run:
        run.wait_until_it_answers()
        os.kill(int(Folder(folder).emulator_lock.read_text()), signal.SIGKILL)
        assert run.wait() == 1
        assert "the emulator ended by itself" in run.output
    assert not (folder / "run.json").exists()


def test_the_banner_tells_where_to_look_and_its_curl_sends_a_mail(local_run: LocalRun, local: dict[str, Any]) -> None:
    banner = until(lambda: "Data and logs" in local_run.output and local_run.output, "the banner")
    for name in ("dashboard_url", "inbox_url", "api_key"):
        assert local[name] in banner
    command = banner[banner.index("curl") : banner.index("Data and logs")]
    curl, url, *options = shlex.split(command.replace("\\\n", ""))
    given = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for name, value in given if name == "-H")
    (body,) = [value for name, value in given if name == "-d"]
    assert curl == "curl"
    answer = ask(url, "POST", json.loads(body), headers)
    assert answer.status == 202
    until(lambda: shown(local, answer.json["id"]).get("status") == "delivered", "the delivery")


def test_a_second_run_beside_it_is_told_where_the_first_one_is(local_run: LocalRun, local: dict[str, Any]) -> None:
    with LocalRun(local_run.folder, free_ports()) as second:
        assert second.wait() == 1
        assert f"already running in {local_run.folder} at {local['dashboard_url']}" in second.output
        assert "Traceback" not in second.output
    assert ask(local["dashboard_url"]).status < 500
    assert (local_run.folder / "run.json").exists()


@pytest.mark.parametrize("busy", ["api", "tracking", "inbox", "emulator"])
def test_a_busy_port_is_named_with_what_it_is_for(busy: str, tmp_path: Path) -> None:
    ports = from_first(free_ports())
    with socket.create_server(("127.0.0.1", getattr(ports, busy))), LocalRun(tmp_path / "data", ports.api) as run:
        assert run.wait() == 1
        assert f"port {getattr(ports, busy)} of 127.0.0.1, for the {busy}," in run.output
        assert "make run PORT=" in run.output
        assert "Traceback" not in run.output


def test_what_is_kept_of_secrets_is_readable_by_its_owner_only(local_run: LocalRun, local: dict[str, Any]) -> None:
    for name in ("run.json", "api-key"):
        assert stat.S_IMODE((local_run.folder / name).stat().st_mode) == 0o600


def test_handlers_see_the_emulator_and_nothing_of_the_shell_that_started_them(local: dict[str, Any]) -> None:
    environment = local["environment"]
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert environment["MAILSIGHT_EVENTS_TABLE"] == "mailsight-local-events"
    assert environment["MAILSIGHT_TRACKING_URL"] == local["tracking_url"]
    assert environment["MAILSIGHT_DASHBOARD_URL"] == local["dashboard_url"]
    assert environment["MAILSIGHT_STAGE"] == "local"
    (key,) = json.loads(environment["MAILSIGHT_TOKEN_KEYS"]).values()
    assert len(key) == 64


def test_the_api_wants_its_key_and_the_hosts_speak_http(local: dict[str, Any]) -> None:
    assert ask(f"{local['api_url']}/v1/emails").status == 401
    assert ask(f"{local['api_url']}/v1/emails", "HEAD").body == b""
    assert ask(f"{local['tracking_url']}/v1/emails").json == {"message": "Not Found"}
    assert ask(local["inbox_url"]).status == 200
