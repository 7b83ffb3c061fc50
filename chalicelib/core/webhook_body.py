"""What a program asks of webhooks (`POST` and `PUT /v1/webhooks`, replays), checked before anything changes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.core import iri, webhook
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Moment, Strict, is_one_line, read
from chalicelib.core.notice import KEPT
from chalicelib.core.token import Keys
from chalicelib.core.webhook import SecretName, Webhook
from chalicelib.core.webhook_target import LONGEST_URL, BadUrl, Targets, endpoint_of, objection_to

ASKABLE = (webhook.EVERYTHING, *webhook.TYPES)
Url = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
Events = Annotated[list[Literal[ASKABLE]], Field(min_length=1, max_length=len(ASKABLE))]  # type: ignore[valid-type]  # the tuple is the one place of the names


Description = Annotated[str, StringConstraints(max_length=200), AfterValidator(is_one_line)]


class NewWebhook(Strict):
    """Whom to tell of what."""

    url: Url
    events: Events
    description: Description = ""


class WebhookChange(Strict):
    """What is to be otherwise; what is not named stays."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = None


class NewReplay(Strict):
    """The time of which to tell again: notices that became known from `from` on and before `to`."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class Range(NamedTuple):
    """From the first moment on, and before the second."""

    start: datetime
    end: datetime


def added(body: Mapping[str, Any], webhook_id: str, keys: Keys, targets: Targets, now: datetime) -> Webhook:
    """The webhook that a JSON object asks for. Raises BadInput."""
    new = read(NewWebhook, body)
    return Webhook(
        webhook_id,
        _checked(new.url, targets),
        _events(new.events),
        now,
        SecretName(keys.newest, 1),
        new.description,
    )


def changed(known: Webhook, body: Mapping[str, Any], targets: Targets, now: datetime) -> Webhook:
    """The webhook as a JSON object wants it. Raises BadInput."""
    change = read(WebhookChange, body)
    after = replace(
        known if change.url is None else webhook.moved(known, _checked(change.url, targets), now),
        events=known.events if change.events is None else _events(change.events),
        description=known.description if change.description is None else change.description,
    )
    if change.enabled is None:
        return after
    return webhook.enabled(after, now) if change.enabled else webhook.disabled(after, now)


def range_of(body: Mapping[str, Any], now: datetime) -> Range:
    """The range that a JSON object asks for, until now at the latest. Raises BadInput."""
    asked = read(NewReplay, body)
    if asked.end <= asked.start:
        raise BadInput([wrong("/to", "must be later than from")])
    return Range(asked.start, min(asked.end, now))


def check_is_kept(span: Range, now: datetime) -> None:
    """Raises BadInput for a range of which not all notices are kept any more."""
    if span.start < now - KEPT:
        raise BadInput([wrong("/from", f"is more than {KEPT.days} days ago; older notices are not kept")])


def _checked(url: str, targets: Targets) -> str:
    text = iri.to_ascii(url)
    if text is None:
        raise BadInput([wrong("/url", "must be like https://crm.example.com/hooks")])
    try:
        objection = objection_to(endpoint_of(text), targets)
    except BadUrl as error:
        objection = str(error)
    if objection:
        raise BadInput([wrong("/url", objection)])
    return text


def _events(events: list[str]) -> tuple[str, ...]:
    """Each once, in the order of the vocabulary; `*` alone where it stands among them."""
    return (webhook.EVERYTHING,) if webhook.EVERYTHING in events else tuple(one for one in ASKABLE if one in events)
