"""A template: what many mails say, with fields that are filled for each."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.core import instant


@dataclass(frozen=True)
class Template:
    """`content_id` is under what html and text are kept: another one with each change of them. Where a template is read
    without these, both are None."""

    template_id: str
    name: str
    subject: str
    html: str | None
    text: str | None
    updated_at: datetime
    created_at: datetime
    content_id: str

    def says(self, html: str | None, text: str | None) -> bool:
        """Whether this is its html and its text; to tell it needs neither."""
        return self.content_id.startswith(_digest(html, text))


def content_id_of(html: str | None, text: str | None, new_id: str) -> str:
    """Under what html and text are to be kept. `new_id` makes it one that was never used, so that what is deleted under
    an old one is never what somebody has just stored."""
    return f"{_digest(html, text)}-{new_id}"


def show(template: Template) -> dict[str, Any]:
    """The object `template` of the API, without html and text."""
    return {
        "object": "template",
        "id": template.template_id,
        "name": template.name,
        "subject": template.subject,
        "created_at": instant.show(template.created_at),
        "updated_at": instant.show(template.updated_at),
    }


def show_whole(template: Template) -> dict[str, Any]:
    """The object with html and text."""
    return {**show(template), "html": template.html, "text": template.text}


def _digest(html: str | None, text: str | None) -> str:
    return hashlib.sha256(json.dumps([html, text]).encode()).hexdigest()
