"""Stack 1 keeps its promises: what it holds survives, what fails is kept, and nobody else may write into it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core import job
from chalicelib.entrypoints import people
from chalicelib.gateways import exports
from infra.template import load

TEMPLATE = load(Path(__file__).parents[2] / "infra" / "data.yaml")
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
DAY = 24 * 3600


def of_type(resource_type: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == resource_type}


TABLES = of_type("AWS::DynamoDB::Table")
QUEUES = of_type("AWS::SQS::Queue")


def dead_letters_of(properties: dict[str, Any]) -> str:
    """The logical name in {"Fn::GetAtt": [name, "Arn"]} of a redrive policy."""
    name, attribute = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
    assert attribute == "Arn"
    return str(name)


SOURCES = {name: dead_letters_of(queue) for name, queue in QUEUES.items() if "RedrivePolicy" in queue}


def seconds(value: Any) -> int:
    """A number, or the number that a Fn::FindInMap points at."""
    if isinstance(value, dict):
        first, second, third = value["Fn::FindInMap"]
        value = TEMPLATE["Mappings"][first][second][third]
    return int(value)


def statements() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, statement)
        for name, resource in RESOURCES.items()
        for statement in resource["Properties"].get("PolicyDocument", {}).get("Statement", [])
    ]


def test_the_tables_are_those_that_the_code_knows():
    def schema(name: str) -> list[str]:
        return [key["AttributeName"] for key in TABLES[name]["KeySchema"]]

    assert {name: schema(name) for name in TABLES} == {
        "EventsTable": ["message_id", "event_key"],
        "MessagesTable": ["message_id"],
        "LinksTable": ["link_id"],
        "SaltsTable": ["day"],
        "AccountTable": ["account", "item"],
        "ReportsTable": ["owner", "item"],
        "OutboxTable": ["owner", "item"],
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_on_demand_and_its_key_costs_nothing_and_only_salts_are_gone_for_good(name):
    table = TABLES[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "SSESpecification" not in table, "the default key of DynamoDB encrypts, and is not charged"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": name != "SaltsTable"}
    assert table["DeletionProtectionEnabled"] is True


@pytest.mark.parametrize("name", [*TABLES, *QUEUES, "BlobBucket", "TokenKeys"])
def test_what_holds_data_outlives_the_stack(name):
    assert RESOURCES[name]["DeletionPolicy"] == RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_events_salts_and_account_items_expire_and_links_never_do():
    expiring = {name: table.get("TimeToLiveSpecification") for name, table in TABLES.items()}
    ttl = {"AttributeName": "expires_at", "Enabled": True}
    assert expiring == {
        **{"EventsTable": ttl, "AccountTable": ttl, "SaltsTable": ttl, "OutboxTable": ttl},
        **{"MessagesTable": None, "LinksTable": None, "ReportsTable": None},
    }


def test_the_streams_of_events_and_of_the_outbox_carry_new_images_and_no_other_table_has_one():
    streams = {name: table["StreamSpecification"] for name, table in TABLES.items() if "StreamSpecification" in table}
    assert streams == {name: {"StreamViewType": "NEW_IMAGE"} for name in ("EventsTable", "OutboxTable")}


def test_messages_are_found_by_account_by_latest_open_and_by_ses_message_id_with_little_more_than_keys():
    indexes = {
        index["IndexName"]: ([key["AttributeName"] for key in index["KeySchema"]], index["Projection"])
        for index in TABLES["MessagesTable"]["GlobalSecondaryIndexes"]
    }
    keys_only = {"ProjectionType": "KEYS_ONLY"}
    by = ["status", "source", "reason", "user", "module", "template", "notable"]
    narrowed = {"ProjectionType": "INCLUDE", "NonKeyAttributes": by}
    assert indexes == {
        "by_account": (["account_shard", "accepted_key"], narrowed),
        "by_latest_open": (["account_shard", "opened_key"], keys_only),
        "by_ses_message_id": (["ses_message_id"], keys_only),
    }


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_redriven_or_is_where_failures_end(name):
    failures = {*SOURCES.values(), "FoldFailedQueue", "NotifyFailedQueue"}
    assert (name in SOURCES) != (name in failures)
    assert QUEUES[name]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", sorted({*SOURCES.values(), "FoldFailedQueue", "NotifyFailedQueue"}))
def test_failures_are_kept_for_fourteen_days(name):
    assert QUEUES[name]["MessageRetentionPeriod"] == 14 * DAY


@pytest.mark.parametrize("name", SOURCES)
def test_a_message_dies_before_it_expires(name):
    """A dead letter keeps the age of its message, so the source must let go of it days before the 14 are over."""
    queue = QUEUES[name]
    assert queue["MessageRetentionPeriod"] <= 10 * DAY
    assert (
        queue["RedrivePolicy"]["maxReceiveCount"] * seconds(queue["VisibilityTimeout"])
        < queue["MessageRetentionPeriod"]
    )


def test_each_source_has_dead_letters_of_its_own_and_its_number_of_tries():
    assert {name: QUEUES[name]["RedrivePolicy"]["maxReceiveCount"] for name in SOURCES} == {
        "SendQueue": 10,
        "NotificationsQueue": 8,
        "SpillQueue": 1000,
        "PeopleQueue": people.LAST_TRY,
        "DeliveriesQueue": 10,
    }
    assert len(set(SOURCES.values())) == len(SOURCES)


@pytest.mark.parametrize(("queue", "function"), [("SendQueue", "send"), ("NotificationsQueue", "ingest")])
def test_a_message_stays_invisible_for_six_times_its_function_s_timeout(queue, function):
    timeout = TEMPLATE["Mappings"][function]["function"]["Timeout"]
    assert timeout == 30
    assert seconds(QUEUES[queue]["VisibilityTimeout"]) >= 6 * timeout


def test_deliveries_that_wait_are_found_by_time_with_keys_only():
    (index,) = TABLES["OutboxTable"]["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("by_due", {"ProjectionType": "KEYS_ONLY"})
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["due_shard", "due_key"]


def test_nobody_is_allowed_by_a_star():
    for name, statement in statements():
        if statement["Effect"] == "Allow":
            assert statement["Principal"] != "*", name
            assert "*" not in str(statement["Principal"]), name
            assert statement["Condition"], name


def test_only_our_configuration_set_publishes_to_the_topic():
    ((_, statement),) = [pair for pair in statements() if pair[0] == "NotificationsTopicPolicy"]
    assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    condition = statement["Condition"]["StringEquals"]
    assert condition["AWS:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert condition["AWS:SourceArn"]["Fn::Sub"].endswith(":configuration-set/${ConfigurationSet}")


@pytest.mark.parametrize("queue", ["NotificationsQueue", "NotificationsDeadLetters"])
def test_only_our_topic_writes_into_the_queue_of_notifications_and_its_dead_letters(queue):
    (statement,) = [s for _, s in statements() if s["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}]
    assert statement["Effect"] == "Allow"
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "NotificationsTopic"}}}


def test_a_notification_reaches_the_queue_as_ses_wrote_it_or_its_dead_letters():
    (subscription,) = of_type("AWS::SNS::Subscription").values()
    assert subscription["Protocol"] == "sqs"
    assert subscription["Endpoint"] == {"Fn::GetAtt": ["NotificationsQueue", "Arn"]}
    assert subscription["RawMessageDelivery"] is True
    assert dead_letters_of(subscription) == SOURCES["NotificationsQueue"]


def test_ses_reports_what_becomes_of_mails_and_tracks_nothing_itself():
    (configuration_set,) = of_type("AWS::SES::ConfigurationSet").values()
    (destination,) = of_type("AWS::SES::ConfigurationSetEventDestination").values()
    assert configuration_set["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert not {"TrackingOptions", "VdmOptions"} & set(configuration_set)
    assert destination["EventDestination"]["SnsDestination"] == {"TopicARN": {"Ref": "NotificationsTopic"}}
    assert set(destination["EventDestination"]["MatchingEventTypes"]) == {
        *("send", "delivery", "deliveryDelay", "bounce", "complaint", "reject", "renderingFailure", "subscription"),
    }


def test_the_bucket_is_private_encrypted_and_refuses_plain_http():
    bucket = RESOURCES["BlobBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())
    unfinished, exported = rules["unfinished-uploads"], rules["exports"]
    assert (exported["Prefix"], timedelta(exported["ExpirationInDays"])) == (f"{exports.PREFIX}/", job.FILES_KEPT)
    assert unfinished["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] <= 7
    ((_, statement),) = [pair for pair in statements() if pair[0] == "BlobBucketPolicy"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {"Fn::Sub": "${BlobBucket.Arn}/*"} in statement["Resource"]


def test_the_token_keys_are_a_json_object_of_key_one_with_64_letters_and_digits():
    (secret,) = of_type("AWS::SecretsManager::Secret").values()
    assert secret["GenerateSecretString"] == {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "1",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }


def test_every_name_carries_the_stage_so_that_two_stages_fit_into_one_account():
    keys = ["TableName", "QueueName", "TopicName", "BucketName", "Name"]
    for logical, resource in RESOURCES.items():
        for key in keys:
            if key in resource["Properties"]:
                assert "mailsight-${Stage}" in resource["Properties"][key]["Fn::Sub"], logical


def test_outputs_give_the_name_arn_or_url_of_everything_that_has_one_and_export_it():
    outputs = TEMPLATE["Outputs"]
    for name in TABLES:
        assert {name, f"{name}Arn"} <= set(outputs)
    for name in QUEUES:
        assert {f"{name}Url", f"{name}Arn"} <= set(outputs)
    rest = {
        "EventsStreamArn",
        "OutboxStreamArn",
        "NotificationsTopicArn",
        "ConfigurationSet",
        "ConfigurationSetArn",
        "TokenKeysArn",
    }
    assert rest | {"BlobBucket", "BlobBucketArn"} <= set(outputs)
    for name, output in outputs.items():
        assert output["Export"]["Name"] == {"Fn::Sub": f"mailsight-${{Stage}}-{name}"}
