"""The shape of the code as tests: who may import whom, how long a file may be, what a cold start may load."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIB = ROOT / "chalicelib"
MODULES = sorted(path for path in LIB.rglob("*.py") if path.read_text().strip())
INFRA = sorted(path for folder in ("infra", "bench") for path in (ROOT / folder).rglob("*.py"))
LONGEST = 400

# layer -> (layers below it, packages it may use); its own layer and the standard library are always allowed
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "settings": ({"core"}, set()),
    "core": (set(), {"email_validator", "idna", "pydantic", "pydantic_core"}),
    "storage": ({"core"}, {"pynamodb"}),
    "gateways": (
        {"core", "settings"},
        {"boto3", "botocore", "mypy_boto3_s3", "mypy_boto3_sqs", "mypy_boto3_sesv2", "standardwebhooks"}
        | {"PIL", "xlsxwriter"},
    ),
    "web": ({"core"}, {"jinja2", "markupsafe"}),
    "flow": ({"core", "storage", "gateways"}, set()),
    "entrypoints": (
        {"core", "settings", "storage", "gateways", "web", "flow"},
        {"chalice", "aws_lambda_powertools", "boto3", "botocore"},
    ),
}

# what Lambda imports first -> what must not come with it
COLD_START = {
    "chalicelib.entrypoints.track": {
        "asyncio",
        "aws_lambda_powertools",
        "boto3",
        "botocore",
        "chalice",
        "dataclasses",
        "email",
        "email_validator",
        "http",
        "idna",
        "inspect",
        "jinja2",
        "pydantic",
        "pynamodb",
    },
    "chalicelib.entrypoints.fold": {"boto3", "email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.ingest": {"boto3", "email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.send": {"jinja2", "pydantic"},
    "chalicelib.entrypoints.notify": {"email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.deliver": {"email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.remind": {"email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.people": {"email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.inform": {"PIL", "jinja2", "xlsxwriter"},
    "chalicelib.entrypoints.report": {"boto3", "email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.sweep": {"email_validator", "idna", "jinja2", "pydantic"},
    "chalicelib.entrypoints.replay": {"email_validator", "idna", "jinja2", "pydantic"},
    "app": {"PIL", "jinja2", "xlsxwriter"},
}
TRACK_MAY_USE = {
    "chalicelib",
    "chalicelib.settings",
    "chalicelib.core",
    "chalicelib.gateways",
    "chalicelib.entrypoints",
}
# jinja2, XlsxWriter and Pillow, so that the JSON half of the API function, which imports every entrypoint, does not pay
MAY_IMPORT_LATE = {"web/render.py", "gateways/sheets.py", "gateways/chart.py"}

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIB)))


def layer_of(path: Path) -> str:
    return path.relative_to(LIB).parts[0].removesuffix(".py")


def imports_in(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only: the arrow must be readable in the line itself"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@every_module
def test_imports_point_down(path):
    layer, names = layer_of(path), imports_in(ast.parse(path.read_text()))
    if layer == "__init__":
        assert not names, "chalicelib/__init__.py is the map; it imports nothing"
        return
    below, packages = LAYERS[layer]
    for name in names:
        top, *rest = name.split(".")
        if top == "chalicelib":
            assert rest[0] in below | {layer}, f"{layer} may not import {name}"
        else:
            assert top in packages | sys.stdlib_module_names, f"{layer} may not use {name}"


def test_no_module_imports_itself_by_way_of_others():
    arrows = {}
    for path in MODULES:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        known = imports_in(ast.parse(path.read_text()))
        arrows[name] = {part for one in known for part in (one, one.rpartition(".")[0])}
    arrows = {name: {other for other in others if other in arrows} for name, others in arrows.items()}
    while leaves := {name for name, others in arrows.items() if not others & arrows.keys()}:
        arrows = {name: others for name, others in arrows.items() if name not in leaves}
    assert not arrows, f"a cycle among {sorted(arrows)}"


@every_module
def test_imports_are_at_the_top(path):
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    late = [function.name for function in functions if imports_in(function)]
    assert not late or str(path.relative_to(LIB)) in MAY_IMPORT_LATE


@pytest.mark.parametrize("path", [*MODULES, *INFRA], ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_short_and_says_what_it_is(path):
    assert len(path.read_text().splitlines()) <= LONGEST
    assert not path.read_text().strip() or ast.get_docstring(ast.parse(path.read_text()))


@every_module
def test_only_settings_reads_the_environment(path):
    reads = "os.environ" in path.read_text() or "getenv" in path.read_text()
    assert not reads or layer_of(path) == "settings"


@every_module
def test_only_keys_makes_key_strings(path):
    """A key string is an f-string with `#`; `event.key` is the hot path's, which may not import storage."""
    if str(path.relative_to(LIB)) in {"storage/keys.py", "core/event.py"}:
        return
    texts = [
        "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr) and layer_of(path) in ("storage", "flow", "entrypoints")
    ]
    assert not [text for text in texts if "#" in text]


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter without network and credentials has loaded, as a Lambda starts."""
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        f"{statement}\n"
        "print(*sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize("module", COLD_START)
def test_cold_start(module):
    assert not modules_after(f"import {module}") & COLD_START[module]


def test_track_loads_only_what_its_row_of_the_design_allows():
    loaded = modules_after("import chalicelib.entrypoints.track") - modules_after("pass")
    foreign = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names}
    layers = {".".join(name.split(".")[:2]) for name in foreign if name.startswith("chalicelib")}
    assert layers <= TRACK_MAY_USE
    assert {name.split(".")[0] for name in foreign} == {"chalicelib"}


def test_every_handler_is_where_lambda_will_look():
    """Chalice sets Handler to '<blueprint module>.<function name>', and Lambda imports that, not app.py."""
    app = importlib.import_module("app").app
    handlers = [function.handler_string for function in [*app.pure_lambda_functions, *app.event_sources]]
    assert sorted(handlers) == [
        f"chalicelib.entrypoints.{name}.{name}"
        for name in (
            *("deliver", "fold", "inform", "ingest", "notify", "people", "recount", "remind", "replay", "report"),
            *("send", "sweep"),
        )
    ]
    for handler in [*handlers, "chalicelib.entrypoints.track.handler"]:
        module, _, name = handler.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name, None)), handler
