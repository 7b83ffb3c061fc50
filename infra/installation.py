"""Which installation a command is for: the environment's, a deployed stage's, or the one that runs on this machine."""

import argparse
import json
import os
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.settings import BadSettings, Settings
from infra.aws import clients, stacks
from infra.aws.deployment import data_stack, is_stage
from infra.local import environment
from infra.local.stack import settings_environment

FOLDER = Path(__file__).parents[1] / ".local"


def add_options(parser: argparse.ArgumentParser, folder: Path = FOLDER) -> None:
    """Adds `--local [FOLDER]` and `--stage NAME`, of which one may be given; `find` reads them."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--stage", type=_stage, metavar="NAME", help="use what `make deploy STAGE=NAME` has deployed")
    where.add_argument(
        "--local",
        nargs="?",
        type=Path,
        const=folder,
        metavar="FOLDER",
        help="use what `make run` runs now; FOLDER if it was started with one",
    )


def find(where: argparse.Namespace, *fields: str) -> Settings:
    """The settings, with the named fields and a region, of what the options say, or else of the environment.

    Makes a local run's environment that of this process, for the SDKs too. Raises BadSettings.
    """
    if where.local is not None:
        environment.take_over(_environment_of(where.local / "run.json"))
    deployed = _deployed(where.stage, with_keys="token_keys" in fields) if where.stage else None
    own = settings.read({**os.environ, **deployed} if deployed else None)
    try:
        return own.require(*fields, "region")
    except BadSettings as error:  # the region has a name that everybody knows already
        raise BadSettings(str(error).replace(f"{settings.PREFIX}REGION", "AWS_REGION")) from None


def _stage(text: str) -> str:
    if not is_stage(text):
        raise argparse.ArgumentTypeError("a stage is named as it was deployed: `make deploy STAGE=NAME`")
    return text


def _deployed(stage: str, *, with_keys: bool) -> dict[str, str]:
    """Variables of a deployed stage, from the outputs of its data stack and, if they are asked for, the secret of its
    token keys; and the region where it was looked for."""
    region = clients.region()
    if not region:
        raise BadSettings("set the environment variable AWS_REGION to where the stage is deployed")
    name = data_stack(stage)
    aws = clients.connect(region)
    token_keys = ""
    try:
        outputs = stacks.outputs(aws.cloudformation, name)
        if outputs and with_keys:
            token_keys = aws.secrets.get_secret_value(SecretId=outputs["TokenKeysArn"])["SecretString"]
    except (BotoCoreError, ClientError) as error:
        raise BadSettings(f"the stack {name} in {region} cannot be read: {' '.join(str(error).split())}") from None
    if not outputs:
        raise BadSettings(f"there is no stack {name} in {region} of this account: was the stage deployed elsewhere?")
    return {**settings_environment(outputs, token_keys), f"{settings.PREFIX}REGION": region}


def _environment_of(run: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(run.read_text(encoding="utf-8"))["environment"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BadSettings(f"{run} does not tell of a run: start one with `make run`") from None
    return found
