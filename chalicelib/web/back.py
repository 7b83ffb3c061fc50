"""The way back from a mail to the list that it was opened from."""

from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.web.answer import Asked
from chalicelib.web.urls import Site, is_local

_LISTS = {"/mails": "Mails", "/opens": "Opens", "/reports/sent-email-status": "Sent Email Status"}


class Back(NamedTuple):
    """`place` is the list's path and query, without the site's prefix; `words` is its name."""

    place: str
    words: str

    @property
    def query(self) -> str | None:
        """What the URL of a mail carries along; None where that goes without saying."""
        return None if self == ALL else self.place


ALL = Back("/mails", _LISTS["/mails"])


def back_of(asked: Asked, site: Site) -> Back:
    """What `back` in the URL says, or else the page that the browser comes from; the list of all for any other."""
    places = asked.query.get("back", ""), _came_from(asked, site)
    return next((Back(place, _LISTS[urlsplit(place).path]) for place in places if _is_list(place)), ALL)


def _came_from(asked: Asked, site: Site) -> str:
    """Browsers tell our own site the whole address (Referrer-Policy: same-origin)."""
    came_from, ours = asked.headers.get("referer", ""), site.origin + site.prefix
    return came_from.removeprefix(ours) if came_from.startswith(ours) else ""


def _is_list(place: str) -> bool:
    return is_local(place) and urlsplit(place).path in _LISTS
