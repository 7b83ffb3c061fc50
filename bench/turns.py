"""Timing side by side: the contenders take turns in one run, so that a busy machine is busy for all of them.

Before each turn the garbage of the others is collected and the contender runs once unmeasured: what is measured is a
process that does this all the time, not the caches that the collection left behind. The clock is that of the thread's
CPU time, which stands still while another program has the processor; nothing here waits for anything.
"""

import gc
import time
from collections.abc import Callable, Mapping


def take_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The milliseconds of CPU that each took, round by round."""
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            run()
            begun = time.thread_time()
            run()
            took[name].append((time.thread_time() - begun) * 1_000)
    return took
