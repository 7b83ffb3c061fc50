"""Links that are filled in only when a mail is sent, as the one for unsubscribing: in a preview they lead nowhere."""

import re

from chalicelib.core import markup, unsubscribe_url
from chalicelib.core.markup import Kind

_HREF = re.compile(r"href(?=[\s=\"']*$)", re.IGNORECASE)


def inert(html: str) -> str:
    """The mail with these links made text, so that nobody can follow them; no other link is changed."""
    if not unsubscribe_url.is_wanted(html):
        return html
    pieces, done = [], 0
    for token in markup.tokens(html):
        if token.kind is Kind.LINK and unsubscribe_url.is_wanted(html[token.href_start : token.href_end]):
            pieces += [html[done : token.start], _HREF.sub("data-href", html[token.start : token.href_start])]
            done = token.href_start
    return "".join([*pieces, html[done:]])
