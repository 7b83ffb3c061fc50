"""One mail: what became of it, what happened when, and the mail itself."""

import re
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import unquote

from chalicelib.core import mail_view, session
from chalicelib.core.event import is_message_id
from chalicelib.core.message import Attachment, Message
from chalicelib.web import answer
from chalicelib.web.answer import Answer, Asked, NotHere, fragment, html
from chalicelib.web.files import files_of
from chalicelib.web.ports import Parts
from chalicelib.web.render import render
from chalicelib.web.signin import Visit, guarded
from chalicelib.web.timeline import timeline_of
from chalicelib.web.view import view_of

_CONTENT_ID = re.compile(r"\bcid:([A-Za-z0-9._@%-]{1,300})")
_REMOTE_IMAGE = re.compile(r"""(?:src|srcset|background|url)\s*[=(]\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)

LARGEST_ANSWER = 4_000_000  # bytes; AWS Lambda gives back 6 MB, with every quote in it escaped
LINKS_IN_NEW_TAB = '<base target="_blank">'
"""Set behind the mail's own HTML, which stays as it is: a link in a frame would otherwise open in the frame."""


def show_mail(message_id: str, asked: Asked, parts: Parts) -> Answer:
    """The page of one mail."""
    return guarded(asked, parts, f"/mails/{message_id}", lambda visit: _page(message_id, visit, parts))


def show_live(message_id: str, asked: Asked, parts: Parts) -> Answer:
    """Its state and timeline as they are now; `content=gone` says that there is no content to look for links in."""
    return guarded(asked, parts, f"/mails/{message_id}", lambda visit: _live(message_id, visit, parts))


def show_content(message_id: str, asked: Asked, parts: Parts) -> Answer:
    """The mail as it was handed over, without pixel and tracked links, for its frame. With `images=1` its remote
    images are loaded; those attached to it are always shown."""
    return guarded(asked, parts, f"/mails/{message_id}", lambda visit: _content(message_id, visit, parts))


def _page(message_id: str, visit: Visit, parts: Parts) -> Answer:
    message = _find(message_id, visit, parts)
    content = parts.content(message)
    body = render(
        "mail.html",
        visit=visit,
        form_token=session.form_token(visit.cookie, parts.keys),
        is_refresh=False,
        content=content,
        sandbox=answer.MAIL_SANDBOX,
        has_remote_images=bool(content and content.html and _REMOTE_IMAGE.search(content.html)),
        files=files_of(content.attachments if content else ()),
        **_state(message, content.links if content else None, parts),
    )
    return html(body, has_frame=True)


def _live(message_id: str, visit: Visit, parts: Parts) -> Answer:
    message = _find(message_id, visit, parts)
    links = None if visit.asked.query.get("content") == "gone" else parts.links(message)
    return fragment(render("live.html", is_refresh=True, **_state(message, links, parts)), visit.asked)


def _content(message_id: str, visit: Visit, parts: Parts) -> Answer:
    content = parts.content(_find(message_id, visit, parts))
    if content is None or content.html is None:
        raise NotHere("This mail has no HTML.")
    body = with_inline_images(content.html, content.attachments) + LINKS_IN_NEW_TAB
    return answer.mail(body, may_load_images=visit.asked.query.get("images") == "1")


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


def _state(message: Message, links: Sequence[str] | None, parts: Parts) -> dict[str, object]:
    """What the part of the page that refreshes itself is made of. `links` are None where the content is gone."""
    now, engagement = parts.now(), message.state.engagement
    live = parts.site.path(f"/mails/{message.message_id}/live", content="gone" if links is None else None)
    timeline = timeline_of(
        parts.events(message),
        links or (),
        accepted_at=message.accepted_at,
        recipients=len(message.envelope.recipients),
        hits=sum(hits.count + hits.machine for hits in (engagement.opens, engagement.clicks)),
        now=now,
    )
    mail = view_of(mail_view.show(message, links), now)
    return {"site": parts.site, "live": live, "mail": mail, "timeline": timeline}


def _find(message_id: str, visit: Visit, parts: Parts) -> Message:
    message = parts.messages.get(visit.account, message_id) if is_message_id(message_id) else None
    if message is None:
        raise NotHere("There is no such mail in this account.")
    return message
