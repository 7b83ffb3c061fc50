"""docs/DEPLOYMENT.md and the messages of a deployment say what is so: commands, variables, places, permissions."""

import json
import re
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from chalicelib.settings import Settings
from infra import template
from infra.aws import package, steps
from tests.infra.local_run import ROOT

GUIDE = (ROOT / "docs" / "DEPLOYMENT.md").read_text(encoding="utf-8")
MESSAGES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "infra" / "aws").glob("*.py")))
OF_EVERY_COMMAND = {"region", "query", "output"}
NOT_OF_A_SERVICE = {"configure", "sso", "s3"}

COMMAND = re.compile(r"(?<![\w.])aws ([a-z0-9]+) ([a-z0-9-]+)((?:(?!(?<![\w.])aws |[`;|\n]).|\\\n|\"\n\s*f?\")*)")


def commands(text: str) -> list[tuple[str, str, frozenset[str]]]:
    """Service, operation and options of every `aws …` of a service in a text."""
    found = []
    for service, operation, rest in COMMAND.findall(text.replace("\\\n", " ")):
        if service not in NOT_OF_A_SERVICE and (service, operation) != ("logs", "tail"):
            found.append((service, operation, frozenset(re.findall(r"--([a-z][a-z0-9-]+)", rest))))
    return found


def names_of(service: str, operation: str) -> set[str]:
    """The options that a command of AWS's command line has, by the description of the service."""
    model = botocore.session.get_session().get_service_model(service)
    (known,) = [name for name in model.operation_names if xform_name(name, "-") == operation]
    shape = model.operation_model(known).input_shape
    members = shape.members if shape else {}
    options = {xform_name(name, "-") for name in members}
    return options | {f"no-{xform_name(name, '-')}" for name, one in members.items() if one.type_name == "boolean"}


@pytest.mark.parametrize(
    "one", sorted(set(commands(GUIDE) + commands(MESSAGES)), key=str), ids=lambda one: " ".join(one[:2])
)
def test_a_command_is_one_that_aws_knows(one: tuple[str, str, frozenset[str]]) -> None:
    service, operation, options = one
    if operation == "wait":
        return
    assert options - OF_EVERY_COMMAND <= names_of(service, operation)


def test_there_are_commands_in_guide_and_messages() -> None:
    assert len(commands(GUIDE)) > 15
    assert ("cloudformation", "continue-update-rollback") in {one[:2] for one in commands(MESSAGES)}


def test_what_is_waited_for_can_be_waited_for() -> None:
    session = botocore.session.get_session()
    waits = re.findall(r"aws ([a-z0-9]+) wait ([a-z-]+)", GUIDE)
    assert len(waits) == 3
    for service, name in waits:
        assert name in {xform_name(waiter, "-") for waiter in session.get_waiter_model(service).waiter_names}


def test_places_in_the_guide_that_messages_name_are_there() -> None:
    named = set(re.findall(r"DEPLOYMENT\.md, ([A-Z][a-z ]+)[):.\"]", MESSAGES))
    assert named >= {"Permissions", "Certificate", "Production access"}
    headings = {re.sub(r"^[0-9]+ ", "", line.lstrip("# ")) for line in GUIDE.splitlines() if line.startswith("#")}
    assert named <= headings


def test_every_variable_of_make_is_explained() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\ndeploy:")[2].partition("\n\n")[0]
    variables = set(re.findall(r"\$\(([A-Z_]+)\)", recipe)) - {"READY", "BIN"}
    table = GUIDE.partition("| variable |")[2].partition("\n\n")[0]
    explained = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`([A-Z_]+)(?:=1)?`", row.split("|")[1:2][0] if "|" in row else "")
    }
    assert explained == variables


def test_every_service_of_the_templates_is_among_the_permissions() -> None:
    prefixes = {"apigatewayv2": "apigateway"}
    types = {
        resource["Type"]
        for path in (steps.DATA, *package.PARTS)
        for resource in template.load(path).get("Resources", {}).values()
        if "Type" in resource
    }
    services = {one.split("::")[1].lower() for one in types} - {"serverless"} | {"lambda", "events", "iam"}
    rows = GUIDE.partition("| service |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z0-9]+)`", rows)) >= {prefixes.get(name, name) for name in services}


def test_the_command_that_rotates_the_keys_adds_one_that_signs() -> None:
    (code,) = re.findall(r"python3 -c '([^']+)'", GUIDE)
    before = {"1": "a" * 64, "9": "b" * 64}
    run = [sys.executable, "-c", code]
    after = subprocess.run(run, input=json.dumps(before), capture_output=True, text=True, check=True).stdout
    keys = Settings(token_keys=after).keys
    assert keys.newest == 10
    assert {str(key_id): secret.decode() for key_id, secret in keys.secrets.items()}.items() >= before.items()


def test_what_stays_is_all_that_the_data_stack_keeps() -> None:
    kept = [
        resource["Properties"]
        for resource in template.load(steps.DATA)["Resources"].values()
        if resource.get("DeletionPolicy") == "Retain"
    ]
    names = {
        one["Fn::Sub"]
        for properties in kept
        for key, one in properties.items()
        if key.endswith("Name") or key == "Name"
    }
    end = GUIDE.partition("**What stays**")[2].partition("## Permissions")[0]
    for name in names:
        word = name.removeprefix("mailsight-${Stage}-").removesuffix("-${AWS::AccountId}-${AWS::Region}")
        assert re.search(rf"(?<![a-z]){word}(?![a-z-])", end), (
            f"{name} is kept, and the guide does not say how to delete it"
        )


def test_the_guide_leads_to_files_that_are_there() -> None:
    for text, folder in ((GUIDE, ROOT / "docs"), ((ROOT / "README.md").read_text(), ROOT)):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert Path(folder, target).exists(), target
