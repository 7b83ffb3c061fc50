"""Reports by mail with a fault at every AWS call of `inform`: each is mailed once to each of its users."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from chalicelib.core.user import User
from chalicelib.entrypoints import inform
from chalicelib.storage.report_schedules import ReportSchedules
from chalicelib.storage.users import Users
from tests.entrypoints.permitting import Office
from tests.faults.calls import DEATHS
from tests.faults.test_from_ses_to_cells import CONTEXT, scheduled
from tests.faults.test_mails_out import later
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION
from tests.noon import NOON

USERS = ("kim", "raj")
DAILY = {"report": "email-analytics", "query": {"period": "yesterday"}, "every": "day", "from": "me@acme.example"}


def informing(world: World) -> Scene:
    """A report to two users that is due; the function runs every quarter of an hour."""

    def prepare() -> None:
        with time_machine.travel(NOON, tick=True):
            office = Office(world.stack)
            office.accounts.create("acme", "Acme")
            for name in USERS:
                Users("account", REGION).put("acme", User(name, name, f"{name}@acme.example", ()))
            schedule_id = office.call("POST", "/v1/report-schedules", DAILY | {"users": list(USERS)})[1]["id"]
            ReportSchedules("account", REGION).change(
                "acme",
                lambda known: {
                    schedule_id: replace(known[schedule_id], since=known[schedule_id].since - timedelta(days=2))
                },
            )

    def source() -> Callable[[], bool]:
        turns = 0

        def deliver() -> bool:
            nonlocal turns
            turns += 1
            with time_machine.travel(NOON, tick=True), later(15 * turns):
                inform.inform(scheduled(), CONTEXT)
                return True

        return deliver

    def settle() -> None:
        with time_machine.travel(NOON, tick=True), later(15 * 13):
            inform.inform(scheduled(), CONTEXT)

    def state() -> object:
        mails = sorted((row["message_id"]["S"], row["sending"]["S"]) for row in world.rows("messages"))
        return mails, len(world.objects())

    return Scene(prepare, source, state, settle)


@pytest.mark.strikes("inform")
def test_a_report_is_mailed_once_to_each_whatever_dies(world):
    for what, found, clean in struck_everywhere(world, informing(world), DEATHS, least=12):
        assert len(clean[0]) == len(USERS)
        assert found == clean, what
