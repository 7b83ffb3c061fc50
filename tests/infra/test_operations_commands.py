"""The commands of docs/OPERATIONS.md can be typed: whoever reads them is in a hurry."""

import importlib
import re
from pathlib import Path
from typing import NamedTuple

import botocore.session
import pytest
from botocore import xform_name

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "OPERATIONS.md").read_text().replace("\\\n", " ")
CODE = "\n".join(map("".join, re.findall(r"^```sh\n(.*?)^```|`(aws [^`]+|python -m [^`]+)`", TEXT, re.M | re.S)))
OF_EVERY_COMMAND = {"query", "output", "cli-binary-format"}
OF_THE_COMMAND_LINE_ITSELF = {("logs", "tail"): {"filter-pattern", "since", "format"}}


class Command(NamedTuple):
    """A call of the AWS command line: which operation, with which options."""

    service: str
    operation: str
    options: frozenset[str]


COMMANDS = sorted(
    {
        Command(service, operation, frozenset(re.findall(r"(?<!\S)--([a-z-]+)", rest)) - OF_EVERY_COMMAND)
        for service, operation, rest in re.findall(r"\baws ([a-z0-9-]+) ([a-z-]+)((?:(?!\baws |\| )[^\n])*)", CODE)
    },
    key=str,
)


@pytest.fixture(scope="module")
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: f"{one.service} {one.operation}")
def test_a_command_is_one_that_aws_has_with_options_that_it_takes(session, command):
    known = OF_THE_COMMAND_LINE_ITSELF.get(command[:2])
    if known is None:
        model = session.get_service_model(command.service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(operations[command.operation]).input_shape
        members = {xform_name(name, "-") for name in shape.members}
        known = members | {f"no-{name}" for name in members}
        assert {xform_name(name, "-") for name in shape.required_members} <= command.options
    assert command.options <= known


def test_there_are_commands_to_look_at():
    assert len(COMMANDS) > 20
    assert {"cloudwatch", "sqs", "lambda", "logs", "sesv2", "dynamodb"} <= {one.service for one in COMMANDS}


def test_what_is_looked_for_in_a_log_is_said_by_the_code():
    said = "\n".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    patterns = re.findall(r"(?:said \w+|--filter-pattern) '([^']+)'", CODE)
    wanted = {word for pattern in patterns for word in re.findall(r'"([a-z_]+)"', pattern)}
    assert len(wanted) > 8
    assert {word for word in wanted if f'"{word}"' not in said} == set()


@pytest.mark.parametrize("module", ["infra.account", "infra.replay", "infra.reclassify"])
def test_our_own_commands_take_the_options_that_are_written(module, capsys):
    with pytest.raises(SystemExit):
        importlib.import_module(module).main(["--help"])
    known = set(re.findall(r"(?<!\S)--[a-z-]+", capsys.readouterr().out))
    calls = re.findall(rf"python -m {re.escape(module)}((?:[^\n`|)])*)", CODE)
    assert calls
    assert {option for call in calls for option in re.findall(r"(?<!\S)--[a-z-]+", call)} <= known


def test_links_inside_the_page_lead_somewhere():
    titles = re.findall(r"^#+ (.+)$", TEXT, re.M)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))
    assert links
    assert links - anchors == set()
