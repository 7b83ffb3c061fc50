"""The packaged template: every function is fed as it must be, may do what it does and no more, and loses nothing."""

import ast
import importlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from chalicelib.settings import PREFIX, Settings
from infra import template
from infra.aws import package

ROOT = Path(__file__).parents[2]
DATA = template.load(ROOT / "infra" / "data.yaml")
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())

FUNCTIONS = {
    "APIHandler": "api",
    "Track": "track",
    "Send": "send",
    "Ingest": "ingest",
    "Fold": "fold",
    "Sweep": "sweep",
    "Replay": "replay",
    "Deliver": "deliver",
    "Notify": "notify",
    "Remind": "remind",
    "People": "people",
    "Recount": "recount",
    "Report": "report",
    "Inform": "inform",
}
SECRET = f"{PREFIX}TOKEN_KEYS"

each_function = pytest.mark.parametrize(("logical", "name"), FUNCTIONS.items())


@pytest.fixture(scope="session")
def whole(packaged: package.Package) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(packaged.template.read_text())
    return made


@pytest.fixture(scope="session")
def resources(whole: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = whole["Resources"]
    return found


def of_type(resources: dict[str, dict[str, Any]], resource_type: str) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == resource_type}


def walk(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(found for one in inner for found in walk(one))]


def imported(value: Any) -> str:
    """The output of the data stack that {"Fn::ImportValue": {"Fn::Sub": …}} names."""
    name = value["Fn::ImportValue"]["Fn::Sub"]
    assert name.startswith("mailsight-${Stage}-")
    return str(name.removeprefix("mailsight-${Stage}-"))


def test_the_functions_are_those_of_the_app_and_the_tracking_host(resources):
    assert set(of_type(resources, "AWS::Lambda::Function")) == set(FUNCTIONS)


@each_function
def test_a_function_has_a_name_a_role_and_a_log_group_of_its_own(resources, logical, name):
    function = resources[logical]
    properties = function["Properties"]
    assert properties["FunctionName"] == {"Fn::Sub": f"mailsight-${{Stage}}-{name}"}
    group = resources[function["DependsOn"]]["Properties"]
    assert group == {"LogGroupName": {"Fn::Sub": f"/aws/lambda/mailsight-${{Stage}}-{name}"}, "RetentionInDays": 14}
    (role, attribute) = properties["Role"]["Fn::GetAtt"]
    assert attribute == "Arn"
    (policy,) = resources[role]["Properties"]["Policies"]
    assert policy["PolicyDocument"] == json.loads((ROOT / ".chalice" / "policies" / f"{name}.json").read_text())
    assert "ManagedPolicyArns" not in resources[role]["Properties"]
    trust = resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"] for one in trust] == [{"Service": "lambda.amazonaws.com"}]


def test_no_two_functions_share_a_role(resources):
    roles = [one["Role"]["Fn::GetAtt"][0] for one in of_type(resources, "AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(roles)


def test_nothing_is_allowed_on_every_resource(whole):
    assert [
        one for one in walk(whole) if isinstance(one, dict) and "*" in (one.get("Resource"), one.get("Action"))
    ] == []
    assert [one for one in walk(whole) if isinstance(one, dict) and "*" in walk(one.get("Resource"))] == []


@each_function
def test_a_function_runs_what_the_zip_holds_and_as_it_is_configured(resources, packaged, logical, name):
    properties = resources[logical]["Properties"]
    assert properties["Code"] == {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
    module, _, handler = properties["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), handler))
    with zipfile.ZipFile(packaged.zip) as packed:
        assert f"{module.replace('.', '/')}.py" in packed.namelist()
    assert properties["Runtime"] == f"python{'.'.join(map(str, package.sys.version_info[:2]))}"
    assert properties["LoggingConfig"]["LogFormat"] == "JSON"
    if name not in ("api", "track"):
        configured = CONFIG["lambda_functions"][name]
        assert properties["MemorySize"] == configured["lambda_memory_size"]
        assert properties["Timeout"] == configured["lambda_timeout"]


def test_functions_run_on_arm_unless_somebody_says_otherwise():
    assert CONFIG["lambda_architecture"] == "arm64"
    defaults = package.make.__kwdefaults__
    assert defaults and defaults["architecture"] == "arm64"


@each_function
def test_a_function_has_every_setting_that_its_code_asks_for(resources, logical, name):
    """Read from the code: the words in `settings.read().require(…)` of its modules, and the keys where it signs."""
    sources = {"api": ["api_emails", "api_document", "dashboard", "calls", "address"]}.get(name, [name])
    wanted = set()
    for source in sources:
        tree = ast.parse((ROOT / "chalicelib" / "entrypoints" / f"{source}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "require":
                wanted |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
            if isinstance(node, ast.Attribute) and node.attr == "keys" and ast.unparse(node.value) == "own":
                wanted.add("token_keys")
    variables = resources[logical]["Properties"]["Environment"]["Variables"]
    assert {PREFIX + field.upper() for field in wanted} <= variables.keys()
    assert {variable.removeprefix(PREFIX).lower() for variable in variables} <= set(Settings._fields)


def test_what_is_imported_is_exported_by_the_data_stack(whole):
    exported = {output["Export"]["Name"]["Fn::Sub"] for output in DATA["Outputs"].values()}
    names = {
        one["Fn::ImportValue"]["Fn::Sub"] for one in walk(whole) if isinstance(one, dict) and "Fn::ImportValue" in one
    }
    assert names and names <= exported


def test_signing_keys_reach_only_those_that_sign_and_stand_in_no_template(resources):
    functions = of_type(resources, "AWS::Lambda::Function")
    holders = {FUNCTIONS[name] for name, one in functions.items() if SECRET in one["Environment"]["Variables"]}
    assert holders == {"api", "deliver", "inform", "people", "send", "track"}
    for name in ("APIHandler", "Deliver", "Inform", "People", "Send", "Track"):
        (text,) = functions[name]["Environment"]["Variables"][SECRET].values()
        assert text == "{{resolve:secretsmanager:mailsight-${Stage}-token-keys:SecretString:::${TokenKeysVersion}}}"
    assert DATA["Resources"]["TokenKeys"]["Properties"]["Name"] == {"Fn::Sub": "mailsight-${Stage}-token-keys"}


# ------------------------------------------------------------------------------------------------------ event sources


@pytest.mark.parametrize(
    ("logical", "queue"),
    [
        ("Send", "SendQueue"),
        ("Ingest", "NotificationsQueue"),
        ("Deliver", "DeliveriesQueue"),
        ("People", "PeopleQueue"),
    ],
)
def test_a_queue_is_told_which_of_a_batch_failed_and_cannot_take_every_execution(resources, logical, queue):
    (mapping,) = (one for one in _mappings(resources) if one["FunctionName"] == {"Ref": logical})
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"]
    name = DATA["Resources"][queue]["Properties"]["QueueName"]["Fn::Sub"]
    assert mapping["EventSourceArn"]["Fn::Sub"].endswith(f":sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}")
    assert DATA["Resources"][queue]["Properties"]["RedrivePolicy"]["maxReceiveCount"] >= 5  # as Lambda asks for


def test_who_writes_into_the_queue_that_feeds_it_may_do_so_for_as_long_as_it_must(resources):
    """Lambda ends such chains after some 16 turns: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
    for mapping in _mappings(resources):
        logical = mapping["FunctionName"]["Ref"]
        source = mapping["EventSourceArn"].get("Fn::Sub", "stream").rpartition(":")[2]
        policy = json.loads((ROOT / ".chalice" / "policies" / f"{FUNCTIONS[logical]}.json").read_text())
        sends_to = [
            one["Resource"] for one in policy["Statement"] if "sqs:SendMessage" in walk(one["Action"])
        ]  # it may send to the queue that it is fed by
        is_loop = any(text.endswith(f":{source}") for text in walk(sends_to) if isinstance(text, str))
        assert is_loop == (logical in {"Send", "Deliver", "People"}), logical
        assert resources[logical]["Properties"].get("RecursiveLoop") == ("Allow" if is_loop else None), logical


@pytest.mark.parametrize(
    ("logical", "stream", "failures", "wanted"),
    [
        ("Fold", "EventsStreamArn", "FoldFailedQueueArn", {"eventName": ["INSERT"]}),
        (
            *("Notify", "OutboxStreamArn", "NotifyFailedQueueArn"),
            {"eventName": ["INSERT"], "dynamodb": {"Keys": {"item": {"S": [{"prefix": "notice#"}]}}}},
        ),
    ],
)
def test_a_poisoned_record_of_a_stream_is_found_by_halving_and_ends_in_the_failure_queue(
    resources, logical, stream, failures, wanted
):
    (mapping,) = (one for one in _mappings(resources) if one["FunctionName"] == {"Ref": logical})
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 5
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert imported(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == failures
    assert imported(mapping["EventSourceArn"]) == stream
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    (pattern,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == wanted


def test_every_event_source_of_the_app_has_its_mapping_or_rule(resources):
    mapped = {one["FunctionName"]["Ref"] for one in _mappings(resources)}
    rules = {one["Targets"][0]["Arn"]["Fn::GetAtt"][0] for one in of_type(resources, "AWS::Events::Rule").values()}
    declared = {source.name.capitalize() for source in importlib.import_module("app").app.event_sources}
    assert mapped | rules == declared
    assert not mapped & rules


@pytest.mark.parametrize("logical", ["Sweep", "Replay", "Remind", "Inform"])
def test_a_scheduled_call_that_fails_or_cannot_be_made_is_kept(resources, logical):
    failed = {"Fn::GetAtt": ["ScheduleFailedQueue", "Arn"]}
    (asynchronous,) = (
        one
        for one in of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
        if one["FunctionName"] == {"Ref": logical}
    )
    assert asynchronous["DestinationConfig"] == {"OnFailure": {"Destination": failed}}
    assert asynchronous["MaximumRetryAttempts"] == 0
    (rule,) = (
        one
        for one in of_type(resources, "AWS::Events::Rule").values()
        if one["Targets"][0]["Arn"] == {"Fn::GetAtt": [logical, "Arn"]}
    )
    assert rule["Targets"][0]["DeadLetterConfig"] == {"Arn": failed}


def test_only_our_rules_write_into_the_queue_of_failed_schedules(resources):
    (statement,) = resources["ScheduleFailedPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    rules = {one["Fn::GetAtt"][0] for one in statement["Condition"]["ArnEquals"]["aws:SourceArn"]}
    assert rules == set(of_type(resources, "AWS::Events::Rule"))


def _mappings(resources: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return list(of_type(resources, "AWS::Lambda::EventSourceMapping").values())


# --------------------------------------------------------------------------------------------------------------- APIs


def test_the_tracking_host_is_an_api_of_its_own_that_hands_every_path_to_one_function(resources):
    assert resources["TrackApi"]["Properties"]["ProtocolType"] == "HTTP"
    assert resources["TrackRoute"]["Properties"]["RouteKey"] == "$default"
    integration = resources["TrackIntegration"]["Properties"]
    assert integration["PayloadFormatVersion"] == "2.0"
    assert integration["IntegrationUri"] == {"Fn::GetAtt": ["Track", "Arn"]}
    assert integration["TimeoutInMillis"] > resources["Track"]["Properties"]["Timeout"] * 1000
    for stage in of_type(resources, "AWS::ApiGatewayV2::Stage").values():
        assert stage["AutoDeploy"] and stage["StageName"] == "$default"
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
        assert "AccessLogSettings" not in stage, "an access log would hold addresses of readers"


def test_ses_s_own_api_is_one_path_of_an_api_that_keeps_signatures_and_speaks_to_the_api_function(resources):
    assert resources["SesApi"]["Properties"]["ProtocolType"] == "HTTP", "a REST API drops them"
    assert resources["SesRoute"]["Properties"]["RouteKey"] == "POST /v2/email/outbound-emails"
    integration = resources["SesIntegration"]["Properties"]
    assert integration["PayloadFormatVersion"] == "1.0", "that of a REST API, which Chalice reads"
    assert integration["IntegrationUri"] == {"Fn::GetAtt": ["APIHandler", "Arn"]}
    assert integration["TimeoutInMillis"] > resources["APIHandler"]["Properties"]["Timeout"] * 1000


def test_the_tracking_host_keeps_executions_for_itself_if_it_is_told_how_many(whole, resources):
    assert resources["Track"]["Properties"]["ReservedConcurrentExecutions"] == {
        "Fn::If": ["KeepsConcurrency", {"Ref": "TrackConcurrency"}, {"Ref": "AWS::NoValue"}]
    }
    assert whole["Conditions"]["KeepsConcurrency"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "TrackConcurrency"}, 0]}]}


@pytest.mark.parametrize("name", ["Tracking", "Dashboard"])
def test_a_domain_is_made_only_for_who_has_one(whole, name):
    condition = f"Has{name}Domain"
    named = [one for one in whole["Resources"].values() if one.get("Condition") == condition]
    assert {one["Type"].rpartition("::")[2] for one in named} in (
        {"DomainName", "ApiMapping"},
        {"DomainName", "BasePathMapping"},
    )
    assert whole["Parameters"][f"{name}Domain"]["Default"] == ""
    assert whole["Outputs"][f"{name}Target"]["Condition"] == condition


def test_only_the_gateways_may_call_the_functions_behind_them(resources):
    permissions = of_type(resources, "AWS::Lambda::Permission").values()
    gateways = [one for one in permissions if one["Principal"] == "apigateway.amazonaws.com"]
    assert len(gateways) == 3
    assert all("SourceArn" in one for one in permissions)


def test_the_rest_api_has_one_name_and_one_stage(resources):
    (api,) = of_type(resources, "AWS::ApiGateway::RestApi").values()
    assert api["Body"]["info"]["title"] == api["Name"]  # the alarms find it by its name, and a body brings its title
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    (deployment,) = of_type(resources, "AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment, "it would make a stage that nothing limits"
    assert stage["MethodSettings"][0]["ThrottlingRateLimit"] > 0


def test_no_stage_asks_for_more_than_the_smallest_account_has(resources):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
    (rest,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    https = of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    for limits in (*rest["MethodSettings"], *(http["DefaultRouteSettings"] for http in https)):
        assert 0 < limits["ThrottlingRateLimit"] <= 2500
        assert 0 < limits["ThrottlingBurstLimit"] <= 1250


def test_what_the_gateway_says_by_itself_is_a_problem_that_repeats_nothing_of_the_request(resources):
    said = resources["RestAPI"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"} <= set(said)
    for kind, response in said.items():
        (text,) = response["responseTemplates"].values()
        assert "$" not in text, kind
        problem = json.loads(text)
        assert problem.keys() == {"type", "title", "status", "code", "detail"}
        assert str(response.get("statusCode", problem["status"])) == str(problem["status"])
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.X-Request-Id"] == "context.requestId"


def test_unknown_paths_are_not_found_and_not_forbidden(resources):
    said = resources["RestAPI"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert said["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] in (404, "404")


# ---------------------------------------------------------------------------------------------------------- the whole


def test_the_template_fits_every_stage_region_and_partition(packaged):
    text = packaged.template.read_text()
    assert not re.findall(r"us-east-1|eu-west-1|arn:aws:|\b\d{12}\b|amazonaws\.com/", text)


def test_cfn_lint_finds_nothing(packaged):
    config = ManualArgs(regions=["us-east-1", "eu-west-1"])
    found = lint(packaged.template.read_text(), config=config)
    assert [f"{one.rule.id} {one.path}: {one.message}" for one in found] == []


def test_every_parameter_is_described_and_used(whole):
    text = json.dumps({key: value for key, value in whole.items() if key != "Parameters"})
    for name, parameter in whole["Parameters"].items():
        assert parameter["Description"], name
        assert f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text, name


def test_outputs_say_where_it_is_also_before_the_dns_knows(whole):
    assert {"TrackingUrl", "TrackingApiUrl", "DashboardUrl", "DashboardApiUrl"} <= whole["Outputs"].keys()
