"""Calls are counted by key, and one too many is told when to go on."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.apikey import ApiKey
from chalicelib.entrypoints import api_emails, limiting
from chalicelib.entrypoints.limiting import Limiter
from chalicelib.storage.rate_limits import CounterDown
from tests.entrypoints.test_api_emails import MAIL, Api

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def key_of(limit: int, key_id: str = "k1") -> ApiKey:
    return ApiKey(key_id, "acme", "test", frozenset(), "", NOON, rate_limit=limit)


@pytest.fixture
def api(stack):
    api_emails._parts.cache_clear()
    limiting._limiter.cache_clear()
    yield Api(stack)
    api_emails._parts.cache_clear()
    limiting._limiter.cache_clear()


def test_a_call_too_many_is_answered_with_when_to_go_on_and_nothing_is_done(api):
    key = api.new_key(rate_limit=2)
    answers = [api.call("POST", "/v1/emails", MAIL, key=key) for _ in range(8)]  # a minute may end between two of them
    refused = [(problem, headers) for status, problem, headers in answers if status == 429]
    taken = [body["id"] for status, body, _ in answers if status == 202]
    assert 2 <= len(taken) <= 4
    assert len(taken) + len(refused) == 8
    assert sorted(api.queued()) == sorted(taken)
    problem, headers = refused[0]
    assert problem["code"] == "rate_limited"
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("2", "0")


def test_every_answer_tells_how_many_calls_are_left_also_a_refusal(api):
    key = api.new_key(rate_limit=100)
    for method, path, body in (("GET", "/v1/emails", None), ("POST", "/v1/emails", {})):
        _, _, headers = api.call(method, path, body, key=key)
        assert headers["RateLimit-Limit"] == "100"
        assert 0 < int(headers["RateLimit-Remaining"]) < 100
        assert 1 <= int(headers["RateLimit-Reset"]) <= 60
    assert "RateLimit-Limit" not in api.call("GET", "/v1/emails", key="x")[2]


def test_a_call_that_the_key_has_no_scope_for_counts_too(api):
    key = api.new_key(scopes=frozenset({"read"}), rate_limit=2)
    answers = [api.call("POST", "/v1/emails", MAIL, key=key)[0] for _ in range(6)]
    assert set(answers) == {403, 429}


def test_another_key_of_the_account_has_a_limit_of_its_own(api):
    spent = api.new_key(rate_limit=1)
    assert 429 in [api.call("GET", "/v1/opens", key=spent)[0] for _ in range(4)]
    assert api.call("GET", "/v1/opens")[0] == 200


def test_two_processes_share_what_the_key_may_do(api):
    key, passed = key_of(30), 0
    sandboxes = [Limiter(limiting.RateLimits("account", "eu-west-1").lease, pytest.fail) for _ in range(2)]
    for _ in range(30):
        passed += sum(sandbox.spend(key, NOON).is_allowed for sandbox in sandboxes)
    assert passed == 30


def test_a_counter_that_cannot_be_reached_stands_in_nobodys_way_and_is_told_of_once_a_lease():
    told = []

    def down(key_id, window, number):
        raise CounterDown("down")

    limiter = Limiter(down, told.append)
    assert all(limiter.spend(key_of(100), NOON).is_allowed for _ in range(25))
    assert len(told) == 3


def test_a_counter_that_cannot_be_reached_is_logged_and_counted(api, capsys, caplog, monkeypatch):
    monkeypatch.setenv("MAILSIGHT_ACCOUNT_TABLE", "missing")
    assert limiting.within_rate(key_of(100), NOON)["RateLimit-Limit"] == "100"
    assert "rate_uncounted" in caplog.text
    assert "RateUncounted" in capsys.readouterr().out


def test_keys_of_minutes_that_are_over_are_forgotten():
    limiter = Limiter(lambda key_id, window, number: number, pytest.fail)
    for number in range(50):
        limiter.spend(key_of(10, f"k{number}"), NOON)
    limiter.spend(key_of(10, "new"), NOON + timedelta(minutes=1))
    assert list(limiter._known) == ["new"]


def test_threads_of_one_process_spend_no_call_twice():
    counter = iter(range(10, 10_000, 10))
    limiter, passed = Limiter(lambda *_: next(counter), pytest.fail), []
    key = key_of(100)

    def calls() -> None:
        passed.extend(limiter.spend(key, NOON).is_allowed for _ in range(50))

    threads = [threading.Thread(target=calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 100
