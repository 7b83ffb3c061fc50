"""The environment that handlers, and programs beside them, find the embedded default by."""

import os
import socket
from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.settings import PREFIX
from infra.local.emulator import HOST, REGION
from infra.local.problem import CannotRun
from infra.local.stack import CREDENTIAL, STAGE, read_secret, settings_environment

WEBHOOK_TARGETS = "127.0.0.0/8,::1/128,localhost"
"""Receivers on this machine, also by plain http."""

WEBHOOK_SETTLE_SECONDS = "6"
"""No scanner comes here for longer than the burst that it is known by."""


class Ports(NamedTuple):
    """Ports of the loopback: the API with the dashboard, the tracking host, the inbox with SES, and the emulator."""

    api: int
    tracking: int
    inbox: int
    emulator: int

    def url(self, name: str) -> str:
        """Where the one of this name answers, without a slash at the end."""
        return f"http://{HOST}:{getattr(self, name)}"


def from_first(port: int) -> Ports:
    """Four consecutive ports."""
    return Ports(port, port + 1, port + 2, port + 3)


def refuse_busy(ports: Ports) -> None:
    """Raises CannotRun if something listens on one of the ports already."""
    for name, port in ports._asdict().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: past closed connections
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise CannotRun(
                    f"port {port} of {HOST}, for the {name}, cannot be used ({error.strerror}). End the program that "
                    "has it, or take four other ports, beginning for example with 8700: make run PORT=8700"
                ) from None


def of_sdks(ports: Ports) -> dict[str, str]:
    """Where the services are, and credentials that are none.

    With these variables the SDKs reach nothing but the emulator: no profile, no configuration file, no proxy.
    """
    return {
        "AWS_ENDPOINT_URL": ports.url("emulator"),
        "AWS_ENDPOINT_URL_SESV2": ports.url("inbox"),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": HOST,
        "no_proxy": HOST,
    }


def of_handlers(ports: Ports, outputs: Mapping[str, str]) -> dict[str, str]:
    """The settings: the names of what the data stack made, and our own addresses."""
    return {
        **settings_environment(outputs, read_secret(ports.url("emulator"), outputs["TokenKeysArn"])),
        f"{PREFIX}TRACKING_URL": ports.url("tracking"),
        f"{PREFIX}DASHBOARD_URL": ports.url("api"),
        f"{PREFIX}WEBHOOK_TARGETS": WEBHOOK_TARGETS,
        f"{PREFIX}WEBHOOK_SETTLE_SECONDS": WEBHOOK_SETTLE_SECONDS,
        f"{PREFIX}STAGE": STAGE,
    }


def take_over(variables: Mapping[str, str]) -> None:
    """Makes the variables those of this process, in place of whatever AWS_… and MAILSIGHT_… it was started with."""
    for name in [name for name in os.environ if name.startswith(("AWS_", PREFIX))]:
        del os.environ[name]
    os.environ.update(variables)
