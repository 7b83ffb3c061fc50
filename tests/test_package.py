"""What is deployed: each function may do what its code does and no more, and brings along what it imports."""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
POLICIES = {path.stem: json.loads(path.read_text()) for path in (ROOT / ".chalice" / "policies").glob("*.json")}

BY_ACCOUNT = "table/messages/index/by_account"
BY_LATEST_OPEN = "table/messages/index/by_latest_open"
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}  # into the function's own group, which the stack makes
READ_QUEUE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}  # Lambda's, which polls as us
CHANGE_SUPPRESSIONS = {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}  # in transactions
FIND_OUT_WHAT_IS_MISSING = {"s3:ListBucket"}  # without it S3 answers 403 and not 404 for a content that is not there

# function -> resource -> actions; `mailsight-<stage>-` is left out of names
MAY: dict[str, dict[str, set[str]]] = {
    "api": {
        # get; batch_get for a page's mails; add, alone or in a transaction with the Idempotency-Key
        # or cancelled
        "table/messages": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        BY_ACCOUNT: {"dynamodb:Query"},  # page
        BY_LATEST_OPEN: {"dynamodb:Query"},  # opened_page
        "table/events": {"dynamodb:Query", "dynamodb:PutItem"},  # page; that a mail came in, and what it answers
        "table/messages/index/by_ses_message_id": {"dynamodb:Query"},  # the mail that it answers
        # key, claim; accept; what is asked before a mail is taken in; settings, consents, suppressions and their list
        "table/account": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", *CHANGE_SUPPRESSIONS}
        | {"dynamodb:UpdateItem"},  # calls of a key
        # tables of days, and what they are behind with; that the time zone changes; calls
        "table/reports": {
            *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"),
            *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
        },
        "table/links": {"dynamodb:BatchWriteItem"},  # of a prepared mail
        "blobs/*": {"s3:PutObject", "s3:GetObject", "s3:DeleteObject"},  # taken in; shown; undone by a lost race
        "blobs": FIND_OUT_WHAT_IS_MISSING,
        "send": {"sqs:SendMessage"},
        "people": {"sqs:SendMessage"},  # an export or an erasure begins
        # the log of deliveries, notices that a replay would tell; a test's delivery
        "table/outbox": {"dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"},
        "deliveries": {"sqs:SendMessage"},  # a test, a replay
    },
    "send": {
        "table/messages": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},  # find; a day's sums; claim
        "table/account": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"},  # what is asked before
        "table/links": {"dynamodb:BatchWriteItem"},  # long destinations; where files are
        "table/outbox": {"dynamodb:PutItem"},  # the notice of a mail that is not sent
        # what to send; its links anew, if the rewriter has changed, and files that go out as links
        "blobs/*": {"s3:GetObject", "s3:PutObject"},
        "blobs": FIND_OUT_WHAT_IS_MISSING,
        "send": READ_QUEUE | {"sqs:SendMessage"},  # tries later: queued anew with a delay
        # a raw mail is authorised as SendRawEmail, also by SES v2, whose operation is SendEmail
        "identity/*": {"ses:SendEmail", "ses:SendRawEmail"},
        "configuration-set/*": {"ses:SendEmail", "ses:SendRawEmail"},
    },
    "ingest": {
        "table/events": {"dynamodb:PutItem"},
        # how long what is told is kept; mails that went past us
        "table/messages": {"dynamodb:GetItem", "dynamodb:PutItem"},
        "table/messages/index/by_ses_message_id": {"dynamodb:Query"},  # of a notification without our tag
        "table/account": {"dynamodb:GetItem"},  # whether the account that a tag names is there
        "notifications": READ_QUEUE,
    },
    "notify": {
        "table/account": {"dynamodb:GetItem"},  # webhooks
        "table/outbox/stream/*": {  # Lambda's, which polls as us
            *("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
        },
        "deliveries": {"sqs:SendMessage"},
        "notify-failed": {"sqs:SendMessage"},  # Lambda's, for what failed for good
    },
    "deliver": {
        "table/account": {"dynamodb:GetItem", "dynamodb:PutItem"},  # webhooks and what is listened to; how they do
        # notices and deliveries; claim, settle; of a replay the range
        "table/outbox": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
        "table/messages": {"dynamodb:GetItem"},  # what is told
        "blobs/*": {"s3:GetObject"},  # the link that was clicked
        "blobs": FIND_OUT_WHAT_IS_MISSING,
        "deliveries": READ_QUEUE | {"sqs:SendMessage"},  # the next attempt; the parts of a replay
    },
    "remind": {
        "table/outbox/index/by_due": {"dynamodb:Query"},
        "table/outbox": {"dynamodb:UpdateItem"},  # looked_after
        "deliveries": {"sqs:SendMessage"},
        "schedule-failed": {"sqs:SendMessage"},  # Lambda's, for a call that failed
    },
    "people": {
        BY_ACCOUNT: {"dynamodb:Query"},  # behind
        "table/messages": {"dynamodb:BatchGetItem", "dynamodb:UpdateItem"},  # behind; erase, finish, settle
        "table/events": {"dynamodb:Query", "dynamodb:BatchWriteItem"},  # after, delete_all
        "table/links": {"dynamodb:UpdateItem", "dynamodb:PutItem"},  # erase_destination, erase_file
        # jobs, consents, settings; suppressions, also by their hashes; what is replaced and deleted, in transactions
        "table/account": {
            *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
            *CHANGE_SUPPRESSIONS,
        },
        "table/reports": {"dynamodb:Query", "dynamodb:BatchGetItem"},  # what a report reads
        "blobs/*": {"s3:GetObject", "s3:DeleteObject"},  # exported; erased, and exports of who is erased
        "blobs/_exports/*": {"s3:PutObject", "s3:AbortMultipartUpload"},  # in parts, where they are large
        "blobs": FIND_OUT_WHAT_IS_MISSING,
        "people": READ_QUEUE | {"sqs:SendMessage"},  # goes on in another call
    },
    "fold": {
        "table/messages": {"dynamodb:GetItem", "dynamodb:UpdateItem"},  # find; store_fold
        # the tail, what is near, those of an aggregate that arrived; the marks; hits that must not be kept
        "table/events": {
            *("dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
            "dynamodb:PutItem",  # that a mail was answered
        },
        "table/events/stream/*": {  # Lambda's, which polls as us
            *("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
        },
        "table/account": {"dynamodb:GetItem", "dynamodb:Query", *CHANGE_SUPPRESSIONS},  # settings, consents
        "table/reports": {"dynamodb:UpdateItem"},  # cells
        "table/outbox": {"dynamodb:PutItem"},  # notices
        "table/salts": {"dynamodb:GetItem"},  # of: a hit from an own network is known by it
        "fold-failed": {"sqs:SendMessage"},  # Lambda's, for what failed for good
    },
    "report": {
        # the marks, the cells; the tables; the lease
        "table/reports": {"dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
        "schedule-failed": {"sqs:SendMessage"},  # Lambda's, for a call that failed
    },
    "inform": {
        # what is asked before a mail is taken in, users, the register; schedules
        "table/account": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"},
        "table/messages": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchGetItem"},  # is it there; add; a list
        BY_ACCOUNT: {"dynamodb:Query"},  # the mails of a list
        "table/reports": {"dynamodb:Query", "dynamodb:BatchGetItem"},  # what a report reads
        "blobs/*": {"s3:PutObject"},  # what the mail says
        "send": {"sqs:SendMessage"},
        "schedule-failed": {"sqs:SendMessage"},  # Lambda's, for a call that failed
    },
    "sweep": {
        # find; folds_behind; store_fold, settle
        "table/messages": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"},
        BY_ACCOUNT: {"dynamodb:Query"},  # accepted_between
        "table/events": {"dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},  # as fold
        "table/account": {"dynamodb:GetItem", "dynamodb:Query", *CHANGE_SUPPRESSIONS},  # the register; as fold
        "table/reports": {"dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},  # also of a new time zone
        "table/outbox": {"dynamodb:PutItem"},
        "table/salts": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:DeleteItem"},  # of; forget
        "send": {"sqs:SendMessage"},  # what is stuck
        "schedule-failed": {"sqs:SendMessage"},  # Lambda's, for a call that failed
    },
    "recount": {
        "table/messages": {"dynamodb:BatchGetItem"},  # folds_between
        BY_ACCOUNT: {"dynamodb:Query"},
        "table/events": {"dynamodb:Scan"},  # a sample, for what should be gone
        "table/account": {"dynamodb:GetItem", "dynamodb:Query"},  # the time zone; the register
        "table/reports": {"dynamodb:Query", "dynamodb:UpdateItem"},  # of_day; marks
        "schedule-failed": {"sqs:SendMessage"},  # as above
    },
    "replay": {
        "table/events": {"dynamodb:PutItem"},
        "spill": {"sqs:ReceiveMessage", "sqs:DeleteMessage"},  # it polls by itself, on a schedule
        "schedule-failed": {"sqs:SendMessage"},  # as above
    },
    "track": {
        "table/events": {"dynamodb:PutItem"},
        "table/links": {"dynamodb:GetItem"},
        "table/salts": {"dynamodb:GetItem", "dynamodb:PutItem"},  # the day's; made by the first hit of all
        "blobs/*/files/*": {"s3:GetObject"},  # by the links that it signs
        "spill": {"sqs:SendMessage"},
    },
}

every_policy = pytest.mark.parametrize("name", sorted(POLICIES))


def granted(policy: dict[str, Any]) -> dict[str, set[str]]:
    """Actions by resource, the resources named as in MAY."""
    found: dict[str, set[str]] = {}
    for statement in policy["Statement"]:
        for resource in statement["Resource"]:
            found.setdefault(short(resource["Fn::Sub"]), set()).update(statement["Action"])
    return found


def short(arn: str) -> str:
    """What stands in an ARN behind region and account, without what every name has in front and behind."""
    service, _, name = arn.removeprefix("arn:${AWS::Partition}:").partition(":")
    place = "::" if service == "s3" else "${AWS::Region}:${AWS::AccountId}:"
    assert arn.startswith("arn:${AWS::Partition}:") and name.startswith(place), f"{arn} is not of this account"
    name = name.removeprefix(place).replace("-${AWS::AccountId}-${AWS::Region}", "")
    assert "mailsight-${Stage}" in name or name == "identity/*", f"{arn} is not only ours"
    return name.replace("mailsight-${Stage}-", "").replace("mailsight-${Stage}", "*")


@every_policy
def test_a_policy_allows_nothing_by_a_star_alone(name):
    for statement in POLICIES[name]["Statement"]:
        assert statement["Effect"] == "Allow"
        assert isinstance(statement["Action"], list)
        assert isinstance(statement["Resource"], list)
        assert not [action for action in statement["Action"] if "*" in action]
        assert all(resource.keys() == {"Fn::Sub"} for resource in statement["Resource"])
        assert not {"NotAction", "NotResource"} & set(statement)


@every_policy
def test_a_policy_allows_what_its_function_does_and_no_more(name):
    assert granted(POLICIES[name]) == MAY[name] | {f"log-group:/aws/lambda/{name}:*": LOG}


def test_there_is_a_policy_for_each_function_and_no_other():
    assert set(POLICIES) == set(MAY)
    named = {name: one["iam_policy_file"] for name, one in CONFIG["lambda_functions"].items()}
    assert named.pop("api_handler") == CONFIG["iam_policy_file"] == "policies/api.json"
    assert named == {name: f"policies/{name}.json" for name in set(MAY) - {"api", "track"}}
    assert CONFIG["autogen_policy"] is False


def test_every_stage_is_packaged_alike():
    """What stands under a stage's name is missing in every other one; `make package STAGE=dev` would fail."""
    assert not CONFIG.get("stages")


def declared(file: str) -> dict[str, set[str]]:
    """Distributions that a requirements file names itself, with their extras; each with a bound above and a reason."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / file).read_text().splitlines():
        if not line.strip() or line.startswith(("#", "-r ")):
            continue
        match = re.fullmatch(r"([A-Za-z0-9-]+)(?:\[([a-z0-9,]+)\])?(?:>=[0-9.]+,<[0-9]+|==[0-9.]+) +# \S.*", line)
        assert match, f"{file}: {line!r} lacks a bound above or a reason"
        found[match[1].lower()] = set((match[2] or "").split(",")) - {""}
    return found


def imported(folder: str) -> tuple[set[str], set[str]]:
    """Top-level names of others' packages that the code imports when it runs, and those for types only."""
    running: set[str] = set()
    typing: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        tree = ast.parse(path.read_text())
        for_types = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            (typing if id(node) in for_types else running).update(name.partition(".")[0] for name in names)
    ours = sys.stdlib_module_names | {"chalicelib", "infra", "bench", "tests"}
    return running - ours, typing - ours


DISTRIBUTIONS = {"PIL": "pillow"}
"""Where a package is not called as its distribution."""


def test_what_the_functions_import_is_packed_with_them():
    running, _ = imported("chalicelib")
    assert "chalice" in running, "its packager adds it"
    read_by_zoneinfo = {"tzdata"}
    packed = {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in running - {"chalice"}} | read_by_zoneinfo
    assert packed == set(declared("requirements.txt"))


def test_what_is_deployed_is_pinned_with_hashes_within_what_is_required():
    lock = (ROOT / "requirements.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", lock, re.MULTILINE))
    assert lock.count("==") == len(pinned), "every line pins one version"
    assert all(entry.count("--hash=sha256:") for entry in re.split(r"^\S+==", lock, flags=re.MULTILINE)[1:])
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line.partition(" #")[0].strip())
            assert pinned[wanted.name] in wanted.specifier, f"make lock: {wanted} and not {pinned[wanted.name]}"


def test_types_of_clients_are_asked_for_where_they_are_named_and_only_there():
    services = {
        name.removeprefix("mypy_boto3_")
        for folder in ("chalicelib", "infra", "bench", "tests")
        for name in set.union(*imported(folder))
        if name.startswith("mypy_boto3_")
    }
    assert declared("requirements-dev.txt")["boto3-stubs"] == services
