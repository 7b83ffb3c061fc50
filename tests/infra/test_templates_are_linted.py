"""The templates hold what CloudFormation's own schemas ask for, by cfn-lint."""

import json
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from infra import template
from infra.aws.dashboard import rendered
from tests.infra.watched import BOARD, DATA, PRICES, ROOT, WATCH

REGIONS = ["eu-west-1"]


def findings(whole: dict[str, Any]) -> list[str]:
    return [str(one) for one in lint(json.dumps(whole), config=ManualArgs(regions=REGIONS))]


def watch() -> dict[str, Any]:
    """Alarms and the dashboard, with the little of app.yaml that they refer to."""
    app = template.load(ROOT / "infra" / "app.yaml")
    apis = {name: app["Resources"][name] for name in ("TrackApi", "SesApi")}
    board = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {**BOARD}}
    board["Properties"]["DashboardBody"] = rendered(BOARD["DashboardBody"], PRICES)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"Stage": app["Parameters"]["Stage"], **WATCH["Parameters"]},
        "Conditions": WATCH["Conditions"],
        "Resources": {**WATCH["Resources"], "Dashboard": board, **apis},
    }


def test_nothing_is_found_in_the_data_stack():
    assert findings(DATA) == []


def test_nothing_is_found_in_alarms_and_dashboard():
    assert findings(watch()) == []


@pytest.mark.parametrize(
    ("resource", "key", "value"), [("ErrorsAlarm", "TreatMissingData", "never"), ("SpillAlarm", "Dimension", [])]
)
def test_a_wrong_value_would_be_found(resource, key, value):
    whole = json.loads(json.dumps(watch()))
    whole["Resources"][resource]["Properties"][key] = value
    assert findings(whole) != []
