"""What can happen to a mail, made up for tests: single events, and any of them for properties."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from chalicelib.core import event as events
from chalicelib.core.event import Event, Kind
from chalicelib.core.rules import Context

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef" * 2
ANNA = "anna@example.com"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def happened(kind: Kind, seconds: float = 0, event_id: str = "", **data: object) -> Event:
    return events.make(MESSAGE_ID, event_id or f"{kind}-{seconds}", kind, at(seconds), **data)


def opened(seconds: float, method: str = "GET") -> Event:
    return happened(Kind.OPENED, seconds, f"o{seconds}{method}", method=method)


def clicked(seconds: float, position: int = 0, method: str = "GET") -> Event:
    return happened(Kind.CLICKED, seconds, f"c{seconds}-{position}{method}", method=method, position=position)


def downloaded(seconds: float, position: int = 0, method: str = "GET") -> Event:
    return happened(Kind.DOWNLOADED, seconds, f"a{seconds}-{position}{method}", method=method, position=position)


BY_THEMSELVES = Context(
    off=frozenset(
        {
            *("burst", "all_links", "beside_burst", "fast_open", "fast_click", "before_delivery", "many_networks"),
            "unsubscribe_pair",
        }
    )
)
"""Under which each hit is judged for itself, so that a state can be made in parts."""

SECONDS = st.integers(0, 500)
HAPPENINGS = st.one_of(
    st.builds(opened, SECONDS, st.sampled_from(["GET", "HEAD"])),
    st.builds(clicked, SECONDS, st.integers(0, 3), st.sampled_from(["GET", "HEAD"])),
    st.builds(downloaded, SECONDS, st.integers(0, 1), st.sampled_from(["GET", "HEAD"])),
    st.builds(lambda seconds: happened(Kind.UNSUBSCRIBE_SEEN, seconds, method="GET", page="unsubscribe"), SECONDS),
    st.builds(lambda seconds: happened(Kind.UNSUBSCRIBED, seconds, method="POST"), SECONDS),
    st.builds(
        lambda kind, seconds, recipient, type_: happened(
            kind, seconds, f"{kind}{seconds}{recipient}{type_}", recipient=recipient, type=type_, reason=type_
        ),
        st.sampled_from([Kind.DELIVERED, Kind.BOUNCED, Kind.COMPLAINED, Kind.AUTO_REPLIED, Kind.DELAYED]),
        SECONDS,
        st.sampled_from([ANNA, "raj@example.com"]),
        st.sampled_from(["hard", "soft"]),
    ),
    st.builds(lambda seconds: happened(Kind.SENT, seconds, ses_message_id="ses-1"), SECONDS),
    st.builds(
        lambda kind, seconds: happened(kind, seconds, email="e" * 32),
        st.sampled_from([Kind.REPLIED, Kind.RESPONDED]),
        SECONDS,
    ),
    st.builds(lambda seconds: happened(Kind.REJECTED, seconds, reason="virus"), SECONDS),
    st.builds(lambda seconds: happened(Kind.UNKNOWN, seconds, payload="{}"), SECONDS),
)
