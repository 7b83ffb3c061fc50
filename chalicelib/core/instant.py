"""Points in time as text: RFC 3339, UTC, milliseconds, so that text order is time order."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"


def show(at: datetime) -> str:
    """`2026-11-21T08:30:00.123Z`, always 24 characters; `at` must be aware."""
    if at.tzinfo is not UTC:  # that of nearly all; each hit is shown
        if at.tzinfo is None:
            raise ValueError(f"{at!r} has no time zone; every time here is aware UTC")
        at = at.astimezone(UTC)
    # isoformat takes twice the time for a time with a zone
    return _FORM % (at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond // 1000)


def parse(text: str) -> datetime:
    """The aware UTC time of an RFC 3339 text, cut to milliseconds. Raises ValueError for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone offset; write it as 2026-11-21T08:30:00Z")
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def from_milliseconds(epoch_ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970, as API Gateway's `timeEpoch` counts."""
    return EPOCH + timedelta(milliseconds=epoch_ms)
