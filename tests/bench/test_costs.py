"""What it costs: that everything measured is billed, at prices that exist, and that docs/COSTS.md says what is true."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bench import bill, costs, costs_before, costs_page, deployment, life, usage
from bench.bill import Traffic
from bench.costs import SES, Reckoning
from bench.stage import Step
from bench.usage import MILLION
from infra.local.functions import FEEDS
from tests.bench.measured import a_journey

ROOT = Path(__file__).parents[2]
PRICES = json.loads((ROOT / "infra" / "prices.json").read_text())


@pytest.fixture(scope="module")
def found():
    return Reckoning(a_journey(), deployment.read(), usage.prices())


@pytest.fixture(scope="module")
def made(found):
    return found.bill()


def a_step(**changes):
    step = Step("open", "track", [], cpu_ms=2.0, log_lines=1, log_bytes=200, metrics=[], answer_bytes=300)
    return step._replace(**changes)


def test_prices_are_positive_numbers_with_a_day_a_region_and_where_they_are_from():
    assert all(isinstance(price, int | float) and price > 0 for price in PRICES["prices"].values())
    assert date.fromisoformat(PRICES["date"])
    assert PRICES["region"] == "us-east-1"
    assert all(page.startswith("https://aws.amazon.com/") for page in PRICES["sources"])


def test_what_is_free_is_free_of_something_that_has_a_price():
    assert PRICES["free_each_month"].keys() <= PRICES["prices"].keys()


def test_a_price_is_of_what_its_name_says():
    prices = usage.prices()
    used = {"dynamodb_write_request_units_per_million": 2, "sqs_requests_per_million": 1}
    assert prices.cost(used) == 2 * 0.625 + 0.4
    paid = prices.paid({"sqs_requests_per_million": 3.5, "s3_put_requests_per_million": 1.0})
    assert paid == {"sqs_requests_per_million": 2.5, "s3_put_requests_per_million": 1.0}


def test_half_the_memory_doubles_the_computing_and_halves_the_waiting(found):
    now = found.deployment._replace(memory={"track": 512})
    half = found.deployment._replace(memory={"track": 256})
    computing = a_step(cpu_ms=10.0)
    assert usage.of_compute(computing, half) == pytest.approx(usage.of_compute(computing, now))
    calls = found.journey.steps["open"].calls
    waiting = a_step(cpu_ms=0.0, calls=calls)
    assert usage.of_compute(waiting, half) == pytest.approx(usage.times(usage.of_compute(waiting, now), 0.5))


def test_a_whole_core_is_the_most_that_memory_buys(found):
    large = {"track": 2 * usage.WHOLE_CORE_MB}
    used = usage.of_compute(a_step(cpu_ms=1_000.0), found.deployment._replace(memory=large))
    seconds = used["lambda_arm64_gb_second"] / (large["track"] / 1024)
    assert seconds == pytest.approx(usage.CPU_FACTOR)


def test_lambdas_own_lines_are_paid_where_they_are_logged(found):
    quiet, loud = (usage.of_call(a_step(), found.deployment._replace(has_reports=told)) for told in (False, True))
    more = loud["cloudwatch_logs_ingested_gb"] - quiet["cloudwatch_logs_ingested_gb"]
    assert more * usage.GB == pytest.approx(usage.REPORT_BYTES)


def test_only_what_a_gateway_calls_pays_for_one(found):
    gateways = {
        function: [name for name in usage.of_call(a_step(function=function), found.deployment) if "gateway" in name]
        for function in ("api", "track", "fold")
    }
    assert gateways == {
        "api": ["api_gateway_rest_requests_per_million"],
        "track": ["api_gateway_http_requests_per_million"],
        "fold": [],
    }


def test_an_index_is_stored_and_not_backed_up():
    month = deployment.MONTH.total_seconds() / 86_400
    stored = {"messages": usage.GB, "messages/by_account": usage.GB, "contents": 3 * usage.GB}
    used = usage.of_storage(stored, month, has_backups=True)
    assert used["dynamodb_storage_gb_month"] == pytest.approx(2)
    assert used["dynamodb_point_in_time_recovery_gb_month"] == pytest.approx(1)
    assert used["s3_storage_gb_month"] == pytest.approx(3)
    assert usage.of_storage(stored, month, has_backups=False)["dynamodb_point_in_time_recovery_gb_month"] == 0


def test_five_pollers_ask_an_empty_queue_three_times_a_minute():
    a_day = usage.of_waiting_at_queues(1)["sqs_requests_per_million"] * MILLION / (deployment.MONTH.days + 0.4375)
    assert a_day == pytest.approx(5 * 3 * 60 * 24)


def test_the_deployment_is_what_is_deployed(found):
    read = found.deployment
    assert set(read.memory) == {"api", "track", *(feed.name for feed in FEEDS)}
    assert (read.queues, read.batches["fold"]) == (4, 100)
    assert read.runs_a_month["sweep"] == pytest.approx(4 * 24 * 30.4375)
    assert read.alarms >= (ROOT / "infra" / "watch.yaml").read_text().count("Type: AWS::CloudWatch::Alarm") > 0


def test_a_million_mails_are_a_million_of_everything_that_each_mail_needs_once(made):
    used = usage.times(usage.total(made.mail.values()), MILLION)
    for name in ("ses_mails", "s3_put_requests", "s3_get_requests", "api_gateway_rest_requests"):
        assert used[f"{name}_per_million"] == pytest.approx(1), name
    assert used["sns_publishes_per_million"] == pytest.approx(2), "Send and Delivery"
    assert used["sqs_requests_per_million"] == pytest.approx(9), "three messages, each sent, received and deleted"


def test_write_units_are_billed_as_they_are_measured(found, made):
    steps = found.journey.steps
    together = bill.meeting(found.deployment, Traffic()).deliveries
    alone = sum(steps[f"fold {kind}"].write_units for kind in ("Send", "Delivery"))
    at_once = steps["fold Send and Delivery at once"].write_units
    others = sum(steps[name].write_units for name in ("accept", "send", "ingest Send", "ingest Delivery"))
    billed = usage.total(made.mail.values())["dynamodb_write_request_units_per_million"] * MILLION
    assert billed == pytest.approx(others + alone * (1 - together) + at_once * together)


def test_the_month_is_the_sum_of_its_parts(found, made):
    parts = made.of_a_million()
    assert set(parts) == {"the month", "mails", "opens", "clicks"}
    opens = usage.times(usage.total(made.open.values()), life.OPENS * MILLION)
    assert parts["opens"] == pytest.approx(opens)
    sums = [found.own([used]) for used in parts.values()]
    assert found.own(parts.values()) == pytest.approx(sum(sums))


def test_sess_own_part_is_shown_apart(found):
    figures = {figure.what: figure.value for figure in costs.summary(found).figures}
    assert figures["SES's part"] == pytest.approx(100)
    assert SES in usage.total(found.bill().mail.values())
    whole = figures["a month of a million mails, our own part"]
    assert whole == pytest.approx(sum(value for what, value in figures.items() if what.startswith("of that")))
    assert figures["the same behind the free tiers"] < whole


def test_a_million_first_opens_cost_some_8_dollars_in_what_no_machine_changes_and_the_page_tells_why(found, made):
    used = dict(usage.total(made.open.values()))
    compute = used.pop("lambda_arm64_gb_second")
    assert found.prices.cost(used) * MILLION < 8
    assert compute > 0
    (figure,) = (one for one in costs.summary(found).figures if one.what == "a million opens, folded")
    assert figure.goal == costs.GOAL_OF_OPENS
    assert all(f"messages/{index} 1" in figure.note for index in ("by_account", "by_latest_open"))


def test_what_was_kept_stands_beside_what_is_measured_now(found, made, tmp_path):
    file = tmp_path / "before.json"
    costs_before.keep(found, "A state without changes", datetime(2027, 3, 1, tzinfo=UTC), file)
    same = costs_before.table(found, file)
    assert "A state without changes, as it was measured on 2027-03-01" in same.about
    assert [figure.value for figure in same.figures] == [0] * len(same.figures)
    assert len(same.figures) == len(made.mail) + len(made.open) + len(made.click) + 1
    kept = json.loads(file.read_text())
    kept["stages"]["open: fold"]["writes"] -= 2
    file.write_text(json.dumps(kept))
    (more,) = (figure for figure in costs_before.table(found, file).figures if figure.value)
    assert (more.what, more.value) == ("open: fold", pytest.approx(2 * 0.625))
    assert "write units 4 → 6" in more.note


CHEAPER = {
    "SES's events `send` are not heard",
    "the API behind an HTTP API",
    "no alarms",
    "no CloudWatch dashboard",
    "no point-in-time recovery",
    "mails come without Idempotency-Key",
    "ingest is handed ten at once, as in a burst",
    "fold's stream gathers for 300 s",
    "the sweep visits a mail half as often",
}


def test_settings_are_told_with_what_moves_most_first_and_in_the_right_direction(found):
    figures = costs.moves(found).figures
    changes = [abs(figure.value) for figure in figures]
    assert changes == sorted(changes, reverse=True)
    by_name = {figure.what: figure.value for figure in figures}
    assert all(by_name[name] < 0 for name in CHEAPER & by_name.keys())
    assert by_name["Lambda's own lines about each call are logged"] > 0


def test_no_alarms_save_what_they_cost(found):
    (figure,) = (figure for figure in costs.moves(found).figures if figure.what == "no alarms")
    assert figure.value == pytest.approx(-0.1 * found.deployment.alarms, abs=0.005)


def test_a_longer_window_lets_more_events_meet(found):
    met = [
        bill.meeting(found.deployment._replace(fold_window_seconds=seconds), Traffic()) for seconds in (0.0, 1.0, 60.0)
    ]
    assert [one.calls for one in met] == sorted((one.calls for one in met), reverse=True)
    assert [one.deliveries for one in met] == sorted(one.deliveries for one in met)
    assert met[0].calls == 1


def rows_of_units(text):
    """The rows of a page that tell of capacity units, which are the same on every machine."""
    return re.findall(r"^\| .*(?:request|write|read) units.* \|$", text, re.MULTILINE)


def without_dollars(rows):
    return [re.sub(r"[\d,.]+ \$", "$", row) for row in rows if "above all" not in row]


def test_the_page_in_docs_tells_the_units_that_are_measured(found):
    now = costs_page.page(found, datetime.now(UTC))
    mend = "python -m bench.costs_page --write"
    assert without_dollars(rows_of_units(costs_page.PAGE.read_text())) == without_dollars(rows_of_units(now)), mend


def test_the_page_has_every_table_and_no_place_that_was_not_filled_in(found):
    page = costs_page.page(found, datetime(2027, 3, 1, tzinfo=UTC))
    assert "on 2027-03-01" in page
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        *("## What it costs", "## Beside what it was"),
        *("## A million mails, by component", "## A million mails, by what is done"),
        *("## A million opens, by component", "## A million clicks, by component"),
        *("## A month, whether or not mails are sent", "## What moves it", "## How it is reckoned"),
    ]
    assert not re.search(r"\{\w*\}|nan|inf\b", page)
