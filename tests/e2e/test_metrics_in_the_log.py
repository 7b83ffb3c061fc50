"""What the functions of a run count: lines in its log, each whole, with the stage and without anybody's name."""

import re

import pytest

from tests.e2e.crm import Crm
from tests.entrypoints.metric_lines import lines_in, told_in
from tests.infra.local_run import LocalRun, ask, until

pytestmark = [pytest.mark.local]

FROM_POST_TO_SENT = {"MailAccepted", "MailSent", "RecipientSent", "SendLag"}
FROM_SENT_TO_OPENED = {"Delivered", "OpenRecorded", "EventFolded", "FoldLag"}


def test_one_mail_is_counted_by_every_function_on_its_way(local_run: LocalRun, local: dict):
    crm = Crm(local)
    message_id = crm.send(subject="To be counted", to="counted-canary@example.com")
    crm.status(message_id, "delivered")
    (pixel,) = re.findall(r'src="([^"]+)"', crm.arrived("To be counted")["html"])
    assert ask(pixel).status == 200
    crm.status(message_id, "opened")

    def log() -> str:
        return "".join(path.read_text() for path in local_run.folder.glob("mailsight.log*"))

    wanted = FROM_POST_TO_SENT | FROM_SENT_TO_OPENED
    until(lambda: {name for told in told_in(log()) for name in told.metrics} >= wanted, "the metrics of a mail")
    assert {told.stage for told in told_in(log())} == {"local"}
    secrets = (message_id, "counted-canary", pixel.rpartition("/")[2], local["api_key"])
    assert [line for line in lines_in(log()) if any(secret in line for secret in secrets)] == []
