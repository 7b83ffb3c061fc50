"""Accounts and their API keys from the command line.

    python -m infra.account --account acme --scopes send,read     makes the account if it is new, and a key of it
    python -m infra.account --account acme --rate 1200            … that may make so many calls a minute; else 600
    python -m infra.account --account acme --ses                  makes a credential for SES's own API (docs/API.md)
    python -m infra.account --revoke 0123456789abcdef             ends a key; its id is what follows ms_ in its text, or
                                                                  the whole access key id of a credential
    --stage prod                                                  of what `make deploy STAGE=prod` has deployed
    --local                                                       of what `make run` runs now

Else it reads MAILSIGHT_ACCOUNT_TABLE and AWS_REGION from the environment, like the functions; with --ses also
MAILSIGHT_TOKEN_KEYS, of which the secret is made. A key is printed once and can never be shown again: only the hash of
its secret is stored, of a credential nothing of it.
"""

import argparse
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core import apikey, rate_limit, ses_credential
from chalicelib.core.problem import MailsightError
from chalicelib.core.token import Keys
from chalicelib.settings import BadSettings, Settings
from chalicelib.storage.account import Account
from infra import installation

MOST_CALLS = 30_000
"""A minute, of one key; what API Gateway lets through for the whole installation (infra/app.yaml)."""

SES_SCOPES = frozenset({"send"})
"""What a credential for SES's API may do."""


class NoSuchKey(MailsightError):
    """No key has this id."""


def new_key(
    accounts: Account,
    account: str,
    *,
    name: str,
    scopes: frozenset[str],
    expires_at: datetime | None,
    rate: int = rate_limit.USUAL,
) -> str:
    """Registers the account if it is new, and stores a new key of it; returns the key's text."""
    key_id, text, secret_hash = apikey.make(secrets.token_bytes)
    accounts.create(account, name=account)
    now = datetime.now(UTC)
    accounts.add_key(
        apikey.ApiKey(key_id, account, name, scopes, secret_hash, now, expires_at=expires_at, rate_limit=rate)
    )
    return text


def new_ses_credential(
    accounts: Account,
    account: str,
    keys: Keys,
    *,
    name: str,
    expires_at: datetime | None,
    rate: int = rate_limit.USUAL,
) -> tuple[str, str]:
    """Registers the account if it is new, and a new credential of it that may send; its access key id and secret."""
    access_key_id = ses_credential.make(keys, secrets.token_bytes)
    secret = ses_credential.secret_of(access_key_id, keys)
    assert secret is not None, "it was made with a key that there is"
    accounts.create(account, name=account)
    now, kind = datetime.now(UTC), ses_credential.KIND
    accounts.add_key(
        apikey.ApiKey(
            access_key_id, account, name, SES_SCOPES, "", now, expires_at=expires_at, rate_limit=rate, kind=kind
        )
    )
    return access_key_id, secret


def _shown(access_key_id: str, secret: str, own: Settings, *, is_local: bool) -> str:
    """The credential, and how boto3 uses it. Only a local run's address is known here."""
    url, where = (own.dashboard_url, "") if is_local else ("…", "# … is the stack's output SesApiUrl\n")
    return f"""\
AWS_ACCESS_KEY_ID={access_key_id}
AWS_SECRET_ACCESS_KEY={secret}

{where}client = boto3.client("sesv2", endpoint_url="{url}", region_name="{own.region}",
                      aws_access_key_id="{access_key_id}", aws_secret_access_key="{secret}")
client.send_email(…)"""


def _account_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,40}", text) or text == "accounts":
        raise argparse.ArgumentTypeError("an account is named by 1 to 40 lower-case letters, digits and hyphens")
    return text


def _key_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{16}", text) and not ses_credential.is_access_key_id(text):
        raise argparse.ArgumentTypeError(
            "a key id is the 16 digits after ms_ in the key's text, without the rest; or an access key id, MSAK…"
        )
    return text


def _scopes(text: str) -> frozenset[str]:
    scopes = frozenset(text.split(","))
    if not scopes or scopes - apikey.SCOPES:
        raise argparse.ArgumentTypeError(f"scopes are {', '.join(sorted(apikey.SCOPES))}, separated by commas")
    return scopes


def _rate(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_CALLS:
        raise argparse.ArgumentTypeError(f"a key may make 1 to {MOST_CALLS:,} calls a minute")
    return int(text)


def _days(text: str) -> timedelta:
    if not text.isdigit() or not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError("a key lasts 1 to 3650 days")
    return timedelta(days=int(text))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.account", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--account", type=_account_id, help="make a key of this account, which need not exist yet")
    what.add_argument("--revoke", type=_key_id, metavar="KEY_ID", help="end this key, at once and for good")
    parser.add_argument("--ses", action="store_true", help="make a credential for SES's own API, which may send")
    parser.add_argument("--name", default="command line", help="what the key is for")
    parser.add_argument("--scopes", type=_scopes, help="default: send,read")
    parser.add_argument("--days", type=_days, help="how long the key is valid; without it for ever")
    parser.add_argument(
        "--rate", default=rate_limit.USUAL, type=_rate, help=f"calls a minute; default: {rate_limit.USUAL}"
    )
    installation.add_options(parser)
    asked = parser.parse_args(argv)
    if asked.ses and asked.scopes:
        parser.error("a credential for SES's own API may send and nothing else: leave out --scopes")
    return asked


def _run(asked: argparse.Namespace) -> str:
    """Does what is asked; what is to be printed."""
    own = installation.find(asked, "account_table", *(["token_keys"] if asked.ses and asked.account else []))
    accounts, now = Account(own.account_table, own.region), datetime.now(UTC)
    try:
        if not asked.revoke:
            expires_at = now + asked.days if asked.days else None
            named = {"name": asked.name, "rate": asked.rate, "expires_at": expires_at}
            if asked.ses:
                made = new_ses_credential(accounts, asked.account, own.keys, **named)
                return _shown(*made, own, is_local=asked.local is not None)
            return new_key(accounts, asked.account, scopes=asked.scopes or frozenset({"send", "read"}), **named)
        if not accounts.revoke_key(asked.revoke, now):
            raise NoSuchKey(f"the table {own.account_table} has no key with the id {asked.revoke}")
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        reason = " ".join(str(error).split())
        raise MailsightError(f"the table {own.account_table} in {own.region} cannot be used: {reason}") from error
    return f"The key {asked.revoke} is revoked."


def main(argv: Sequence[str] | None = None) -> int:
    """Makes a key and prints it, or revokes one; the exit status."""
    try:
        print(_run(_arguments(argv)))
    except MailsightError as error:
        print(f"python -m infra.account: {error}", file=sys.stderr)
        return 2 if isinstance(error, BadSettings) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
