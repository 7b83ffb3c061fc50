"""What a program wants changed in an account's settings (`PUT /v1/account`), checked before anything changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core import account_policy
from chalicelib.core import mode as modes
from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Strict, read
from chalicelib.core.evidence import sources_of
from chalicelib.core.network import BadNetworks
from chalicelib.core.rules import RULES

_NEW = AccountPolicy()


class AccountChange(Strict):
    """The settings to change; those that are left out stay as they are."""

    tracking: bool = _NEW.tracking
    plan_may_track: bool = _NEW.plan_may_track
    consent_required: bool = _NEW.consent_required
    mode: Literal[modes.NAMES] = modes.show(_NEW.mode)  # type: ignore[valid-type]  # the tuple is the one place of the names
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


def changed(policy: AccountPolicy, body: Mapping[str, Any]) -> AccountPolicy:
    """The settings after this change. Raises BadInput, which names each wrong field."""
    change = read(AccountChange, body)
    errors = [*_wrong_rules(change.verdict_rules_off), *_wrong_networks(change.own_networks)]
    if errors:
        raise BadInput(errors)
    given = {name: getattr(change, name) for name in change.model_fields_set}
    if "mode" in given:
        given["mode"] = modes.parse(change.mode)
    for name in given.keys() & {"verdict_rules_off", "own_networks"}:
        given[name] = frozenset(given[name])
    return replace(policy, **given)


def _wrong_rules(names: Sequence[str]) -> Iterator[dict[str, str]]:
    known = {rule.name for rule in RULES}
    for place, name in enumerate(names):
        if name not in known:
            yield wrong(f"/verdict_rules_off/{place}", "there is no rule of this name")


def _wrong_networks(ranges: Sequence[str]) -> Iterator[dict[str, str]]:
    for place, text in enumerate(ranges):
        try:
            sources_of([text], [b""])
        except BadNetworks as error:
            yield wrong(f"/own_networks/{place}", str(error))
