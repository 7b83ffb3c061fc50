"""The command that makes and ends API keys, run as an operator runs it."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.local_run import HOSTILE, ROOT, LocalRun, ask

NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
SETTINGS = {"MAILSIGHT_ACCOUNT_TABLE": "mailsight-test-account", "AWS_REGION": "eu-west-1"}


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, in a shell that knows nothing of AWS but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAILSIGHT_"))}
    return subprocess.run(
        [sys.executable, "-m", "infra.account", *arguments],
        cwd=ROOT,
        env={**kept, **NO_CREDENTIALS, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    (line,) = done.stderr.splitlines()
    assert line.startswith("python -m infra.account: ")
    assert done.stdout == ""
    return line


def status(local: dict[str, Any], key: str) -> int:
    return ask(f"{local['api_url']}/v1/emails", headers={"Authorization": f"Bearer {key}"}).status


@pytest.mark.local
def test_a_key_of_a_new_account_works_until_it_is_revoked(local_run: LocalRun, local: dict[str, Any]) -> None:
    place = ("--local", str(local_run.folder))
    made = command("--account", "made-by-command", "--scopes", "read", *place, **HOSTILE)
    assert (made.returncode, made.stderr) == (0, "")
    key = made.stdout.strip()
    assert status(local, key) == 200
    key_id = key.split("_")[1]
    for _ in range(2):
        ended = command("--revoke", key_id, *place, **HOSTILE)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"The key {key_id} is revoked.\n", "")
    assert status(local, key) == 401
    unknown = command("--revoke", "f" * 16, *place)
    assert unknown.returncode == 1
    assert "has no key with the id ffffffffffffffff" in complaint(unknown)


@pytest.mark.local
def test_a_credential_for_ses_s_api_is_shown_with_how_it_is_used_until_it_is_revoked(local_run: LocalRun) -> None:
    place = ("--local", str(local_run.folder))
    made = command("--account", "made-by-command", "--ses", "--name", "mailer", *place, **HOSTILE)
    assert (made.returncode, made.stderr) == (0, "")
    access_key_id, secret = re.findall(r"^AWS_[A-Z_]+=(\S+)$", made.stdout, re.MULTILINE)
    assert re.fullmatch(r"MSAK[A-Z2-7]{16}", access_key_id) and len(secret) == 40
    compile(made.stdout.partition("\n\n")[2].replace("…", ""), "shown", "exec")
    other = command("--account", "made-by-command", "--ses", *place, **HOSTILE)
    assert secret not in other.stdout
    ended = command("--revoke", access_key_id, *place, **HOSTILE)
    assert (ended.returncode, ended.stdout) == (0, f"The key {access_key_id} is revoked.\n")


def test_a_credential_needs_the_keys_that_its_secret_is_made_of() -> None:
    done = command("--account", "acme", "--ses", **SETTINGS)
    assert done.returncode == 2
    assert "set the environment variables MAILSIGHT_TOKEN_KEYS" in complaint(done)


def test_what_is_not_set_is_named_as_everybody_knows_it() -> None:
    done = command("--account", "acme")
    assert done.returncode == 2
    assert "set the environment variables MAILSIGHT_ACCOUNT_TABLE, AWS_REGION" in complaint(done)


def test_missing_credentials_are_one_line() -> None:
    done = command("--account", "acme", **SETTINGS)
    assert done.returncode == 1
    assert "the table mailsight-test-account in eu-west-1 cannot be used" in complaint(done)
    assert "Unable to locate credentials" in complaint(done)


@pytest.mark.parametrize("what", [("--account", "acme"), ("--revoke", "0123456789abcdef")])
def test_a_table_that_cannot_be_reached_is_one_line(what: tuple[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    done = command(*what, **SETTINGS, **credentials, AWS_ENDPOINT_URL=url)
    assert done.returncode == 1
    assert f'Could not connect to the endpoint URL: "{url}/"' in complaint(done)


def test_a_folder_without_a_run_is_told_with_what_to_do(tmp_path: Path) -> None:
    done = command("--account", "acme", "--local", str(tmp_path))
    assert done.returncode == 2
    assert complaint(done).endswith("run.json does not tell of a run: start one with `make run`")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "one of the arguments --account --revoke is required"),
        (("--account", "Acme GmbH"), "1 to 40 lower-case letters, digits and hyphens"),
        (("--account", "acme", "--revoke", "0123456789abcdef"), "not allowed with argument"),
        (("--account", "acme", "--scopes", "write"), "scopes are admin, read, send"),
        (("--account", "acme", "--days", "0"), "a key lasts 1 to 3650 days"),
        (("--revoke", f"ms_0123456789abcdef_{'a' * 64}"), "16 digits after ms_"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], message: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
