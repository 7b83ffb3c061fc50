"""One mail: what became of it, what happened when, and the mail itself."""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import unquote

from chalicelib.core import consent, mail_view, session
from chalicelib.core.address_key import key_of
from chalicelib.core.event import is_message_id
from chalicelib.core.mail_context import verdicts_of
from chalicelib.core.message import Attachment, Clickable, Content, Message
from chalicelib.core.mode import is_within
from chalicelib.core.named_address import bare
from chalicelib.web import answer, click_map, placeholders
from chalicelib.web.answer import Answer, Asked, NotHere, fragment, html
from chalicelib.web.back import back_of
from chalicelib.web.files import files_of
from chalicelib.web.ports import Parts
from chalicelib.web.render import render
from chalicelib.web.signin import Visit, guarded
from chalicelib.web.timeline import timeline_of
from chalicelib.web.urls import local
from chalicelib.web.view import view_of
from chalicelib.web.words import AGREED_TO_LESS, ERASED, WITHDRAWN

_CONTENT_ID = re.compile(r"\bcid:([A-Za-z0-9._@%-]{1,300})")
_REMOTE_IMAGE = re.compile(r"""(?:src|srcset|background|url)\s*[=(]\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)

LARGEST_ANSWER = 4_000_000  # bytes; AWS Lambda gives back 6 MB, with every quote in it escaped
LINKS_IN_NEW_TAB = '<base target="_blank">'
"""Set behind the mail's own HTML, which stays as it is: a link in a frame would otherwise open in the frame."""


def show_mail(message_id: str, asked: Asked, parts: Parts) -> Answer:
    """The page of one mail. With `clicks=1` the clicks are drawn on it."""
    clicks = "1" if _has_clicks_on(asked) else None
    own_url = local(f"/mails/{message_id}", clicks=clicks, back=back_of(asked, parts.site).query)
    return guarded(asked, parts, own_url, lambda visit: _page(message_id, visit, parts))


def show_live(message_id: str, asked: Asked, parts: Parts) -> Answer:
    """Its state and timeline as they are now; `content=gone` says that there is no content to look for links in."""
    return guarded(asked, parts, f"/mails/{message_id}", lambda visit: _live(message_id, visit, parts))


def show_content(message_id: str, asked: Asked, parts: Parts) -> Answer:
    """The mail as it was handed over, without pixel and tracked links, for its frame. With `images=1` its remote
    images are loaded; those attached to it are always shown. With `clicks=1` the clicks are drawn on it."""
    return guarded(asked, parts, f"/mails/{message_id}", lambda visit: _content(message_id, visit, parts))


def _page(message_id: str, visit: Visit, parts: Parts) -> Answer:
    message = _find(message_id, visit, parts)
    content = _content_of(message, parts)
    drawable = _drawable(message, content)
    body = render(
        "mail.html",
        visit=visit,
        form_token=session.form_token(visit.cookie, parts.keys),
        is_refresh=False,
        back=back_of(visit.asked, parts.site),
        content=content,
        sandbox=answer.MAIL_SANDBOX,
        has_remote_images=bool(content and content.html and _REMOTE_IMAGE.search(content.html)),
        has_map=drawable is not None,
        drawing=_drawn(drawable, message) if drawable and _has_clicks_on(visit.asked) else None,
        downloaded=sum(count for count, _ in message.state.engagement.files.values()),
        files=files_of([file for file in content.attachments if not file.is_linked] if content else ()),
        **_state(message, _tracked(content.clickable, message) if content else None, parts),
    )
    return html(body, has_frame=True)


def _live(message_id: str, visit: Visit, parts: Parts) -> Answer:
    message = _find(message_id, visit, parts)
    is_gone = message.erased_at or visit.asked.query.get("content") == "gone"
    clickable = None if is_gone else _tracked(parts.clickable(message), message)
    return fragment(render("live.html", is_refresh=True, **_state(message, clickable, parts)), visit.asked)


def _content(message_id: str, visit: Visit, parts: Parts) -> Answer:
    message = _find(message_id, visit, parts)
    if message.erased_at:
        raise NotHere("This mail was erased.")
    content = _content_of(message, parts)
    if content is None or content.html is None:
        raise NotHere("This mail has no HTML.")
    drawable = _drawable(message, content) if _has_clicks_on(visit.asked) else None
    shown = _drawn(drawable, message).html if drawable else content.html
    body = with_inline_images(placeholders.inert(shown), content.attachments) + LINKS_IN_NEW_TAB
    return answer.mail(body, may_load_images=visit.asked.query.get("images") == "1")


def _content_of(message: Message, parts: Parts) -> Content | None:
    """What it says, None where that is not kept any more."""
    return None if message.erased_at else parts.content(message)


def with_inline_images(html: str, files: Sequence[Attachment]) -> str:
    """The HTML with the pictures that are attached to it in the place of their `cid:` URLs (RFC 2392)."""
    images = {file.content_id: file for file in files if file.content_id and file.content_type.startswith("image/")}
    room = LARGEST_ANSWER - len(html.encode())

    def picture(found: re.Match[str]) -> str:
        nonlocal room
        file = images.get(unquote(found[1]))
        if file is None:
            return found[0]
        url = f"data:{file.content_type};base64,{b64encode(file.content).decode()}"
        room -= len(url)
        return url if room > 0 else found[0]

    return _CONTENT_ID.sub(picture, html)


def _has_clicks_on(asked: Asked) -> bool:
    return asked.query.get("clicks") == "1"


def _drawable(message: Message, content: Content | None) -> str | None:
    """The HTML if clicks can be drawn on it."""
    if content is None or content.html is None or not _has_clicks(message):
        return None
    return content.html if click_map.is_drawable(content.html, content.links) else None


def _drawn(html: str, message: Message) -> click_map.Drawing:
    counts = {position: count for position, (count, _) in message.state.engagement.links.items()}
    return click_map.draw(html, counts)


def _tracked(clickable: Clickable, message: Message) -> Clickable:
    return clickable if _has_clicks(message) else clickable._replace(links=())


def _has_clicks(message: Message) -> bool:
    """Whether it is known which clicks were made on this mail."""
    return message.tracking.clicks and message.tracking.is_individual


def _state(message: Message, clickable: Clickable | None, parts: Parts) -> dict[str, object]:
    """What the part of the page that refreshes itself is made of. `clickable` is None where the content is gone."""
    now, events = parts.now(), [] if message.erased_at else parts.events(message)
    live = parts.site.path(f"/mails/{message.message_id}/live", content="gone" if clickable is None else None)
    verdicts = verdicts_of(message, events, parts.policy(message.account))
    timeline = timeline_of(message, events, verdicts, clickable or Clickable(), now=now)
    mail = view_of(mail_view.show(message, clickable), now, _ended(message, parts, now))
    return {"site": parts.site, "live": live, "mail": mail, "timeline": timeline}


def _ended(message: Message, parts: Parts, now: datetime) -> str:
    """Why nothing more is recorded although the mail is tracked: what its person says by now."""
    tracking = message.tracking
    if message.erased_at:
        return ERASED
    if not tracking.is_individual:  # what is only added up goes on, for nobody can tell whose it is
        return ""
    said = [list(parts.consents(message.account, key_of(bare(to)))) for to in message.envelope.recipients]
    if not all(consent.is_tracking_allowed(entries, required=False, at=now) for entries in said):
        return WITHDRAWN
    is_enough = all(is_within(tracking.mode, consent.mode_of(entries, now)) for entries in said)
    return "" if is_enough else AGREED_TO_LESS


def _find(message_id: str, visit: Visit, parts: Parts) -> Message:
    message = parts.messages.get(visit.account, message_id) if is_message_id(message_id) else None
    if message is None:
        raise NotHere("There is no such mail in this account.")
    return message
