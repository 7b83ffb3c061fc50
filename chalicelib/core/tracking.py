"""Whether a mail is tracked: named guards, the first that stops it gives the reason that people see."""

from collections.abc import Callable

from chalicelib.core.message import Content, Envelope, Tracking


def tracking_of(envelope: Envelope, content: Content, *, opens: bool, clicks: bool) -> Tracking:
    """What of this mail is tracked. `opens` and `clicks` are what the sender asked for."""
    for reason, stops in GUARDS.items():
        if stops(envelope, content, opens or clicks):
            return Tracking(opens=False, clicks=False, reason=reason)
    return Tracking(opens=opens, clicks=clicks)


def _is_off(_envelope: Envelope, _content: Content, is_wanted: bool) -> bool:
    return not is_wanted


def _is_plain_text(_envelope: Envelope, content: Content, _is_wanted: bool) -> bool:
    return content.html is None


def _has_several_recipients(envelope: Envelope, _content: Content, _is_wanted: bool) -> bool:
    return len(envelope.recipients) > 1


GUARDS: dict[str, Callable[[Envelope, Content, bool], bool]] = {
    "plain_text": _is_plain_text,
    "multiple_recipients": _has_several_recipients,
    "mail_off": _is_off,
}
"""Reason to guard, in the order in which they are asked: format, recipients, option of the mail."""
