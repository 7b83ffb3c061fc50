"""What an account allows and wants: the settings by which its mails are tracked, captured and refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.core import mode as modes
from chalicelib.core.message import CAPTURE_WINDOW
from chalicelib.core.token import Mode

SHORTEST_WINDOW_DAYS = 1
LONGEST_WINDOW_DAYS = 400
LARGEST_THRESHOLD = 10_000_000  # bytes; what a mail can carry at most
MOST_SOFT_BOUNCES = 20
LONGEST_REST_DAYS = 365


@dataclass(frozen=True)
class AccountPolicy:
    """An account's settings; a new one has these.

    `plan_may_track` is the right to track, `tracking` the wish to. `soft_bounce_limit` soft bounces in a row suppress
    an address for `soft_bounce_days`. Files over `attachment_threshold_bytes` become links. Hits from `own_networks`,
    ranges such as 198.51.100.0/24, count for nobody.
    Days of reports are those of `time_zone`, a name of the IANA database. `listening` is not set but follows from the
    account's webhooks: which types of notices somebody wants, and since when.
    """

    tracking: bool = True
    plan_may_track: bool = True
    consent_required: bool = False
    mode: Mode = Mode.FULL
    capture_window_days: int = CAPTURE_WINDOW.days
    verdict_rules_off: frozenset[str] = frozenset()
    own_networks: frozenset[str] = frozenset()
    attachment_threshold_bytes: int = LARGEST_THRESHOLD
    soft_bounce_limit: int = 5
    soft_bounce_days: int = 14
    time_zone: str = "UTC"
    listening: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def capture_window(self) -> timedelta:
        """How long after sending opens and clicks are recorded."""
        return timedelta(days=self.capture_window_days)

    @property
    def zone(self) -> tzinfo:
        """The account's time zone; UTC where the name is not known here."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC

    @property
    def soft_bounce_rest(self) -> timedelta:
        """How long an address is left alone that bounced softly too often."""
        return timedelta(days=self.soft_bounce_days)


def show(policy: AccountPolicy) -> dict[str, Any]:
    """The settings as the API shows and takes them."""
    return {
        "tracking": policy.tracking,
        "plan_may_track": policy.plan_may_track,
        "consent_required": policy.consent_required,
        "mode": modes.show(policy.mode),
        "capture_window_days": policy.capture_window_days,
        "verdict_rules_off": sorted(policy.verdict_rules_off),
        "own_networks": sorted(policy.own_networks),
        "attachment_threshold_bytes": policy.attachment_threshold_bytes,
        "soft_bounce_limit": policy.soft_bounce_limit,
        "soft_bounce_days": policy.soft_bounce_days,
        "time_zone": policy.time_zone,
    }


def load(shown: Mapping[str, Any]) -> AccountPolicy:
    """The settings in an object that `show` made: what is missing is as in a new account, what is unknown is left."""
    given = {name: shown[name] for name in _NAMES & shown.keys()}
    if "mode" in given:
        given["mode"] = modes.parse(given["mode"]) if given["mode"] in modes.NAMES else Mode.OFF  # the safe side
    for name in given.keys() & {"verdict_rules_off", "own_networks"}:
        given[name] = frozenset(given[name])
    return AccountPolicy(**given)


_NAMES = frozenset(one.name for one in fields(AccountPolicy)) - {"listening"}
