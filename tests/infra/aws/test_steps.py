"""The steps of a deployment on an emulator: what is shown, asked for, refused, and left as it was."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import BadSettings
from infra import template
from infra.aws import package, stacks, steps
from infra.aws.checks import Checked
from infra.aws.clients import Clients
from infra.aws.deployment import Deployment
from infra.aws.package import Package
from infra.aws.steps import Console, NotDeployed
from tests.infra.aws.stubs import stubbed

pytestmark = pytest.mark.local

PARAMETERS = ("Stage", "CodeBucket", "CodeKey", "TokenKeysVersion")
TEMPLATE = {
    "Parameters": {name: {"Type": "String"} for name in PARAMETERS},
    "Resources": {"TrackApi": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Stage"}}}},
    "Outputs": {name: {"Value": {"Ref": name}} for name in PARAMETERS},
}


NO_STACK = "ValidationError: Stack with id s does not exist"


def stack(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "s", "StackStatus": status, "CreationTime": datetime(2026, 11, 22, tzinfo=UTC)}]}


def change_set(change: dict[str, Any], then: str) -> list[tuple[str, Any]]:
    """CloudFormation's answers while a change set is made, read and executed."""
    ready = {"Status": "CREATE_COMPLETE", "Changes": [{"Type": "Resource", "ResourceChange": change}]}
    return [
        ("create_change_set", {"Id": "arn:change-set", "StackId": "arn:stack"}),
        ("describe_change_set", ready),
        ("describe_change_set", ready),
        ("describe_stack_events", {"StackEvents": []}),
        ("execute_change_set", {}),
        ("describe_stacks", stack(then)),
    ]


class Talk:
    """A console that answers always the same and keeps what was said."""

    def __init__(self, answer: bool = True) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self._answer = answer

    @property
    def console(self) -> Console:
        return Console(self.said.append, self._ask)

    def _ask(self, question: str) -> bool:
        self.asked.append(question.strip())
        return self._answer


@pytest.fixture
def asked() -> Deployment:
    return Deployment(f"s{uuid.uuid4().hex[:8]}")


@pytest.fixture
def packaged(tmp_path: Path) -> Package:
    made = Package(tmp_path / "mailsight.zip", tmp_path / "template.json")
    made.zip.write_bytes(b"functions")
    made.template.write_text(json.dumps(TEMPLATE))
    return made


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = steps.DATA.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "data.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def app(asked: Deployment) -> Checked:
    return Checked((), asked, {"Stage": asked.stage})


def test_data_is_shown_asked_for_and_made_once(emulated: Clients, asked: Deployment) -> None:
    talk = Talk()
    outputs = steps.deploy_data(asked, emulated, talk.console)
    assert outputs["EventsTable"] == f"mailsight-{asked.stage}-events"
    assert talk.asked == [f"Create mailsight-{asked.stage}-data?"]
    assert any("EventsTable" in line and "AWS::DynamoDB::Table" in line for line in talk.said)
    assert any("warning" in line and "is not protected against being deleted" in line for line in talk.said)  # not here
    again = Talk()
    assert steps.deploy_data(asked, emulated, again.console) == outputs
    assert (again.asked, "  no changes" in again.said) == ([], True)


def test_no_means_that_nothing_is_made(emulated: Clients, asked: Deployment) -> None:
    with pytest.raises(NotDeployed, match="was not changed, as you said"):
        steps.deploy_data(asked, emulated, Talk(answer=False).console)
    found = stacks.describe(emulated.cloudformation, asked.data_stack)
    assert found is None or found["StackStatus"].startswith("DELETE_")


def test_data_of_an_earlier_stack_can_be_taken_over_and_that_is_said(emulated: Clients, asked: Deployment) -> None:
    failed = {"Status": "FAILED", "StatusReason": "mailsight-prod-events already exists"}
    cloudformation = stubbed(
        "cloudformation",
        ("describe_stacks", "ValidationError: Stack with id s does not exist"),
        ("create_change_set", {"Id": "arn:change-set", "StackId": "arn:stack"}),
        *(("describe_change_set", failed), ("describe_change_set", failed)),
        ("delete_change_set", {}),
        ("describe_stacks", "ValidationError: Stack with id s does not exist"),
    )
    with pytest.raises(NotDeployed, match=r"events already exists\n.*TAKE_OVER=1"):
        steps.deploy_data(asked, emulated._replace(cloudformation=cloudformation), Talk().console)


def test_what_an_earlier_stack_has_left_is_imported_and_then_completed(emulated: Clients, asked: Deployment) -> None:
    """The emulator has no imports; CloudFormation's answers are given, and what is left is really there."""
    steps.deploy_data(asked, emulated, Talk().console)
    imported = {"Action": "Import", "LogicalResourceId": "EventsTable", "ResourceType": "AWS::DynamoDB::Table"}
    added = {"Action": "Add", "LogicalResourceId": "NotificationsTopic", "ResourceType": "AWS::SNS::Topic"}
    calls: list[dict[str, Any]] = []
    cloudformation = stubbed(
        "cloudformation",
        ("describe_stacks", NO_STACK),
        *change_set(imported, "IMPORT_COMPLETE"),
        ("describe_stacks", stack("IMPORT_COMPLETE")),
        *change_set(added, "UPDATE_COMPLETE"),
        ("update_termination_protection", {}),
        ("describe_stacks", stack("UPDATE_COMPLETE")),
    )
    cloudformation.meta.events.register(
        "before-parameter-build.cloudformation.CreateChangeSet", lambda params, **_: calls.append(dict(params))
    )
    talk = Talk()
    takes_over = asked._replace(takes_over=True)
    steps.deploy_data(takes_over, emulated._replace(cloudformation=cloudformation), talk.console)
    assert [call["ChangeSetType"] for call in calls] == ["IMPORT", "UPDATE"]
    kept = {one["LogicalResourceId"] for one in calls[0]["ResourcesToImport"]}
    assert json.loads(calls[0]["TemplateBody"])["Resources"].keys() == kept >= {"EventsTable", "SendQueue", "TokenKeys"}
    assert talk.asked == [f"Create {asked.data_stack}?", f"Update {asked.data_stack}?"]


def test_a_data_stack_that_is_there_takes_nothing_over(emulated: Clients, asked: Deployment) -> None:
    steps.deploy_data(asked, emulated, Talk().console)
    talk = Talk()
    steps.deploy_data(asked._replace(takes_over=True), emulated, talk.console)
    assert any("nothing is taken over" in line for line in talk.said)
    assert "  no changes" in talk.said


def test_a_table_is_never_replaced_or_removed_unless_it_is_named(
    emulated: Clients, asked: Deployment, tmp_path: Path
) -> None:
    outputs = steps.deploy_data(asked, emulated, Talk().console)
    talk, path = Talk(), changed(tmp_path, "AttributeName: link_id", "AttributeName: links_id")
    with pytest.raises(NotDeployed, match=r'REFUSED.*LinksTable.*MAY_LOSE="LinksTable"'):
        steps.deploy_data(asked, emulated, talk.console, path)
    assert talk.asked == []
    assert steps.deploy_data(asked, emulated, Talk().console) == outputs
    named = asked._replace(may_lose=frozenset({"LinksTable"}))
    with pytest.raises(NotDeployed, match="as you said"):
        steps.deploy_data(named, emulated, Talk(answer=False).console, path)


def test_what_is_only_added_to_the_data_is_not_refused(emulated: Clients, asked: Deployment, tmp_path: Path) -> None:
    steps.deploy_data(asked, emulated, Talk().console)
    path = changed(tmp_path, "\nOutputs:\n", "\n  More: {Type: AWS::SQS::Queue}\n\nOutputs:\n")
    talk = Talk()
    steps.deploy_data(asked, emulated, talk.console, path)
    assert talk.asked == [f"Update mailsight-{asked.stage}-data?"]


def test_the_app_gets_code_keys_and_parameters(emulated: Clients, asked: Deployment, packaged: Package) -> None:
    data = steps.deploy_data(asked, emulated, Talk().console)
    secret = steps.deploy_app(app(asked), packaged, data, emulated, Talk().console)
    outputs = stacks.outputs(emulated.cloudformation, asked.app_stack)
    assert outputs["TokenKeysVersion"] == secret.version
    code = emulated.s3.get_object(Bucket=outputs["CodeBucket"], Key=outputs["CodeKey"])
    assert code["Body"].read() == b"functions"
    talk = Talk()
    steps.deploy_app(app(asked), packaged, data, emulated, talk.console)
    assert "  no changes" in talk.said


def test_a_rotated_key_is_a_change_of_the_app(emulated: Clients, asked: Deployment, packaged: Package) -> None:
    """The emulator shows changes of properties only; so the version stands in one here."""
    packaged.template.write_text(
        json.dumps({**TEMPLATE, "Resources": {"Keys": {"Type": "AWS::SSM::Parameter", "Properties": KEYS}}})
    )
    data = steps.deploy_data(asked, emulated, Talk().console)
    before = steps.deploy_app(app(asked), packaged, data, emulated, Talk().console)
    text = json.loads(emulated.secrets.get_secret_value(SecretId=data["TokenKeysArn"])["SecretString"])
    emulated.secrets.put_secret_value(SecretId=data["TokenKeysArn"], SecretString=json.dumps({**text, "2": "k" * 64}))
    after = steps.deploy_app(app(asked), packaged, data, emulated, Talk().console)
    assert (before.keys.newest, after.keys.newest) == (1, 2)
    assert stacks.outputs(emulated.cloudformation, asked.app_stack)["TokenKeysVersion"] == after.version


KEYS = {"Name": {"Ref": "Stage"}, "Type": "String", "Value": {"Ref": "TokenKeysVersion"}}


def test_malformed_token_keys_stop_the_deployment(emulated: Clients, asked: Deployment, packaged: Package) -> None:
    data = steps.deploy_data(asked, emulated, Talk().console)
    emulated.secrets.put_secret_value(SecretId=data["TokenKeysArn"], SecretString='{"1": "short"}')
    with pytest.raises(BadSettings, match="secrets of 32 characters or more"):
        steps.deploy_app(app(asked), packaged, data, emulated, Talk().console)
    assert stacks.describe(emulated.cloudformation, asked.app_stack) is None


def test_what_mails_point_to_is_not_taken_away(emulated: Clients, asked: Deployment, packaged: Package) -> None:
    data = steps.deploy_data(asked, emulated, Talk().console)
    steps.deploy_app(app(asked), packaged, data, emulated, Talk().console)
    packaged.template.write_text(json.dumps({**TEMPLATE, "Resources": {"Other": {"Type": "AWS::SNS::Topic"}}}))
    with pytest.raises(NotDeployed, match=r"REFUSED.*TrackApi"):
        steps.deploy_app(app(asked), packaged, data, emulated, Talk().console)
    named = asked._replace(may_lose=frozenset({"TrackApi"}))
    steps.deploy_app(app(named), packaged, data, emulated, Talk().console)


def test_before_the_dns_leads_there_the_test_takes_the_api_s_own_name_and_says_what_to_set() -> None:
    outputs = {
        "TrackingUrl": "https://t.example.com",
        "TrackingApiUrl": "https://a1.execute-api.example",
        "TrackingTarget": "d-1.execute-api.example",
    }
    talk = Talk()
    found = steps.reachable("Tracking", "t.example.com", outputs, talk.console, lambda _: set())
    assert found == "https://a1.execute-api.example"
    assert "  to do   set in the DNS: t.example.com CNAME d-1.execute-api.example" in talk.said
    known: Any = {"t.example.com": {"192.0.2.1"}, "d-1.execute-api.example": {"192.0.2.1"}}
    assert steps.reachable("Tracking", "t.example.com", outputs, Talk().console, known.get) == "https://t.example.com"
    assert steps.reachable("Tracking", "", {"TrackingUrl": "https://a1"}, Talk().console, known.get) == "https://a1"


def test_the_parameters_of_a_deployment_are_those_of_the_template() -> None:
    declared = {name for path in package.PARTS for name in template.load(path).get("Parameters", {})}
    given = set(Deployment("prod").settings) | {"CodeBucket", "CodeKey", "TokenKeysVersion"}
    assert declared == given | {"SesDailyQuota", "SendConcurrency", "TrackConcurrency"}


def test_what_is_precious_in_the_app_is_there() -> None:
    declared = {name for path in package.PARTS for name in template.load(path).get("Resources", {})}
    assert declared >= steps.NAMED_IN_MAILS_AND_PROGRAMS
