"""Accounts and their API keys from the command line: `python -m infra.account --account acme --scopes send,read`.

Reads MAILSIGHT_ACCOUNT_TABLE and the region from the environment, like the functions. The key is printed once and can
never be shown again: only the hash of its secret is stored.
"""

import argparse
import re
import secrets
import sys
from datetime import UTC, datetime, timedelta

from chalicelib import settings
from chalicelib.core import apikey
from chalicelib.storage.account import Account


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


def _scopes(text: str) -> frozenset[str]:
    scopes = frozenset(text.split(","))
    if not scopes or scopes - apikey.SCOPES:
        raise argparse.ArgumentTypeError(f"scopes are {', '.join(sorted(apikey.SCOPES))}, separated by commas")
    return scopes


def _days(text: str) -> timedelta:
    if not text.isdigit() or not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError("a key lasts 1 to 3650 days")
    return timedelta(days=int(text))


def main() -> int:
    """Makes a key and prints it."""
    parser = argparse.ArgumentParser(prog="python -m infra.account", description="Make an API key of an account.")
    parser.add_argument("--account", required=True, type=_account_id, help="made if it does not exist yet")
    parser.add_argument("--name", default="command line", help="what the key is for")
    parser.add_argument("--scopes", default=frozenset({"send", "read"}), type=_scopes, help="default: send,read")
    parser.add_argument("--days", type=_days, help="how long the key is valid; without it for ever")
    asked = parser.parse_args()
    try:
        own = settings.read().require("account_table", "region")
    except settings.BadSettings as error:
        print(f"python -m infra.account: {error}", file=sys.stderr)
        return 2
    expires_at = datetime.now(UTC) + asked.days if asked.days else None
    accounts = Account(own.account_table, own.region)
    print(new_key(accounts, asked.account, name=asked.name, scopes=asked.scopes, expires_at=expires_at))
    return 0


if __name__ == "__main__":
    sys.exit(main())
