"""Which installation a command is for: the one that the environment names, or the one that runs on this machine."""

import argparse
import json
from pathlib import Path

from chalicelib import settings
from chalicelib.settings import BadSettings, Settings
from infra.local import environment

FOLDER = Path(__file__).parents[1] / ".local"


def add_option(parser: argparse.ArgumentParser, folder: Path = FOLDER) -> None:
    """Adds `--local [FOLDER]`; its value is the folder of a run, or None."""
    parser.add_argument(
        "--local",
        nargs="?",
        type=Path,
        const=folder,
        metavar="FOLDER",
        help="use what `make run` runs now; FOLDER if it was started with one",
    )


def find(local: Path | None, *fields: str) -> Settings:
    """The settings, with the named fields and a region, of the run in the folder `local` or else of the environment.

    Makes the run's environment that of this process, for the SDKs too. Raises BadSettings.
    """
    if local is not None:
        environment.take_over(_environment_of(local / "run.json"))
    own = settings.read()
    try:
        return own.require(*fields, "region")
    except BadSettings as error:  # the region has a name that everybody knows already
        raise BadSettings(str(error).replace(f"{settings.PREFIX}REGION", "AWS_REGION")) from None


def _environment_of(run: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(run.read_text(encoding="utf-8"))["environment"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BadSettings(f"{run} does not tell of a run: start one with `make run`") from None
    return found
