"""The steps of a deployment, one function each: check, data, app, smoke test."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from botocore.exceptions import ClientError

from chalicelib.core.problem import MailsightError
from chalicelib.core.token import Keys
from chalicelib.settings import Settings
from chalicelib.storage.account import Account
from infra.aws import checks, domains, left, smoke, stacks, upload
from infra.aws.checks import Checked
from infra.aws.clients import Clients
from infra.aws.deployment import Deployment
from infra.aws.finding import told
from infra.aws.package import Package
from infra.aws.smoke_mail import Mail
from infra.aws.smoke_step import Site
from infra.aws.stacks import Plan, StackFailed
from infra.template import load

DATA = Path(__file__).parents[1] / "data.yaml"

NAMED_IN_MAILS_AND_PROGRAMS = frozenset({"TrackApi", "TrackDomain", "RestAPI", "SesApi", "DashboardDomainName"})
"""Resources of the app stack that the world knows by name: links in mails that are out, programs that call the API."""

LEFT = "If an earlier stack of this stage has left that (data is kept when a stack goes): TAKE_OVER=1 takes it over"


class NotDeployed(MailsightError):
    """The deployment stops; the message says why, and what to do."""


class Console(NamedTuple):
    """Where a deployment speaks, and whom it asks. `ask` raises NotDeployed where nobody can answer."""

    say: Callable[[str], None]
    ask: Callable[[str], bool]


class Secret(NamedTuple):
    """The token keys, and the version of their secret."""

    version: str
    keys: Keys


def check(asked: Deployment, region: str, aws: Clients | None, console: Console) -> Checked:
    """Makes and shows all checks. Raises NotDeployed if one has failed."""
    console.say("1/5 Checks")
    checked = checks.look(asked, region, aws, datetime.now(UTC))
    for finding in checked.findings:
        console.say(str(finding))
    if not checked.may_go_on:
        raise NotDeployed("a check has failed: mend what is marked FAILED, and try again. Nothing was changed")
    return checked


def deploy_data(asked: Deployment, aws: Clients, console: Console, template: Path = DATA) -> dict[str, str]:
    """Creates or updates the stack of what must survive; its outputs."""
    console.say(f"3/5 Data: {asked.data_stack}")
    if asked.takes_over:
        _take_over(asked, aws, console, template)
    try:
        planned = stacks.plan(
            aws.cloudformation,
            asked.data_stack,
            {"TemplateBody": template.read_text(encoding="utf-8")},
            {"Stage": asked.stage},
            tags=_tags(asked),
        )
        _carry_out(planned, asked, aws, console, precious=lambda _: True)
    except StackFailed as error:
        if "already exists" not in str(error).lower():
            raise
        raise NotDeployed(f"{error}\n{LEFT}") from None
    try:
        stacks.protect(aws.cloudformation, asked.data_stack)
    except ClientError as error:
        console.say(
            f"  warning {asked.data_stack} is not protected against being deleted: {told(aws.cloudformation, error)}"
        )
    return stacks.outputs(aws.cloudformation, asked.data_stack)


def _take_over(asked: Deployment, aws: Clients, console: Console, path: Path) -> None:
    """Makes the data stack of what an earlier one has left; what it lacks comes with the update that follows."""
    if not stacks.is_new(stacks.describe(aws.cloudformation, asked.data_stack)):
        console.say(f"  {asked.data_stack} is there: nothing is taken over")
        return
    whole = load(path)
    resources = left.find(aws, whole, asked.stage)
    if not resources:
        console.say("  an earlier stack has left nothing")
        return
    part = left.part(whole, frozenset(one["LogicalResourceId"] for one in resources))
    planned = stacks.plan_import(
        aws.cloudformation,
        asked.data_stack,
        {"TemplateBody": json.dumps(part)},
        {"Stage": asked.stage},
        tags=_tags(asked),
        resources=resources,
    )
    _carry_out(planned, asked, aws, console, precious=lambda _: True)


def deploy_app(checked: Checked, made: Package, data: dict[str, str], aws: Clients, console: Console) -> Secret:
    """Uploads the package, and creates or updates the stack of what runs; the keys that it signs with now."""
    asked, bucket = checked.asked, data["CodeBucket"]
    console.say(f"4/5 App: {asked.app_stack}")
    secret = read_secret(aws, data["TokenKeysArn"])
    code, template = (upload.upload(aws.s3, bucket, path) for path in (made.zip, made.template))
    planned = stacks.plan(
        aws.cloudformation,
        asked.app_stack,
        {"TemplateURL": upload.url(aws.s3, bucket, template)},
        {**checked.parameters, "CodeBucket": bucket, "CodeKey": code, "TokenKeysVersion": secret.version},
        tags=_tags(asked),
    )
    _carry_out(planned, asked, aws, console, precious=NAMED_IN_MAILS_AND_PROGRAMS.__contains__)
    return secret


def read_secret(aws: Clients, arn: str) -> Secret:
    """The token keys as they are now. Raises BadSettings if they are malformed: no function would start with them."""
    found = aws.secrets.get_secret_value(SecretId=arn)
    return Secret(found["VersionId"], Settings(token_keys=found["SecretString"]).keys)


def smoke_test(
    asked: Deployment, data: dict[str, str], secret: Secret, aws: Clients, console: Console,
    places: Callable[[str], set[str]] = domains.places,
) -> bool:  # fmt: skip
    """Says where everything is, and makes the smoke test; whether it is passed."""
    app = stacks.outputs(aws.cloudformation, asked.app_stack)
    console.say(f"5/5 Smoke test of {app['DashboardUrl']} and {app['TrackingUrl']}")
    tracking = reachable("Tracking", asked.tracking_domain, app, console, places)
    dashboard = reachable("Dashboard", asked.dashboard_domain, app, console, places)
    mail = None
    if asked.sender:
        mail = Mail(asked.sender, Account(data["AccountTable"], aws.region), secret.keys)
    return smoke.run(Site(asked.stage, tracking, dashboard), console.say, mail)


def reachable(what: str, domain: str, app: dict[str, str], console: Console, places: Callable[[str], set[str]]) -> str:
    """The URL to test: that of the domain, or as long as the DNS does not lead there the API's own."""
    target = app.get(f"{what}Target", "")
    if not domain or not target or domains.leads_to(domain, target, places):
        return app[f"{what}Url"]
    console.say(f"  to do   set in the DNS: {domain} CNAME {target}")
    if what == "Tracking":
        console.say(
            "          until then links in mails lead nowhere, so send none but the test's; it uses the API's own name"
        )
    return app[f"{what}ApiUrl"]


def _carry_out(
    planned: Plan | None, asked: Deployment, aws: Clients, console: Console, precious: Callable[[str], bool]
) -> None:
    """Shows a change set and executes it, if it loses nothing and somebody says yes; else it is taken back."""
    if planned is None:
        console.say("  no changes")
        return
    try:
        console.say(stacks.table(planned.changes))
        lost = stacks.losses(planned, precious, asked.may_lose)
        if lost:
            raise NotDeployed(_refused(planned.stack, [change.name for change in lost]))
        if not console.ask(f"  {'Create' if planned.is_new else 'Update'} {planned.stack}?"):
            raise NotDeployed(f"{planned.stack} was not changed, as you said")
    except BaseException:
        stacks.discard(aws.cloudformation, planned)
        raise
    console.say("  this takes some minutes ...")
    stacks.execute(aws.cloudformation, planned)
    console.say("  done")


def _refused(stack: str, names: list[str]) -> str:
    return (
        f"REFUSED: this may take away from {stack} what cannot be brought back: {', '.join(names)}. The stack is as it "
        "was. If you can do without what they hold, or have a copy, and without the links that lead there, name them: "
        f'MAY_LOSE="{" ".join(names)}"'
    )


def _tags(asked: Deployment) -> dict[str, str]:
    return {"mailsight-stage": asked.stage}
