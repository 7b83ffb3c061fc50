"""A prepared mail as the API shows it: all that its caller hands to SES."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core import mail_view
from chalicelib.core.message import Content, Message
from chalicelib.core.notification import TAG


def show(message: Message, going_out: Content, configuration_set: str) -> dict[str, Any]:
    """The object `prepared_email`. `headers` have the tags and the configuration set, too, for MIME and SMTP; `tags`
    and `configuration_set` are the same for SES's API."""
    shown = mail_view.show(message)
    tags = [(TAG, message.message_id), *message.tags]
    return {
        "object": "prepared_email",
        "id": message.message_id,
        "subject": message.envelope.subject,
        "html": going_out.html,
        "text": going_out.text,
        "headers": {**going_out.headers, **_of_ses(tags, configuration_set)},
        "tags": [{"name": name, "value": value} for name, value in tags],
        "configuration_set": configuration_set,
        "tracking": shown["tracking"],
        "until": shown["tracking"]["until"],
    }


def _of_ses(tags: list[tuple[str, str]], configuration_set: str) -> Mapping[str, str]:
    """https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html"""
    pairs = ", ".join(f"{name}={value}" for name, value in tags)
    return {"X-SES-CONFIGURATION-SET": configuration_set, "X-SES-MESSAGE-TAGS": pairs}
