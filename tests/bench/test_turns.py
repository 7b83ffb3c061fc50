"""Contenders take turns, and one figure comes out of each turn."""

from bench.turns import take_turns


def test_contenders_take_turns_and_run_once_before_they_are_measured():
    calls = []
    took = take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2)
    assert calls == ["a", "a", "b", "b"] * 2
    assert {name: len(times) for name, times in took.items()} == {"a": 2, "b": 2}
