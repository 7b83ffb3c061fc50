"""What a program says of a template (`PUT /v1/templates/{id}`), with the fields in it checked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from chalicelib.core import merge, unsubscribe_url
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Name, Strict, read
from chalicelib.core.submission import Body, Line


class NewTemplate(Strict):
    """A template as it is from now on: html, text, or both, with fields like `{{ name }}`."""

    name: Name
    subject: Line
    html: Body | None = None
    text: Body | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "NewTemplate":
        if not self.html and not self.text:
            raise PydanticCustomError("at:html", "give html, text, or both")
        return self


class Written(NamedTuple):
    """What a template says from now on."""

    name: str
    subject: str
    html: str | None
    text: str | None


def parse(body: Mapping[str, Any]) -> Written:
    """The template that a JSON object describes. Raises BadInput, also for braces that are no field."""
    new = read(NewTemplate, body)
    texts = {"/subject": new.subject, "/html": new.html or "", "/text": new.text or ""}
    errors = [wrong(pointer, said) for pointer, text in texts.items() if (said := merge.misuse(text))]
    if unsubscribe_url.is_wanted(new.subject):
        errors.append(wrong("/subject", "holds {{unsubscribe_url}}, which is replaced in html and text only"))
    if errors:
        raise BadInput(errors)
    return Written(new.name, new.subject, new.html or None, new.text or None)
