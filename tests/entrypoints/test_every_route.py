"""Every route of the document, asked by who may not: without a key, with a key that lacks the scope, and with a key of
another account. A new route is asked, too, as soon as it stands in the document."""

import re

import pytest

from tests.entrypoints.every_route import (
    ALL,
    CANARIES,
    STRANGER,
    NotKnown,
    Operation,
    Owner,
    forget_parts,
    of_nobody,
    operations,
    request_of,
    said,
)
from tests.moto_stack import data_stack

OF_THAT_NAME = ("/users/{user_id}", "/templates/{template_id}")
"""Where a PUT makes what was not there: an account names these itself."""

EVERY = pytest.mark.parametrize("operation", list(operations()), ids=lambda one: f"{one.method} {one.path}")


@pytest.fixture(scope="module")
def owner():
    """One for all tests: whatever a stranger does, nothing of the owner's is changed, which is what they prove."""
    with pytest.MonkeyPatch.context() as patch, data_stack() as stack:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        forget_parts()
        yield Owner(stack)
        forget_parts()


def ask(owner: Owner, operation: Operation, named, key: str):
    """Status, answer and headers."""
    path, body = request_of(operation, named)
    return owner.office.call(operation.method, path, body, key=key)


@EVERY
def test_without_a_valid_key_there_is_one_answer_for_all(owner, operation):
    before = owner.items()
    wrong = ("x", owner.key[:-1] + ("0" if owner.key[-1] != "0" else "1"), "ms_" + "0" * 16 + "_" + "0" * 64)
    for key in wrong:
        status, problem, headers = ask(owner, operation, owner.named, key)
        assert (status, problem["code"]) == (401, "invalid_key")
        assert headers["WWW-Authenticate"].startswith("Bearer")
        assert_tells_nothing(owner, said(problem, headers))
    path, body = request_of(operation, owner.named)
    status, problem, _ = owner.office.call(operation.method, path, body, Authorization="")
    assert (status, problem["code"]) == (401, "invalid_key")
    assert owner.items() == before


@EVERY
def test_one_scope_opens_a_route_and_the_others_do_not(owner, operation):
    nobody, opened = of_nobody(), []
    for scope in ALL:
        status, problem, headers = ask(owner, operation, nobody, owner.office.new_key(STRANGER, (scope,)))
        if status == 403:
            assert problem["code"] == "missing_scope"
            assert_tells_nothing(owner, said(problem, headers))
        else:
            opened.append(scope)
    assert len(opened) == 1
    assert ask(owner, operation, nobody, owner.office.new_key(STRANGER, ()))[0] == 403


@EVERY
def test_what_is_another_account_s_is_as_what_is_not_there(owner, operation):
    """Whatever a stranger names of the owner's, the answer is the one for what nobody has; and nothing is changed."""
    before = owner.items()
    nobody = of_nobody()
    answers = []
    for named in (owner.named, nobody):
        stranger = owner.office.new_key(f"{STRANGER}-{operation.name}-{len(answers)}", ALL)
        status, answer, headers = ask(owner, operation, named, stranger)
        assert_tells_nothing(owner, leveled(said(answer, headers), named))
        answers.append((status, shape(leveled(said(answer, headers), named))))
    assert answers[0] == answers[1]
    if operation.path == "/v1/reports/{name}":
        assert answers[0][0] == 422, "it is asked of a group that a stranger does not have"
    elif operation.parameters("path"):
        is_made = operation.method == "PUT" and any(one in operation.path for one in OF_THAT_NAME)
        assert answers[0][0] == (200 if is_made else 404)
    assert owner.items() == before


@EVERY
def test_a_cursor_of_another_account_leads_nowhere(owner, operation):
    if "after" not in operation.parameters("query"):
        return
    path, _ = request_of(operation, owner.named._replace(queries={"limit": "1"}))
    answer = owner.office.done(operation.method, path)
    page = answer.get("emails", answer)  # of a report
    assert page["after"], f"the owner needs two of what {path} lists, or there is no cursor to try"
    stranger = owner.office.new_key(STRANGER, ALL)
    for name in ("after", "before"):
        asked = f"{path.partition('?')[0]}?{name}={page['after']}"
        status, problem, headers = owner.office.call(operation.method, asked, key=stranger)
        assert status in (404, 422)
        assert_tells_nothing(owner, said(problem, headers))


def test_the_owner_is_answered_otherwise_so_what_strangers_are_told_proves_something(owner):
    asked = sorted(operations(), key=lambda one: ("GET", "POST", "PUT", "DELETE").index(one.method))
    for operation in asked:
        status, answer, _ = ask(owner, operation, owner.named, owner.key)
        if operation.name == "cancel_email":  # it is sent
            assert (status, answer["code"]) == (409, "not_cancellable")
        elif operation.body == "NewEmail":  # for strangers the person is not suppressed
            assert (status, [one["pointer"] for one in answer["errors"]]) == (422, ["/to/0"])
        else:
            assert status in (200, 201, 202), (operation, answer)


def test_a_route_that_nobody_told_this_test_of_fails_it(owner):
    described = {"operationId": "x", "parameters": [{"in": "path", "name": "folder_id"}]}
    told = r"GET /v1/folders/\{folder_id\} takes folder_id of folders in its path, which .* `ids`"
    with pytest.raises(NotKnown, match=told):
        request_of(Operation("GET", "/v1/folders/{folder_id}", described), owner.named)


def assert_tells_nothing(owner: Owner, text: str) -> None:
    found = [one for one in (*CANARIES, *owner.ids) if one in text]
    assert not found, text


def leveled(text: str, named) -> str:
    """The text without what the asker gave: an answer may say that again."""
    account = named.bodies["AccountChange"]["id"]
    given = [*named.ids.values(), *named.queries.values(), account]
    upload = named.bodies["NewEmail"]["attachments"][0]["upload_id"]
    for one in sorted([*given, upload], key=len, reverse=True):
        text = text.replace(one, "…")
    return text


def shape(text: str) -> str:
    """The text without ids, secrets, times and counters, which differ from call to call, and without who asked."""
    text = re.sub(rf"{STRANGER}-\w+-\d", "stranger", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)|\d{8}T\d{6}Z", "<time>", text)
    text = re.sub(r"\"X-Request-Id\": \"[^\"]+\"", "<request>", text)
    text = re.sub(r"whsec_[A-Za-z0-9+/=]+", "<secret>", text)
    return re.sub(r"[0-9a-f]{32,64}|[0-9a-f]{8}(?=\")|\"RateLimit-(Remaining|Reset)\": \"\d+\"", "<id>", text)
