"""An outbox in memory, for tests of the flows that tell webhooks; and a worker that can be killed at any call."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core.delivery import Answer, Status, Task
from chalicelib.core.message import Clickable, Envelope, LinkedFile, Message, Sending, Tracking
from chalicelib.core.notice import Notice
from chalicelib.core.refold import Fold
from chalicelib.core.token import Keys
from chalicelib.core.webhook import SecretName, Webhook, types_wanted
from chalicelib.flow import deliver as flow
from chalicelib.storage.deliveries import LOOKED_AFTER, QUEUED_ALREADY, Due
from chalicelib.storage.webhooks import Changed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2
HIT = "2026-03-01T11:59:00.000Z#hit"
KEYS = Keys({1: b"a" * 32})
HOOK = Webhook("a" * 32, "https://crm.example.com/hooks", ("*",), NOON, SecretName(1, 1))
MESSAGE = Message(
    MESSAGE_ID,
    "acme",
    NOON,
    Envelope("me@example.com", ("Anna <Anna@example.com>",), subject="Hi"),
    Tracking(True, True),
    record=("leads", "4711"),
    sending=Sending.SENT,
)
CLICKABLE = Clickable(("https://example.com/a", "https://example.com/b"), (LinkedFile("a.pdf", 7),))


class Killed(BaseException):
    """The worker is gone: nothing catches it."""


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def notice(kind: str = "email.sent", number: int = 0, **about: Any) -> Notice:
    return Notice(f"{MESSAGE_ID}-1-{number}", "acme", MESSAGE_ID, kind, NOON, NOON, about)


class Outbox:
    """Everything that delivering touches. `kill_at` is the number of the call after which the worker dies."""

    def __init__(self, *answers: Answer, notices: tuple[Notice, ...] = (), kill_at: int | None = None) -> None:
        self.hooks = {HOOK.webhook_id: HOOK}
        self.listening: list[frozenset[str]] = []
        self.rows: dict[tuple[str, str, str], Any] = {}
        self.dues: dict[tuple[str, str, str], datetime] = {}
        self.tried: set[tuple[str, str, str]] = set()
        self.known = {one.key: one for one in notices}
        self.message: Message | None = MESSAGE
        self.folded = Fold()
        self.answers = list(answers)
        self.posted: list[tuple[str, Mapping[str, str], bytes]] = []
        self.queued: list[tuple[Task, int]] = []
        self.kill_at = kill_at
        self.calls = 0
        self.marks = 0
        self.chance = 0.0
        self.between: Callable[[], None] | None = None

    def parts(self) -> flow.Parts:
        self.marks += 1000
        return flow.Parts(
            webhooks=self,
            policies=self,
            deliveries=self,
            notices=_Notices(self),
            messages=self,
            clickable=lambda account, message_id: CLICKABLE,
            post=self.post,
            queue=self,
            keys=KEYS,
            new_mark=self.mark,
            chance=lambda: self.chance,
        )

    def step(self) -> None:
        """Counts a call that changed something; the worker may die right after it."""
        self.calls += 1
        if self.calls == self.kill_at:
            raise Killed

    # webhooks and policies

    def of(self, account: str) -> Any:
        return dict(self.hooks) if account == "acme" else {}

    def change(self, account: str, change: Any) -> Changed:
        before = dict(self.hooks)
        self.hooks = dict(change(before))
        self.step()
        return Changed(before, dict(self.hooks))

    def listened_to(self, account: str) -> frozenset[str]:
        return self.listening[-1] if self.listening else types_wanted(self.hooks.values())

    def listen(self, account: str, types: Any, now: datetime) -> None:
        self.listening.append(frozenset(types))
        self.step()

    # deliveries

    def get(self, account: str, webhook_id: str, place: str) -> Any:
        return self.rows.get((account, webhook_id, place))

    def claim(self, delivery: Any, mark: str, now: datetime) -> bool:
        if self.between:
            between, self.between = self.between, None
            between()
        if not self._is_as_read(delivery):
            return False
        self._save(replace(delivery, tries=delivery.tries + 1, claim=mark), now + timedelta(minutes=2))
        return True

    def settle(self, delivery: Any, *, is_queued: bool) -> bool:
        held = self.get(delivery.account, delivery.webhook_id, delivery.place)
        if (held.claim, held.tries) != (delivery.claim, delivery.tries):
            return False
        later = QUEUED_ALREADY if is_queued else timedelta()
        self._save(delivery, delivery.next_at + later if delivery.next_at else None)
        return True

    def end(self, delivery: Any, status: Status) -> bool:
        if not self._is_as_read(delivery):
            held = self.get(delivery.account, delivery.webhook_id, delivery.place)
            return (held.status, held.tries) == (status, delivery.tries)
        self._save(replace(delivery, status=status), None)
        return True

    def note_tried(self, account: str, webhook_id: str, message_id: str, hit: str, now: datetime) -> None:
        self.tried.add((webhook_id, message_id, hit))
        self.step()

    def was_tried(self, account: str, webhook_id: str, message_id: str, hit: str) -> bool:
        return (webhook_id, message_id, hit) in self.tried

    def due(self, until: datetime) -> list[Due]:
        found = sorted((when, key) for key, when in self.dues.items() if when < until)
        return [Due(Task(*key, tries=self.rows[key].tries), when, "") for when, key in found]

    def looked_after(self, due: Due, now: datetime) -> None:
        self.dues[due.task[:3]] = max(now, due.at) + LOOKED_AFTER

    def _is_as_read(self, delivery: Any) -> bool:
        held = self.get(delivery.account, delivery.webhook_id, delivery.place)
        if held is None:
            return delivery.tries == 0
        return held.status is Status.WAITING and held.tries == delivery.tries

    def _save(self, delivery: Any, due: datetime | None) -> None:
        key = (delivery.account, delivery.webhook_id, delivery.place)
        self.rows[key] = delivery
        self.dues.pop(key, None)
        if due:
            self.dues[key] = due
        self.step()

    # the rest

    def find(self, message_id: str) -> Any:
        return (self.message, self.folded) if self.message else None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.posted.append((url, headers, body))
        answer = self.answers.pop(0) if self.answers else Answer(200, None, 1)
        self.step()
        return answer

    def put(self, tasks: Any) -> None:
        self.queued += tasks
        self.step()

    def mark(self) -> str:
        self.marks += 1
        return f"mark-{self.marks}"


class _Notices:
    """`get` by the key of a notice, beside that of deliveries."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def get(self, account: str, message_id: str, key: str, *, now: datetime) -> Notice | None:
        return self._outbox.known.get(key)
