"""The zip alone, without this project and its environment, holds everything that the functions run on."""

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.aws import bundle
from infra.aws.package import Package

ROOT = Path(__file__).parents[2]
LARGEST = 19 * 1024 * 1024  # half of it is pydantic, Powertools and botocore, compiled; a quarter is Pillow

ISOLATED = """\
import socket, sys
def refuse(*a, **k): raise AssertionError("network at import")
socket.socket.connect = refuse
sys.path.insert(0, {folder!r})
{statement}
import importlib
for name, module in list(sys.modules.items()):
    path = getattr(module, "__file__", None)
    assert not path or path.startswith(({folder!r}, sys.base_prefix)), f"{{name}} comes from {{path}}"
"""


@pytest.fixture(scope="module")
def unpacked(packaged: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(packaged.zip) as packed:
        packed.extractall(folder)
    return folder


def run(folder: Path, statement: str) -> None:
    """Runs a statement where only the standard library and the zip are: -I is without environment, -S without sites."""
    code = ISOLATED.format(folder=str(folder), statement=statement)
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], env={}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def handlers() -> list[str]:
    names = ["api_emails", "track", "send", "ingest", "fold", "sweep", "replay", "inform", "people"]
    return ["app", *(f"chalicelib.entrypoints.{name}" for name in names)]


@pytest.mark.parametrize("module", handlers())
def test_a_handler_starts_from_the_zip_alone(unpacked, module):
    run(unpacked, f"import {module}")


def test_pictures_and_workbooks_are_made_from_the_zip_alone(unpacked):
    """Also without what of Pillow stays behind."""
    chart = "Chart('Sent', ('22 Nov',), (Series('sent', (3,)),), True)"
    sheet = "Sheet(Head('t', (), (Column('a'),)), [('b',)])"
    lines = [
        "from chalicelib.core.report_chart import Chart, Series",
        "from chalicelib.core.sheet import Column, Head, Sheet",
        "from chalicelib.gateways import chart, sheets",
        f"assert chart.png_of({chart})[1:4] == b'PNG'",
        f"assert sheets.written('xlsx', {sheet})[:2] == b'PK'",
    ]
    run(unpacked, "; ".join(lines))


@pytest.mark.parametrize("service", sorted(bundle.SERVICES))
def test_a_client_of_a_service_that_we_call_can_be_made(unpacked, service):
    who = "aws_access_key_id='id', aws_secret_access_key='secret'"
    run(unpacked, f"import boto3; boto3.client({service!r}, region_name='eu-west-1', {who})")


def test_services_are_those_that_the_code_calls():
    called = {"dynamodb"}  # by pynamodb
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "boto3.client":
                assert isinstance(node.args[0], ast.Constant)
                called.add(str(node.args[0].value))
    assert called == bundle.SERVICES


def test_the_zip_is_small_and_has_no_tools_in_it(packaged):
    with zipfile.ZipFile(packaged.zip) as packed:
        tops = {name.partition("/")[0] for name in packed.namelist()}
        described = {
            name.split("/")[2]
            for name in packed.namelist()
            if name.startswith("botocore/data/") and name[14:].count("/")
        }
    assert not tops & {
        "pip",
        "setuptools",
        "wheel",
        "tests",
        "infra",
        "bench",
        "moto",
        "ministack",
        "click",
        "inquirer",
    }
    assert {"app.py", "chalicelib", "chalice", "boto3", "pydantic"} <= tops
    assert described == bundle.SERVICES
    assert packaged.zip.stat().st_size < LARGEST


def test_every_module_is_compiled_by_hash_that_nobody_checks(packaged):
    with zipfile.ZipFile(packaged.zip) as packed:
        names = set(packed.namelist())
        sources = [name for name in names if name.endswith(".py")]
        for name in sources:
            folder, _, file = name.rpartition("/")
            compiled = f"{folder}/__pycache__/" if folder else "__pycache__/"
            compiled += f"{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
            assert packed.read(compiled)[4:8] == b"\1\0\0\0", compiled
    assert len(sources) > 500


def test_native_parts_are_for_the_processor_that_was_asked_for(packaged):
    template = json.loads(packaged.template.read_text())
    (architecture,) = template["Resources"]["Track"]["Properties"]["Architectures"]
    with zipfile.ZipFile(packaged.zip) as packed:
        native = [name for name in packed.namelist() if name.endswith(".so")]
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[architecture]
    assert native and all(machine in name for name in native if "linux-gnu" in name)
