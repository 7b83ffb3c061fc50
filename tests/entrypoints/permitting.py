"""An API with settings, consents and suppressions, and a key that may change them."""

from urllib.parse import urlencode

from tests.entrypoints.test_api_emails import MAIL, Api

ANNA = "anna@example.com"


class Office(Api):
    """The API as somebody sees it who runs the account: with every scope."""

    def __init__(self, stack) -> None:
        super().__init__(stack)
        self.key = self.new_key("acme", ("send", "read", "admin"))

    def ask(self, method, path, body=None, **query):
        """Status and answer of a call with these parameters in its query."""
        where = f"{path}?{urlencode(query)}" if query else path
        return self.call(method, where, body)[:2]

    def done(self, method, path, body=None, **query):
        """The answer of a call that must succeed."""
        status, answer = self.ask(method, path, body, **query)
        assert status in (200, 202), answer
        return answer

    def refused(self, method, path, body=None, **query) -> list[str]:
        """The fields that a refusal of bad input names."""
        status, problem, headers = self.call(method, f"{path}?{urlencode(query)}" if query else path, body)
        assert (status, problem["code"]) == (422, "invalid_input"), problem
        assert headers["Content-Type"] == "application/problem+json"
        assert all(error["message"] for error in problem["errors"])
        return [error["pointer"] for error in problem["errors"]]

    def tracking(self, **changes):
        """The tracking of a mail that is taken now."""
        message_id = self.done("POST", "/v1/emails", MAIL | changes)["id"]
        return self.done("GET", f"/v1/emails/{message_id}")["tracking"]


def may_only(office: Office, path: str, method: str, scope: str, body=None, query: str = "") -> bool:
    """Whether a key with this scope alone may do it, and one with every other may not."""
    others = {"send", "read", "admin"} - {scope}
    allowed = office.call(method, path + query, body, key=office.new_key(scopes=(scope,)))[0]
    refused = office.call(method, path + query, body, key=office.new_key(scopes=others))[0]
    unknown = office.call(method, path + query, body, key="x")[0]
    return (allowed, refused, unknown) == (200, 403, 401)
