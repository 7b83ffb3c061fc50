"""A deployment into the emulator: the packaged zip, and the template without what the emulator cannot do.

What differs from an account (ministack 1.4.21): dynamic references are not resolved, alarms on metric math and gateway
responses are refused or ignored, its REST API does not tell a function by which host it was reached, and its HTTP APIs
speak the payload format 2.0 only, so SES's own API is not reached there (tests/entrypoints/test_api_ses.py has its
payload).
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra.aws import steps
from infra.aws.checks import Checked
from infra.aws.deployment import Deployment
from infra.aws.package import Package
from infra.aws.smoke_step import Site
from infra.aws.steps import Console, Secret
from infra.local import emulator, stack
from infra.local.environment import Ports, of_sdks
from infra.local.folder import Folder
from infra.local.ses import SesStandIn
from tests.infra.aws.emulated import clients

IGNORED = frozenset({"an unknown path is a problem"})
"""Steps of the smoke test that ask for what the emulator does not do."""

QUIET = Console(say=lambda _: None, ask=lambda _: True)


class Deployed(NamedTuple):
    """A stage in the emulator. `data` are the outputs of its data stack."""

    site: Site
    data: dict[str, str]
    secret: Secret


class Place(NamedTuple):
    """An emulator that runs. SES's stand-in publishes to the ARNs in `topics`; `environment` finds the emulator."""

    ports: Ports
    topics: list[str]
    environment: dict[str, str]

    def url(self, api_id: str) -> str:
        """Where an API answers."""
        return f"{self.ports.url('emulator')}/_aws/execute-api/{api_id}"


@contextlib.contextmanager
def emulated(root: Path, ports: Ports) -> Iterator[Place]:
    """The emulator, and SES's stand-in that tells what becomes of mails."""
    root.mkdir(parents=True, exist_ok=True)
    folder, topics = Folder(root), list[str]()
    with emulator.running(folder, ports.emulator):
        sns = stack.client("sns", ports.url("emulator"))

        def publish(notification: Mapping[str, Any]) -> None:
            for topic in topics:
                sns.publish(TopicArn=topic, Message=json.dumps(notification))

        with SesStandIn(emulator.HOST, ports.inbox, folder.mail, publish):
            yield Place(ports, topics, of_sdks(ports))


def localised(template: Mapping[str, Any], secret: str, place: Place, rest_api_id: str) -> dict[str, Any]:
    """The template without what the emulator cannot do, with addresses that lead to it, and with SES's stand-in."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            text = value.get("Fn::Sub")
            is_secret = isinstance(text, str) and text.startswith("{{resolve:secretsmanager:")
            return secret if is_secret else {key: changed(one) for key, one in value.items()}
        return [changed(one) for one in value] if isinstance(value, list) else value

    local: dict[str, Any] = changed(template)
    resources = local["Resources"]
    send = resources["Send"]["Properties"]["Environment"]["Variables"]
    send["AWS_ENDPOINT_URL_SESV2"] = place.ports.url("inbox")
    send["MAILSIGHT_TRACKING_URL"] = {"Fn::Sub": place.url("${TrackApi}")}
    api = resources["APIHandler"]["Properties"]["Environment"]["Variables"]
    api["MAILSIGHT_DASHBOARD_URL"] = place.url(f"{rest_api_id}/api")
    api["MAILSIGHT_TRACKING_URL"] = send["MAILSIGHT_TRACKING_URL"]
    resources["RestAPI"]["Properties"]["Tags"] = [{"Key": "ms-custom-id", "Value": rest_api_id}]
    local["Resources"] = {name: one for name, one in resources.items() if "Metrics" not in one.get("Properties", {})}
    return local


def deploy(stage: str, packaged: Package, place: Place, folder: Path, handlers: Mapping[str, str]) -> Deployed:
    """Deploys by the steps of `make deploy`. `handlers` are other ones than in the template, by their logical name."""
    asked, aws = Deployment(stage), clients(place.ports.url("emulator"))
    data = steps.deploy_data(asked, aws, QUIET)
    secret = aws.secrets.get_secret_value(SecretId=data["TokenKeysArn"])["SecretString"]
    rest_api_id = f"{sum(stage.encode()):08x}"
    template = localised(json.loads(packaged.template.read_text()), secret, place, rest_api_id)
    for name, handler in handlers.items():
        template["Resources"][name]["Properties"]["Handler"] = handler
    local = folder / f"{stage}.json"
    local.write_text(json.dumps(template))
    keys = steps.deploy_app(Checked((), asked, asked.settings), Package(packaged.zip, local), data, aws, QUIET)
    place.topics.append(data["NotificationsTopicArn"])
    resources = aws.cloudformation.describe_stack_resources(StackName=asked.app_stack)["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    assert ids["RestAPI"] == rest_api_id
    site = Site(stage, place.url(ids["TrackApi"]), place.url(f"{rest_api_id}/api"))
    return Deployed(site, data, keys)
