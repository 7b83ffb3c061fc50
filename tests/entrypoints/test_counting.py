"""Metrics of a call: one line with one dimension, whatever else this process counts."""

import io
from datetime import timedelta

import pytest

from chalicelib.entrypoints.counting import counting
from tests.entrypoints.metric_lines import Told, told_in


def test_what_a_call_counts_is_one_line_at_its_end(capsys):
    with counting("prod") as counts:
        counts.add("Delivered")
        counts.add("Delivered", 2)
        counts.took("FoldLag", timedelta(milliseconds=1500))
        assert capsys.readouterr().out == ""
    assert told_in(capsys.readouterr().out) == [Told("prod", {"Delivered": 3, "FoldLag": 1.5})]


def test_a_call_that_counts_nothing_writes_nothing(capsys):
    with counting("prod") as counts:
        counts.add("Delivered", 0)
    assert capsys.readouterr().out == ""


def test_a_call_that_raises_has_counted_all_the_same(capsys):
    with pytest.raises(ConnectionError), counting("prod") as counts:
        counts.add("MailSent")
        raise ConnectionError
    assert told_in(capsys.readouterr().out) == [Told("prod", {"MailSent": 1})]


def test_functions_of_one_process_do_not_count_for_each_other(capsys):
    with counting("a") as one, counting("b") as other:
        one.add("MailSent")
        other.add("Delivered")
        one.add("MailSent")
    assert told_in(capsys.readouterr().out) == [Told("b", {"Delivered": 1}), Told("a", {"MailSent": 2})]


def test_the_environment_adds_no_dimension_and_no_namespace(capsys, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "another")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "another")
    with counting("prod") as counts:
        counts.add("MailSent")
    assert told_in(capsys.readouterr().out) == [Told("prod", {"MailSent": 1})]


def test_a_clock_that_runs_behind_makes_no_time_less_than_nothing(capsys):
    with counting("prod") as counts:
        counts.took("FoldLag", timedelta(seconds=-1))
    assert told_in(capsys.readouterr().out) == [Told("prod", {"FoldLag": 0})]


def test_a_closed_output_stops_nothing(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    with counting("prod") as counts:
        counts.add("MailSent")
