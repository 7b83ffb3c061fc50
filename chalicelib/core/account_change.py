"""What a program wants changed in an account's settings (`PUT /v1/account`), checked before anything changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field

from chalicelib.core import account_policy
from chalicelib.core import mode as modes
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import ModeName, Strict, read
from chalicelib.core.evidence import sources_of
from chalicelib.core.network import BadNetworks, is_narrow, range_of
from chalicelib.core.rules import RULES

_NEW = AccountPolicy()
OF_THE_MACHINE = frozenset({"localtime", "Factory"})
"""Names of the database that mean something else on each machine, or nothing."""


class AccountChange(Strict):
    """The settings to change; those that are left out stay as they are. `object` and `id` may be sent back as
    they are shown."""

    object: Literal["account"] = "account"
    id: str | None = None
    tracking: bool = _NEW.tracking
    plan_may_track: bool = _NEW.plan_may_track
    consent_required: bool = _NEW.consent_required
    mode: ModeName = modes.show(_NEW.mode)
    capture_window_days: Annotated[
        int, Field(ge=account_policy.SHORTEST_WINDOW_DAYS, le=account_policy.LONGEST_WINDOW_DAYS)
    ] = _NEW.capture_window_days
    verdict_rules_off: list[str] = Field(default_factory=list, max_length=50)
    own_networks: list[str] = Field(default_factory=list, max_length=20)
    attachment_threshold_bytes: Annotated[int, Field(ge=0, le=account_policy.LARGEST_THRESHOLD)] = (
        _NEW.attachment_threshold_bytes
    )
    soft_bounce_limit: Annotated[int, Field(ge=1, le=account_policy.MOST_SOFT_BOUNCES)] = _NEW.soft_bounce_limit
    soft_bounce_days: Annotated[int, Field(ge=1, le=account_policy.LONGEST_REST_DAYS)] = _NEW.soft_bounce_days
    time_zone: str = _NEW.time_zone


def changed(policy: AccountPolicy, body: Mapping[str, Any], *, account: str) -> AccountPolicy:
    """The account's settings after this change. Raises BadInput, which names each wrong field."""
    change = read(AccountChange, body)
    errors = [*_wrong_rules(change.verdict_rules_off), *_wrong_networks(change.own_networks)]
    if change.time_zone not in available_timezones() - OF_THE_MACHINE:
        errors.append(wrong("/time_zone", "is no time zone; give a name such as Europe/Berlin"))
    if change.id not in (None, account):
        errors.append(wrong("/id", "is not the account of your key; leave it out"))
    if errors:
        raise BadInput(errors)
    changed = account_policy.load(account_policy.show(policy) | change.model_dump(exclude_unset=True))
    return replace(changed, listening=policy.listening)


def _wrong_rules(names: Sequence[str]) -> Iterator[dict[str, str]]:
    known = {rule.name for rule in RULES}
    for place, name in enumerate(names):
        if name not in known:
            yield wrong(f"/verdict_rules_off/{place}", "there is no rule of this name")


def _wrong_networks(ranges: Sequence[str]) -> Iterator[dict[str, str]]:
    for place, text in enumerate(ranges):
        try:
            sources_of([text], [b""])
            if is_narrow(*range_of(text)):
                raise BadNetworks(f"{text!r} is too narrow; {_WHOLE}")
        except BadNetworks as error:
            yield wrong(f"/own_networks/{place}", str(error))


_WHOLE = "name the whole /24 or /48: that is how exactly a hit's origin is known"
