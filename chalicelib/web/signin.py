"""Signing in and out: with an API key, the session on each request, and the proof that a form is ours."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.core import apikey, session
from chalicelib.core.apikey import ApiKey
from chalicelib.core.session import BadSession, Session
from chalicelib.web.answer import Answer, Asked, Refused, html, redirect
from chalicelib.web.ports import Parts
from chalicelib.web.render import render
from chalicelib.web.urls import is_local

SESSION_COOKIE = "mailsight_session"
FORM_COOKIE = "mailsight_form"
"""What the token of the sign-in form is bound to, as there is no session yet."""

_NONCE = re.compile(r"[0-9a-f]{32}")

SCOPE = "read"
START = "/mails"

WRONG_KEY = "This key is not valid here. Keys look like ms_0123456789abcdef_… and may have been revoked or expired."
CANNOT_READ = "This key is valid, but it may not read mails. Sign in with a key that has the scope “read”."
STALE_FORM = "This form was open for too long, or cookies are switched off. Please try again."


class Visit(NamedTuple):
    """A signed-in reader's request. `cookie` is the session's text, to which form tokens are bound."""

    asked: Asked
    session: Session
    key: ApiKey
    cookie: str

    @property
    def account(self) -> str:
        return self.session.account


def visit_of(asked: Asked, parts: Parts) -> Visit | None:
    """The reader's visit; None without a session, after its end, and as soon as its API key no longer holds."""
    cookie = asked.cookie(SESSION_COOKIE)
    try:
        found = session.open_(cookie, parts.keys, parts.now())
    except BadSession:
        return None
    key = parts.find_key(found.key_id)
    if key is None or key.account != found.account or SCOPE not in key.scopes or not key.is_valid(parts.now()):
        return None
    return Visit(asked, found, key, cookie)


def guarded(asked: Asked, parts: Parts, page: str, show: Callable[[Visit], Answer]) -> Answer:
    """What `show` answers to a signed-in reader; everybody else signs in first, and comes back to `page`."""
    visit = visit_of(asked, parts)
    if visit:
        return show(visit)
    where = parts.site.path("/signin", next=page if page != START else None)
    if asked.is_live:
        return html("", status=HTTPStatus.UNAUTHORIZED, HX_Redirect=where)
    return redirect(where)


def check_form(fields: Mapping[str, str], cookie: str, asked: Asked, parts: Parts) -> None:
    """Raises Refused for a form that another site has sent."""
    if not _is_from_here(asked, parts):
        raise Refused(f"The form came from another address. Open the dashboard at {parts.site.origin} and try again.")
    if not session.is_form_token(fields.get("form_token", ""), cookie, parts.keys):
        raise Refused("The form did not carry the token of your session. Reload the page and try again.")


def show_signin(asked: Asked, parts: Parts) -> Answer:
    """The sign-in form; straight on for who is signed in."""
    back = asked.query.get("next", START)
    if visit_of(asked, parts):
        return redirect(parts.site.back(back if is_local(back) else START))
    return _form(asked, parts, back)


def sign_in(asked: Asked, parts: Parts) -> Answer:
    """A session for a right key; the form again for any other."""
    fields = asked.form()
    back = fields.get("next", START)
    try:
        check_form(fields, asked.cookie(FORM_COOKIE), asked, parts)
    except Refused:
        return _form(asked, parts, back, STALE_FORM, HTTPStatus.FORBIDDEN)
    key = _key_of(fields.get("key", "").strip(), parts)
    if key is None:
        return _form(asked, parts, back, WRONG_KEY, HTTPStatus.FORBIDDEN)
    if SCOPE not in key.scopes:
        return _form(asked, parts, back, CANNOT_READ, HTTPStatus.FORBIDDEN)
    text = session.seal(session.begin(key.account, key.key_id, parts.now()), parts.keys)
    cookie = _cookie(SESSION_COOKIE, text, int(session.LIFETIME.total_seconds()), parts)
    return redirect(parts.site.back(back if is_local(back) else START), Set_Cookie=cookie)


def sign_out(asked: Asked, parts: Parts) -> Answer:
    """The end of the session in this browser.

    Another site's form comes without the cookie (SameSite), and must not take it away either.
    """
    cookie = asked.cookie(SESSION_COOKIE)
    if not cookie:
        return redirect(parts.site.path("/signin"))
    check_form(asked.form(), cookie, asked, parts)
    return redirect(parts.site.path("/signin"), Set_Cookie=_cookie(SESSION_COOKIE, "", 0, parts))


def _form(asked: Asked, parts: Parts, back: str, problem: str = "", status: int = HTTPStatus.OK) -> Answer:
    known = asked.cookie(FORM_COOKIE)
    nonce = known if _NONCE.fullmatch(known) else parts.random_hex()
    body = render(
        "signin.html",
        site=parts.site,
        visit=None,
        form_token=session.form_token(nonce, parts.keys),
        back=back if is_local(back) else START,
        problem=problem,
    )
    cookie = _cookie(FORM_COOKIE, nonce, int(session.LIFETIME.total_seconds()), parts)
    return html(body, status=status, Set_Cookie=cookie)


def _key_of(text: str, parts: Parts) -> ApiKey | None:
    """The valid key of this text."""
    key_id, secret = apikey.parse(text) or ("", "")
    key = parts.find_key(key_id) if key_id else None
    return key if key and apikey.is_right(key, secret) and key.is_valid(parts.now()) else None


def _is_from_here(asked: Asked, parts: Parts) -> bool:
    """Browsers say where a form comes from; an old one that does not is judged by the token alone."""
    origin = asked.headers.get("origin")
    if origin is None:
        return True
    return origin == parts.site.origin or urlsplit(origin).netloc == asked.headers.get("host", "")


def _cookie(name: str, value: str, seconds: int, parts: Parts) -> str:
    """Unreadable for scripts, not sent with other sites' posts, and under our own path only."""
    flags = "; Secure" if parts.site.is_secure else ""
    return f"{name}={value}; Path={parts.site.prefix or '/'}; Max-Age={seconds}; HttpOnly; SameSite=Lax{flags}"
