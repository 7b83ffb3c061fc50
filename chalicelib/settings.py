"""The environment as a typed value. Nothing else in this package reads `os.environ`."""

import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from chalicelib.core.problem import MailsightError
from chalicelib.core.token import Keys

PREFIX = "MAILSIGHT_"
MOST_SETTLE_SECONDS = 900  # as long as SQS can hold a message back
NO_STAGE = "none"  # a metric needs a word here, and nothing stops for want of one
_URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~-]+)*")


class BadSettings(MailsightError):
    """An environment variable is missing or malformed; the message names it."""


class Settings(NamedTuple):
    """Every field is read from `MAILSIGHT_<FIELD>`; what a function does not need stays empty there.

    `token_keys` is the JSON object of the key secret, key id to text: {"1": "…"}. URLs have no slash at the end.
    `networks` are those where an operator knows mail to be filtered, as core/network.py reads them.
    """

    events_table: str = ""
    messages_table: str = ""
    account_table: str = ""
    links_table: str = ""
    salts_table: str = ""
    reports_table: str = ""
    outbox_table: str = ""
    send_queue_url: str = ""
    spill_queue_url: str = ""
    deliveries_queue_url: str = ""
    people_queue_url: str = ""
    webhook_targets: str = ""
    webhook_settle_seconds: str = ""
    blob_bucket: str = ""
    configuration_set: str = ""
    networks: str = ""
    token_keys: str = ""
    tracking_url: str = ""
    dashboard_url: str = ""
    region: str = ""
    stage: str = NO_STAGE

    @property
    def keys(self) -> Keys:
        """The master secrets. Raises BadSettings if they are malformed."""
        try:
            secrets = {int(key_id): str(text).encode() for key_id, text in json.loads(self.token_keys).items()}
        except (ValueError, AttributeError) as error:
            raise BadSettings(f'{PREFIX}TOKEN_KEYS must be a JSON object like {{"1": "secret"}}') from error
        if not secrets or any(not 0 <= key_id <= 255 or len(secret) < 32 for key_id, secret in secrets.items()):
            raise BadSettings(f"{PREFIX}TOKEN_KEYS needs ids from 0 to 255 and secrets of 32 characters or more")
        return Keys(secrets)

    @property
    def webhook_settles(self) -> timedelta | None:
        """How long notices of hits wait, None for as long as usual. Raises BadSettings for what is no such number."""
        text = self.webhook_settle_seconds
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and int(text) <= MOST_SETTLE_SECONDS):
            raise BadSettings(f"{PREFIX}WEBHOOK_SETTLE_SECONDS must be a number from 0 to {MOST_SETTLE_SECONDS}")
        return timedelta(seconds=int(text))

    def require(self, *fields: str) -> "Settings":
        """These settings, if none of the named fields is empty or malformed; else BadSettings names what to set."""
        missing = [PREFIX + field.upper() for field in fields if not getattr(self, field)]
        if missing:
            raise BadSettings(f"set the environment variables {', '.join(missing)}")
        for field in {"tracking_url", "dashboard_url"} & set(fields):
            if not _URL.fullmatch(getattr(self, field)):
                raise BadSettings(
                    f"{PREFIX}{field.upper()} must be like https://t.example.com, without a slash at the end"
                )
        return self


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process."""
    source = os.environ if environ is None else environ
    values = {field: source.get(PREFIX + field.upper(), "") for field in Settings._fields}
    values["region"] = values["region"] or source.get("AWS_REGION") or source.get("AWS_DEFAULT_REGION") or ""
    values["stage"] = values["stage"].strip() or NO_STAGE
    return Settings(**values)


class Aws(NamedTuple):
    """Who signs the hot path's hand-made calls, and where they go. Endpoints are URLs, as the SDKs take them.

    Nothing is required: in a Lambda everything is there, and a call that AWS refuses must not stop a redirect.
    """

    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    dynamodb_endpoint: str
    sqs_endpoint: str
    s3_endpoint: str

    def bucket_url(self, bucket: str) -> str:
        """Where a bucket's objects are, without a slash at the end: under AWS's own endpoint by the host's name, else
        by the path, because a host that somebody else names is known by this name only."""
        own = _endpoint("s3", self.region)
        if self.s3_endpoint != own:
            return f"{self.s3_endpoint.rstrip('/')}/{bucket}"
        return own.replace("://", f"://{bucket}.")


def read_aws(environ: Mapping[str, str] | None = None) -> Aws:
    """The variables that the SDKs define too. Once a cold start is enough: Lambda rotates keys with the environment."""
    source = os.environ if environ is None else environ
    region = read(source).region

    def endpoint(service: str) -> str:
        named = source.get(f"AWS_ENDPOINT_URL_{service.upper()}") or source.get("AWS_ENDPOINT_URL")
        return named or _endpoint(service, region)

    return Aws(
        region=region,
        access_key_id=source.get("AWS_ACCESS_KEY_ID", ""),
        secret_access_key=source.get("AWS_SECRET_ACCESS_KEY", ""),
        session_token=source.get("AWS_SESSION_TOKEN", ""),
        dynamodb_endpoint=endpoint("dynamodb"),
        sqs_endpoint=endpoint("sqs"),
        s3_endpoint=endpoint("s3"),
    )


def _endpoint(service: str, region: str) -> str:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"
