"""`make deploy` as somebody types it: what is handed over arrives, and what is wrong ends it at once."""

import os
import shlex
import subprocess
import sys
import uuid
from typing import Any

import pytest

from infra.aws import stacks, steps
from infra.aws.clients import Clients
from infra.aws.deployment import Deployment
from infra.aws.steps import Console, NotDeployed
from infra.deploy import asking
from infra.local import emulator
from tests.infra.local_run import ROOT

NOBODY = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def environment_of(endpoint: str) -> dict[str, str]:
    """A shell that reaches the emulator and nothing else."""
    return {
        **NOBODY,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": emulator.REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def command(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAILSIGHT_"))}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def handed_over(*variables: str) -> list[str]:
    """The arguments that `make deploy` gives to the command."""
    make = ["make", "--dry-run", "deploy", *variables]
    text = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout.replace("\\\n", " ")
    (line,) = [line for line in text.splitlines() if "-m infra.deploy " in line]
    return shlex.split(line)[3:]


def test_make_hands_over_what_is_given_and_no_empty_argument() -> None:
    assert handed_over() == ["--stage", "prod"]
    assert handed_over("STAGE=eu", "FROM=News <news@example.com>", "TRACKING_DOMAIN=t.example.com", "YES=1") == [
        *("--stage", "eu", "--from", "News <news@example.com>", "--tracking-domain", "t.example.com", "--yes")
    ]
    assert handed_over("MAY_LOSE=EventsTable LinksTable", "FROM=")[2:] == [
        *("--may-lose", "EventsTable", "--may-lose", "LinksTable")
    ]


def test_every_option_has_a_variable_of_make() -> None:
    options = {
        "TRACKING_CERTIFICATE": "--tracking-certificate",
        "DASHBOARD_DOMAIN": "--dashboard-domain",
        "DASHBOARD_CERTIFICATE": "--dashboard-certificate",
        "ALARM_EMAIL": "--alarm-email",
        "NETWORKS": "--networks",
        "WEBHOOK_TARGETS": "--webhook-targets",
        "TRACK_CONCURRENCY": "--track-concurrency",
        "ARCHITECTURE": "--architecture",
    }
    for variable, option in options.items():
        assert handed_over(f"{variable}=x")[2:] == [option, "x"]
    assert handed_over("TAKE_OVER=1")[2:] == ["--take-over"]


@pytest.mark.parametrize(
    "arguments", [(), ("--stage", "prod", "--track-concurrency", "-1"), ("--stage", "prod", "--architecture", "vax")]
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...]) -> None:
    assert command("infra.deploy", *arguments, **NOBODY).returncode == 2


def test_without_region_and_name_both_are_told_and_nothing_is_asked() -> None:
    done = command("infra.deploy", "--stage", "Prod", **NOBODY)
    assert done.returncode == 1
    assert "export AWS_REGION=" in done.stdout
    assert "'Prod' is no name for a stage" in done.stdout
    assert "mend what is marked FAILED" in done.stderr


def test_without_credentials_it_says_how_to_get_some() -> None:
    done = command("infra.deploy", "--stage", "prod", **NOBODY, AWS_REGION="eu-west-1")
    assert done.returncode == 1
    assert "no credentials: aws configure, or aws sso login" in done.stdout
    assert len(done.stderr.splitlines()) == 1


def test_without_a_terminal_nothing_is_agreed_to_unless_it_was_said() -> None:
    assert asking(True)("Create it?")
    assert not sys.stdin.isatty()
    with pytest.raises(NotDeployed, match=r"no terminal to ask on.*YES=1, or --yes"):
        asking(False)("Create it?")


@pytest.mark.local
def test_a_failed_check_ends_it_before_anything_is_packed(endpoint: str, emulated: Clients) -> None:
    stage = f"s{uuid.uuid4().hex[:8]}"
    arguments = ("--stage", stage, "--from", "news@nobody.example", "--tracking-domain", "t.example.com", "--yes")
    done = command("infra.deploy", *arguments, **environment_of(endpoint))
    assert done.returncode == 1
    assert "account 000000000000, region eu-west-1" in done.stdout
    assert "SES does not know news@nobody.example" in done.stdout
    assert "t.example.com needs a certificate" in done.stdout
    assert "2/5" not in done.stdout
    assert stacks.describe(emulated.cloudformation, f"mailsight-{stage}-data") is None


@pytest.mark.local
def test_keys_and_replay_find_a_deployed_stage_by_its_name(endpoint: str, emulated: Clients) -> None:
    stage = f"s{uuid.uuid4().hex[:8]}"
    place: Any = environment_of(endpoint)
    missing = command("infra.account", "--account", "acme", "--stage", stage, **place)
    assert missing.returncode == 2
    assert f"there is no stack mailsight-{stage}-data in eu-west-1" in missing.stderr
    steps.deploy_data(Deployment(stage), emulated, Console(lambda _: None, lambda _: True))
    made = command("infra.account", "--account", "acme", "--stage", stage, **place)
    assert (made.returncode, made.stderr) == (0, "")
    key_id = made.stdout.split("_")[1]
    ended = command("infra.account", "--revoke", key_id, "--stage", stage, **place)
    assert ended.stdout == f"The key {key_id} is revoked.\n"
    replayed = command("infra.replay", "--stage", stage, **place)
    assert (replayed.returncode, replayed.stderr) == (0, "")


def test_a_stage_needs_a_region_and_a_name_that_can_be_one() -> None:
    assert "AWS_REGION" in command("infra.account", "--account", "acme", "--stage", "prod", **NOBODY).stderr
    refused = command("infra.account", "--account", "acme", "--stage", "Prod", **NOBODY)
    assert refused.returncode == 2
    both = command("infra.account", "--account", "acme", "--stage", "prod", "--local", **NOBODY)
    assert "not allowed with argument" in both.stderr
