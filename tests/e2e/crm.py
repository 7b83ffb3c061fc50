"""A CRM that sends through a run of the embedded default, and looks into its inbox."""

from collections.abc import Callable
from typing import Any

from tests.infra.local_run import ask, until


class Crm:
    """The API as a program uses it."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.run = run

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        key = {"Authorization": f"Bearer {self.run['api_key']}"}
        answer = ask(self.run["api_url"] + path, method, body, key | headers)
        return answer.status, answer.json

    def send(self, **changes: object) -> str:
        """The id of a mail like any, with these changes; what is None is left out."""
        body = {"from": "me@example.com", "to": "anna@example.com", "subject": "Quote", "html": "<p>Hi</p>"} | changes
        given = {name: value for name, value in body.items() if value is not None}
        status, taken = self.call("POST", "/v1/emails", given)
        assert status == 202, taken
        return str(taken["id"])

    def mail(self, message_id: str) -> dict[str, Any]:
        return self.call("GET", f"/v1/emails/{message_id}")[1]

    def wait(self, message_id: str, is_reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            mail = self.mail(message_id)
            return mail if is_reached(mail) else None

        return until(look, f"what should become of mail {message_id}")

    def status(self, message_id: str, status: str) -> dict[str, Any]:
        return self.wait(message_id, lambda mail: mail["status"] == status)

    def inbox(self, subject: str) -> list[dict[str, Any]]:
        messages = ask(f"{self.run['inbox_url']}/messages").json
        return [mail for mail in messages if mail["subject"] == subject]

    def arrived(self, subject: str) -> dict[str, Any]:
        return until(lambda: self.inbox(subject), f"the mail {subject}")[0]
