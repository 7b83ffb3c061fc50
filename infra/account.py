"""Accounts and their API keys from the command line.

    python -m infra.account --account acme --scopes send,read     makes the account if it is new, and a key of it
    python -m infra.account --revoke 0123456789abcdef             ends a key; its id is what follows ms_ in its text
    --stage prod                                                  of what `make deploy STAGE=prod` has deployed
    --local                                                       of what `make run` runs now

Else it reads MAILSIGHT_ACCOUNT_TABLE and AWS_REGION from the environment, like the functions. A key is printed once and
can never be shown again: only the hash of its secret is stored.
"""

import argparse
import re
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core import apikey
from chalicelib.core.problem import MailsightError
from chalicelib.settings import BadSettings
from chalicelib.storage.account import Account
from infra import installation


class NoSuchKey(MailsightError):
    """No key has this id."""


def new_key(accounts: Account, account: str, *, name: str, scopes: frozenset[str], expires_at: datetime | None) -> str:
    """Registers the account if it is new, and stores a new key of it; returns the key's text."""
    key_id, text, secret_hash = apikey.make(secrets.token_bytes)
    accounts.create(account, name=account)
    accounts.add_key(
        apikey.ApiKey(key_id, account, name, scopes, secret_hash, created_at=datetime.now(UTC), expires_at=expires_at)
    )
    return text


def _account_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,40}", text) or text == "accounts":
        raise argparse.ArgumentTypeError("an account is named by 1 to 40 lower-case letters, digits and hyphens")
    return text


def _key_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{16}", text):
        raise argparse.ArgumentTypeError("a key id is the 16 digits after ms_ in the key's text, without the rest")
    return text


def _scopes(text: str) -> frozenset[str]:
    scopes = frozenset(text.split(","))
    if not scopes or scopes - apikey.SCOPES:
        raise argparse.ArgumentTypeError(f"scopes are {', '.join(sorted(apikey.SCOPES))}, separated by commas")
    return scopes


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
    parser.add_argument("--name", default="command line", help="what the key is for")
    parser.add_argument("--scopes", default=frozenset({"send", "read"}), type=_scopes, help="default: send,read")
    parser.add_argument("--days", type=_days, help="how long the key is valid; without it for ever")
    installation.add_options(parser)
    return parser.parse_args(argv)


def _run(asked: argparse.Namespace) -> str:
    """Does what is asked; what is to be printed."""
    own = installation.find(asked, "account_table")
    accounts, now = Account(own.account_table, own.region), datetime.now(UTC)
    try:
        if not asked.revoke:
            expires_at = now + asked.days if asked.days else None
            return new_key(accounts, asked.account, name=asked.name, scopes=asked.scopes, expires_at=expires_at)
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
