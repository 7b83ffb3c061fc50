"""What is deployed: one zip and one CloudFormation template, the same for AWS and for the emulator of the tests.

    python -m infra.aws.package --stage prod --folder build [--architecture x86_64]

Chalice packs app.py, chalicelib/ and the requirements, and makes a SAM template of them; the parts in infra/*.yaml are
merged into it; then SAM is translated here, so that what is linted and tested is what runs. No account and no region is
needed.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.core.problem import MailsightError
from infra import template
from infra.aws import bundle, dashboard, sam

ROOT = Path(__file__).parents[2]
PARTS = (ROOT / "infra" / "watch.yaml", ROOT / "infra" / "dashboard.yaml", ROOT / "infra" / "app.yaml")
PRICES = ROOT / "infra" / "prices.json"
ARCHITECTURES = ("arm64", "x86_64")
OF_THIS_MACHINE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
NO_REGION = "us-east-1"  # Chalice wants one and writes it nowhere


class CannotPackage(MailsightError):
    """The package could not be made; the message says what to mend."""


class Package(NamedTuple):
    """`zip` holds the functions; `template` is CloudFormation in JSON, whose parameters say where the zip lies."""

    zip: Path
    template: Path


def make(folder: Path, *, stage: str = "prod", architecture: str = "arm64") -> Package:
    """Both, in a folder. The zip is compiled for this interpreter's version of Python, which the functions run on."""
    folder.mkdir(parents=True, exist_ok=True)
    package = Package(folder / "mailsight.zip", folder / "template.json")
    with tempfile.TemporaryDirectory(prefix="mailsight-") as scratch:
        project, made = Path(scratch, "project"), Path(scratch, "made")
        _copy_project(project, architecture)
        (project / "merge.json").write_text(json.dumps(_merged_in()), encoding="utf-8")
        _run_chalice(project, made, stage)
        bundle.repack(made / "deployment.zip", Path(scratch, "unpacked"), package.zip)
        whole = _completed(json.loads((made / "sam.json").read_text(encoding="utf-8")))
    package.template.write_text(json.dumps(sam.translated(whole), indent=1) + "\n", encoding="utf-8")
    return package


def _copy_project(project: Path, architecture: str) -> None:
    """What Chalice needs, in a folder of its own: it leaves files, and its architecture stands in its configuration."""
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".chalice" / "policies", project / ".chalice" / "policies")
    shutil.copy(ROOT / "app.py", project)
    shutil.copy(ROOT / "requirements.lock", project / "requirements.txt")
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["lambda_architecture"] = architecture
    (project / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")


def _merged_in() -> dict[str, Any]:
    """The parts as one; no name may stand in two."""
    merged: dict[str, Any] = {}
    for path in PARTS:
        for section, entries in template.load(path).items():
            known = merged.setdefault(section, {})
            if twice := known.keys() & entries.keys():
                raise CannotPackage(f"{path.name} says {section} {', '.join(sorted(twice))} again")
            known.update(entries)
    return merged


def _run_chalice(project: Path, made: Path, stage: str) -> None:
    arguments = ["package", "--stage", stage, "--merge-template", "merge.json", str(made)]
    command = [sys.executable, "-c", "from chalice.cli import main; main()", *arguments]
    environment = {**os.environ, "AWS_DEFAULT_REGION": NO_REGION}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    if done.returncode or not (made / "sam.json").exists():
        raise CannotPackage(f"chalice package failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def _completed(whole: dict[str, Any]) -> dict[str, Any]:
    """Chalice's template with what app.yaml cannot say: values that only the other half knows."""
    resources = whole["Resources"]
    functions = {name: one["Properties"] for name, one in resources.items() if one["Type"] == sam.FUNCTION}
    chalices = functions["APIHandler"]
    for properties in functions.values():
        properties["CodeUri"] = {"Bucket": {"Ref": "CodeBucket"}, "Key": {"Ref": "CodeKey"}}
        properties["Runtime"], properties["Architectures"] = chalices["Runtime"], chalices["Architectures"]
        properties.pop("Tracing", None)
        properties.pop("Tags", None)  # Chalice's version and stage; the stack has tags of its own
    policy = json.loads((ROOT / ".chalice" / "policies" / "track.json").read_text(encoding="utf-8"))
    resources["TrackRole"]["Properties"]["Policies"] = [{"PolicyName": "track", "PolicyDocument": policy}]
    prices: Mapping[str, float] = json.loads(PRICES.read_text(encoding="utf-8"))["prices"]
    for resource in resources.values():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            body = resource["Properties"]["DashboardBody"]
            resource["Properties"]["DashboardBody"] = dashboard.rendered(body, prices)
    whole["Description"] = "mailsight, stack 2 of 2: what runs. Functions, their APIs, alarms and the dashboard."
    for name in ("RestAPIId", "APIHandlerName", "APIHandlerArn", "EndpointURL"):
        whole["Outputs"].pop(name)  # Chalice's; ours say the same by better names
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Makes the package; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.aws.package", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", default="prod", help="default: prod")
    parser.add_argument("--folder", type=Path, default=ROOT / "build", help="default: build")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="arm64", help="default: arm64")
    asked = parser.parse_args(argv)
    try:
        package = make(asked.folder, stage=asked.stage, architecture=asked.architecture)
    except MailsightError as error:
        print(f"python -m infra.aws.package: {error}", file=sys.stderr)
        return 1
    for path in package:
        print(f"{path}  {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
