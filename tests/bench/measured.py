"""One journey for all tests that look at it: it takes some seconds, and the same rounds are travelled only once."""

from bench import journey
from bench.journey import Journey


def a_journey() -> Journey:
    """Few rounds: the counts are the same after the first."""
    return journey.travel(4)
