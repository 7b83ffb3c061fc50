"""What happens to mails over time, drawn with a fixed seed: for how often events of one mail meet in one batch.

Assumptions, and no measurement: SES tells of the sending after half a second, the recipient's server takes the mail
after some two seconds (log-normal), half of the mails are opened after an hour or so, and a fifth of those readers
click twenty seconds later.
"""

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

OPENS, CLICKS = 0.5, 0.1
"""For each mail, as in the project's goals."""

SHARDS = 4
"""Of the stream: a table on demand begins with four partitions, and a message's events are all in one."""


class Happening(NamedTuple):
    """An event of the mail of this number; `at` is in seconds."""

    at: float
    mail: int
    kind: str


def of_mails(number: int, mails_a_second: float) -> list[Happening]:
    """What happens to so many mails, sent one after the other, in the order of time."""
    chance = random.Random(4711)

    def about(seconds: float, spread: float) -> float:
        return chance.lognormvariate(math.log(seconds), spread)

    found: list[Happening] = []
    for mail in range(number):
        sent = mail / mails_a_second
        found += [Happening(sent + 0.5, mail, "Send"), Happening(sent + about(2, 1), mail, "Delivery")]
        if chance.random() < OPENS:
            opened = sent + about(3_600, 1.5)
            found.append(Happening(opened, mail, "open"))
            if chance.random() < CLICKS / OPENS:
                found.append(Happening(opened + about(20, 1), mail, "click"))
    return sorted(found)


def batches(happenings: Sequence[Happening], window_seconds: float, size: int) -> Iterator[list[Happening]]:
    """As Lambda hands over a stream: from each shard what came within the window after its first record."""
    for shard in range(SHARDS):
        batch: list[Happening] = []
        for one in (one for one in happenings if one.mail % SHARDS == shard):
            if batch and (one.at > batch[0].at + window_seconds or len(batch) == size):
                yield batch
                batch = []
            batch.append(one)
        if batch:
            yield batch
