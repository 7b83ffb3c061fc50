"""The mail of the smoke test: handed over, delivered, opened and clicked, with a key that ends with the test.

It goes to SES's simulator, which takes it also from the sandbox and lets nobody read it. So what its reader would do is
done here: pixel and link are minted as `flow/send.py` mints them, with the same secret and the `until` that the API
shows; for the same message that gives the very same text.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core import apikey, hit_answer, instant
from chalicelib.core.token import Keys, Mode, Purpose, Token, mint
from chalicelib.storage.account import Account
from infra.account import new_key
from infra.aws.sender import SIMULATOR
from infra.aws.smoke_step import Hopeless, Patience, Site, Step
from infra.aws.web import ask, expect

ACCOUNT = "smoke-test"
DESTINATION = "https://example.com/mailsight-smoke-test"
HTML = f'<p>This is mailsight\'s smoke test: <a href="{DESTINATION}">its link</a>.</p>'

_DELIVERED = frozenset({"delivered", "opened", "clicked"})
_OF_TABLES = (PynamoDBException, BotoCoreError, ClientError)


class Mail(NamedTuple):
    """What the mail needs: an address that SES has verified, the table of accounts, and the keys that sign."""

    sender: str
    accounts: Account
    keys: Keys


def run(site: Site, mail: Mail, say: Callable[[str], None], patience: Patience) -> bool:
    """Sends the mail and plays its reader; whether all went well. The key ends then, or a day later in any case."""
    now = datetime.now(UTC)
    try:
        key = new_key(
            mail.accounts,
            ACCOUNT,
            name="smoke test",
            scopes=frozenset({"send", "read"}),
            expires_at=now + timedelta(days=1),
        )
    except _OF_TABLES as error:
        say(f"  FAILED  a key is made: {_line(error)}. Look at the permissions in docs/DEPLOYMENT.md")
        return False
    try:
        # one after the other: each needs the one before
        return all(
            step.is_passed(say, patience.mail_seconds, patience.pause_seconds)
            for step in _Play(site, mail.sender, mail.keys, key).steps()
        )
    finally:
        _revoke(mail.accounts, key, say)


def _revoke(accounts: Account, key: str, say: Callable[[str], None]) -> None:
    try:
        accounts.revoke_key(_key_id(key), datetime.now(UTC))
    except _OF_TABLES as error:
        say(f"  warning the test's key {_key_id(key)} is not revoked, and ends tomorrow: {_line(error)}")


class _Play:
    """Who sends the mail, and then does what its reader would."""

    def __init__(self, site: Site, sender: str, keys: Keys, key: str) -> None:
        self._site, self._sender, self._keys, self._key = site, sender, keys, key
        self._message_id = ""
        self._until = ""

    def steps(self) -> tuple[Step, ...]:
        log = self._site.log
        path = f"{log('send')}, then {log('ingest')} and {log('fold')}"
        return (
            Step("a mail is taken", log("api"), self._send),
            Step(f"it is delivered to {SIMULATOR}", path, self._is_delivered),
            Step("its pixel is loaded", log("track"), self._load),
            Step("its link is followed", log("track"), self._follow),
            Step("one open and one click are counted", f"{log('track')} and {log('fold')}", self._is_counted),
        )

    def _send(self) -> None:
        """However often this is tried, it is one mail."""
        body = {"from": self._sender, "to": SIMULATOR, "subject": "mailsight's smoke test", "html": HTML}
        self._message_id = str(self._call("/v1/emails", "POST", body)["id"])

    def _is_delivered(self) -> None:
        found = self._mail()
        said = f"the mail is {found['status'] or found['sending']}" + (f": {found['error']}" if found["error"] else "")
        if found["sending"] == "failed" or found["bounce"]:
            raise Hopeless(said + (f": {found['bounce']}" if found["bounce"] else ""))
        expect(found["status"] in _DELIVERED, said)
        self._until = str(found["tracking"]["until"])

    def _load(self) -> None:
        got = ask(f"{self._site.tracking_url}/o/{self._token(Purpose.OPEN)}")
        expect(got.body == hit_answer.GIF, f"the pixel is {got.status} {got.excerpt!r}")

    def _follow(self) -> None:
        """Follows the link, but not to where it leads."""
        got = ask(f"{self._site.tracking_url}/c/{self._token(Purpose.CLICK, DESTINATION)}")
        where = got.headers.get("location")
        expect(
            got.status == 302 and where == DESTINATION,
            f"the link answers {got.status} to {where} instead of 302 to {DESTINATION}; with 404 the functions have "
            "other token keys than the secret",
        )

    def _is_counted(self) -> None:
        found = self._mail()
        seen = (found["status"], found["opens"]["count"], found["clicks"]["count"])
        expect(seen == ("clicked", 1, 1), f"status, opens and clicks are {seen} instead of ('clicked', 1, 1)")

    def _token(self, purpose: Purpose, destination: str = "") -> str:
        until = instant.parse(self._until)
        return mint(Token(purpose, Mode.FULL, self._message_id, until, 0, destination), self._keys)

    def _mail(self) -> Any:
        return self._call(f"/v1/emails/{self._message_id}")

    def _call(self, path: str, method: str = "GET", body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Idempotency-Key"] = f"smoke-test-{_key_id(self._key)}"
        got = ask(f"{self._site.dashboard_url}{path}", method, body, headers)
        expect(got.status in (200, 202), f"{method} {path} answers {got.status}: {got.excerpt!r}")
        return got.json


def _key_id(key: str) -> str:
    parsed = apikey.parse(key)
    assert parsed is not None, "it was made as one"
    return parsed[0]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
