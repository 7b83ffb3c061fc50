"""The API key of the embedded default: made once, kept in the folder, shown at every start."""

import os
from datetime import UTC, datetime

from chalicelib import settings
from chalicelib.core import apikey
from chalicelib.storage.account import Account
from infra.account import MOST_CALLS, new_key
from infra.local.folder import Folder

ACCOUNT = "local"


def ensure_key(folder: Folder) -> str:
    """The text of a key that the account table of this process's settings knows, with every scope."""
    own = settings.read().require("account_table", "region")
    accounts = Account(own.account_table, own.region)
    text = folder.api_key.read_text(encoding="ascii").strip() if folder.api_key.exists() else ""
    if not _is_valid(accounts, text):
        scopes = apikey.SCOPES
        text = new_key(accounts, ACCOUNT, name="make run", scopes=scopes, expires_at=None, rate=MOST_CALLS)
        folder.api_key.unlink(missing_ok=True)
        with os.fdopen(os.open(folder.api_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
    return text


def _is_valid(accounts: Account, text: str) -> bool:
    parsed = apikey.parse(text)
    key = accounts.key(parsed[0]) if parsed else None
    return bool(parsed and key and apikey.is_right(key, parsed[1]) and key.is_valid(datetime.now(UTC)))
