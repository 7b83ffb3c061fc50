"""The names of metrics, and the line of the hot path as CloudWatch documents it."""

import json
from pathlib import Path

import pytest

from chalicelib.core.metric import COUNTS, SECONDS, line

LIB = Path(__file__).parents[2] / "chalicelib"


def test_the_line_is_what_the_specification_says():
    text = line("OpenRecorded", stage="prod", at_ms=1795249800123)
    assert json.loads(text) == {
        "_aws": {
            "Timestamp": 1795249800123,
            "CloudWatchMetrics": [
                {
                    "Namespace": "mailsight",
                    "Dimensions": [["stage"]],
                    "Metrics": [{"Name": "OpenRecorded", "Unit": "Count"}],
                }
            ],
        },
        "stage": "prod",
        "OpenRecorded": 1,
    }


@pytest.mark.parametrize("stage", ['a"b', "a\nb", "\\", "\ud83d", "ä\u2028"])
def test_whatever_the_stage_is_called_it_is_one_line_of_json(stage):
    text = line("HitFailed", stage=stage, at_ms=0)
    assert len(text.splitlines()) == 1
    assert json.loads(text)["stage"] == stage


def test_every_metric_is_counted_somewhere_and_once_named():
    assert not COUNTS & SECONDS
    code = "\n".join(path.read_text() for path in LIB.rglob("*.py") if path.name != "metric.py")
    assert [name for name in COUNTS | SECONDS if f'"{name}"' not in code] == []
