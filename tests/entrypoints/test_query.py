"""The query of a call: what is not known is refused, and only what may be repeated stands more than once."""

from types import SimpleNamespace

import pytest
from chalice.app import MultiDict

from chalicelib.entrypoints.calls import parameters, repeatable
from chalicelib.entrypoints.problems import Problem

KNOWN, REPEATED = frozenset({"from", "to"}), frozenset({"user"})


def request(**query):
    return SimpleNamespace(query_params=MultiDict(query) if query else None)


def pointers(refused) -> list[str]:
    return [error["pointer"] for error in refused.value.errors]


def test_what_may_be_repeated_keeps_all_its_values_in_their_order():
    asked = request(user=["zoe", "", "anna"], to=["2026-11-22"])
    assert repeatable(asked, KNOWN, REPEATED) == {"user": ["zoe", "", "anna"], "to": ["2026-11-22"]}
    assert repeatable(request(), KNOWN, REPEATED) == {}


def test_what_may_not_be_repeated_stands_once():
    with pytest.raises(Problem) as refused:
        repeatable(request(user=["a", "b"], to=["1", "1"]), KNOWN, REPEATED)
    assert pointers(refused) == ["/to"]
    with pytest.raises(Problem) as refused:
        parameters(request(user=["a", "b"]), REPEATED)
    assert pointers(refused) == ["/user"]
    assert parameters(request(user=["a"]), REPEATED) == {"user": "a"}


def test_what_is_not_known_is_refused_by_name():
    with pytest.raises(Problem) as refused:
        repeatable(request(user=["a"], pigeon=["1"], albatross=["2"]), KNOWN, REPEATED)
    assert pointers(refused) == ["/albatross", "/pigeon"]
