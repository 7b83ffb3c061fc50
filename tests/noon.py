"""When tests with the real clock begin: far from the end of an hour and of a day, whenever they are run."""

from datetime import UTC, datetime

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
