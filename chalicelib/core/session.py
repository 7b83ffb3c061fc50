"""Sessions of the dashboard and the tokens in its forms: signed texts, nothing stored.

A session says which API key opened it, for which account, and until when; whether that key still holds is asked anew
on each request, so a revoked key ends every session that it opened. A form's token is bound to the cookie it came
with, so that another site cannot post in its reader's name.

    session     <signing key id>.<base64url of a JSON list: account, key id, end in Unix seconds>.<hex MAC>
    form token  <signing key id>.<hex MAC of the cookie's text>
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from chalicelib.core.problem import MailsightError
from chalicelib.core.token import Keys

LIFETIME = timedelta(hours=12)
LONGEST = 2_000  # characters; half of what a browser keeps in one cookie


class BadSession(MailsightError):
    """The text is no session that this installation opened, or it has ended."""


class Session(NamedTuple):
    """Who looks at the dashboard. `key_id` is the API key's; `expires_at` has whole seconds."""

    account: str
    key_id: str
    expires_at: datetime


def begin(account: str, key_id: str, now: datetime) -> Session:
    """A session that starts now."""
    return Session(account, key_id, (now + LIFETIME).astimezone(UTC).replace(microsecond=0))


def seal(session: Session, keys: Keys) -> str:
    """The text of a session, signed with the newest key; it may stand in a cookie as it is."""
    facts = [session.account, session.key_id, int(session.expires_at.timestamp())]
    payload = urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).rstrip(b"=").decode("ascii")
    return _signed(payload, keys, keys.newest)


def open_(text: str, keys: Keys, now: datetime) -> Session:
    """The session of a text that `seal` made and that has not ended. Raises BadSession for anything else."""
    signing_key_id, _, rest = text.partition(".")
    payload, _, _ = rest.partition(".")
    key_id = _known_key_id(signing_key_id, keys)
    if key_id is None or len(text) > LONGEST or not _are_equal(text, _signed(payload, keys, key_id)):
        raise BadSession("not signed by this installation")
    account, api_key_id, end = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    session = Session(account, api_key_id, datetime.fromtimestamp(end, UTC))
    if now >= session.expires_at:
        raise BadSession(f"ended at {session.expires_at:%Y-%m-%d %H:%M:%S} UTC")
    return session


def form_token(cookie: str, keys: Keys) -> str:
    """What a form carries to show that it was made for the holder of this cookie."""
    return _form_token(cookie, keys, keys.newest)


def is_form_token(token: str, cookie: str, keys: Keys) -> bool:
    """Whether the token was made for the holder of this cookie, compared in constant time."""
    key_id = _known_key_id(token.partition(".")[0], keys)
    return bool(cookie) and key_id is not None and _are_equal(token, _form_token(cookie, keys, key_id))


def _signed(payload: str, keys: Keys, key_id: int) -> str:
    body = f"{key_id}.{payload}"
    return f"{body}.{_mac(body, keys, key_id, 'session')}"


def _form_token(cookie: str, keys: Keys, key_id: int) -> str:
    return f"{key_id}.{_mac(cookie, keys, key_id, 'form')}"


def _mac(text: str, keys: Keys, key_id: int, use: str) -> str:
    return hmac.new(keys.derive(key_id, use), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _known_key_id(text: str, keys: Keys) -> int | None:
    """The key id as `seal` wrote it, if there is such a key; at most three digits, so that no giant number is read."""
    key_id = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None
    return key_id if key_id in keys.secrets and str(key_id) == text else None


def _are_equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
