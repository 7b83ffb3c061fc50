"""A mail that is made of a template: what it does not bring itself comes from there, with the fields filled."""

from collections.abc import Iterable, Mapping

from chalicelib.core import merge, unsubscribe_url
from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import MOST_ERRORS
from chalicelib.core.line import is_line
from chalicelib.core.submission import LONGEST_BODY, LONGEST_LINE, NewEmail, check_way_out
from chalicelib.core.template import Template

Values = Mapping[str, str]


def written(mail: NewEmail, template: Template) -> NewEmail:
    """The mail with subject and bodies. Of a mail that has html or text of its own neither is the template's.

    Raises BadInput: for a field without a value, a value that its place cannot take, and a template that wants the
    address for unsubscribing in a mail that has none.
    """
    subject = template.subject if mail.subject is None else None
    html, text = (None, None) if mail.has_body else (template.html, template.text)
    check_way_out(mail, [("/template", html), ("/template", text)])
    values = _values(mail, [part for part in (subject, html, text) if part])
    changes = {}
    if subject is not None:
        changes["subject"] = _subject(subject, values)
    if html is not None:
        shown = {name: merge.in_html(value) for name, value in values.items()}
        changes["html"] = _filled("html", html, shown)
    if text is not None:
        changes["text"] = _filled("text", text, values)
    return mail.model_copy(update=changes)


def _values(mail: NewEmail, parts: Iterable[str]) -> Values:
    """The value of each field that stands in these texts."""
    values, errors = {}, []
    for name in sorted({name for part in parts for name in merge.names(part)}):
        try:
            values[name] = merge.value(mail.data or {}, name)
        except BadInput as error:
            errors += error.errors
    if errors:
        raise BadInput(errors[:MOST_ERRORS])
    return values


def _subject(subject: str, values: Values) -> str:
    broken = [name for name in sorted(merge.names(subject)) if not is_line(values[name])]
    if broken:
        text = "stands in the subject, so it must be one line without control characters"
        raise BadInput([wrong(f"/data/{name.replace('.', '/')}", text) for name in broken])
    return _filled("subject", subject, values, LONGEST_LINE)


def _filled(what: str, text: str, values: Values, most: int = LONGEST_BODY) -> str:
    try:
        made = merge.fill(text, values, most)
    except merge.TooLong as error:
        raise BadInput([wrong("/data", f"{what}: {error}")]) from None
    if unsubscribe_url.count(made) != unsubscribe_url.count(text):
        raise BadInput(
            [wrong("/data", f"its values put {{{{unsubscribe_url}}}} into the {what}, where it is not theirs")]
        )
    return made
