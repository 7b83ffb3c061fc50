"""A webhook is told with a fault at every AWS call of `notify`, `deliver` and `remind`: always, and hardly twice."""

from collections.abc import Callable
from datetime import UTC, datetime

from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import Notice
from chalicelib.core.webhook import SecretName, Webhook
from chalicelib.entrypoints import deliver, notify, remind
from chalicelib.storage.deliveries import Deliveries
from chalicelib.storage.messages import Messages
from chalicelib.storage.notices import Notices
from chalicelib.storage.webhooks import Webhooks
from tests.entrypoints.test_webhook_functions import HOOK_ID, MESSAGE_ID
from tests.entrypoints.test_webhook_functions import record as noticed
from tests.faults.test_from_ses_to_cells import CONTEXT, scheduled
from tests.faults.test_mails_out import later, record
from tests.faults.world import Scene, World, struck_everywhere
from tests.moto_stack import REGION
from tests.webhook_receiver import Receiver

NOW = datetime.now(UTC).replace(microsecond=0)
NOTICE = Notice(f"{MESSAGE_ID}-1-0", "acme", MESSAGE_ID, "email.sent", NOW, NOW)


def telling(world: World, receiver: Receiver) -> Scene:
    """A notice for a receiver that fails once; what is not done is looked after every six minutes."""
    deliveries = Deliveries("outbox", REGION)

    def prepare() -> None:
        envelope = Envelope("me@example.com", ("anna@example.com",), subject="Quote")
        Messages("messages", REGION).add(Message(MESSAGE_ID, "acme", NOW, envelope, Tracking(False, False)))
        hook = Webhook(HOOK_ID, receiver.url, ("*",), NOW, SecretName(1, 1))
        Webhooks("account", REGION).change("acme", lambda known: {HOOK_ID: hook})
        with Messages("messages", REGION).transaction() as transaction:
            Notices("outbox", REGION).put_in(transaction, NOTICE)

    def source() -> Callable[[], bool]:
        receiver.statuses, receiver.told = [500], []
        stream, queue, tries = [noticed(NOTICE, 1)], list[str](), 0

        def turn() -> bool:
            nonlocal tries
            tries += 1
            with later(6 * tries):
                if stream and not notify.notify({"Records": stream}, None)["batchItemFailures"]:
                    stream.clear()
                queue.extend(world.take("deliveries"))
                while queue and not deliver.deliver({"Records": [record(queue[0])]}, None)["batchItemFailures"]:
                    queue.pop(0)
                    queue.extend(world.take("deliveries"))
                remind.remind(scheduled(), CONTEXT)
                queue.extend(world.take("deliveries"))
            return not (stream or queue) and any("204" in status for status in statuses())

        return turn

    def statuses() -> list[str]:
        return [row["attempts"]["S"] for row in world.rows("outbox") if row["item"]["S"].startswith("delivery#")]

    def state() -> object:
        found = deliveries.page("acme", HOOK_ID, 9, None, None, now=NOW).deliveries
        due = [row for row in world.rows("outbox") if "due_key" in row]
        ids = {headers["webhook-id"] for headers, _ in receiver.told}
        hook = Webhooks("account", REGION).of("acme")[HOOK_ID]
        return [one.status for one in found], due, ids, hook.failing_since, len(receiver.told)

    return Scene(prepare, source, state)


def test_a_webhook_is_told_whatever_dies_and_of_each_death_comes_one_attempt_more_at_most(world, receiver, monkeypatch):
    monkeypatch.setenv("MAILSIGHT_WEBHOOK_TARGETS", "127.0.0.0/8")
    deliver._parts.cache_clear()
    for what, found, clean in struck_everywhere(world, telling(world, receiver), least=15):
        assert clean == (["delivered"], [], {NOTICE.notice_id}, None, 2)
        assert found[:4] == clean[:4], what
        assert found[4] in (2, 3), what
