"""A mail in the words of the pages, made from the object `email` of the API, so that both always say the same."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.core import instant, named_address
from chalicelib.core.tracking import SENT_ELSEWHERE
from chalicelib.web.files import size
from chalicelib.web.moment import Moment, moment, moment_of_day
from chalicelib.web.words import (
    ONLY_THE_DAY,
    REASONS,
    STATUSES,
    failure_words,
    source_words,
    tracking_sentence,
    untracked,
)

Mail = Mapping[str, Any]

MOST_UNCLICKED = 10
"""How many links that nobody clicked stand in the open."""


class Chip(NamedTuple):
    """A status: an icon of icons.svg, a word and a style of app.css; no two differ by colour only."""

    icon: str
    word: str
    style: str


_ICONS = {
    "sent": "arrow-out",
    "delivered": "check",
    "opened": "eye",
    "clicked": "pointer",
    "received": "arrow-in",
}
CHIPS = {status: Chip(icon, STATUSES[status], status) for status, icon in _ICONS.items()}
SENDING_CHIPS = {
    "scheduled": Chip("clock", "Scheduled", "waiting"),
    "queued": Chip("clock", "Queued", "waiting"),
    "sending": Chip("clock", "Sending", "waiting"),
    "unknown": Chip("question", "Unconfirmed", "waiting"),
    "prepared": Chip("clock", "Prepared", "waiting"),
    "received": CHIPS["received"],
    "failed": Chip("cross", "Not sent", "failed"),
    "cancelled": Chip("cross", "Cancelled", "failed"),
}
HARD_BOUNCE = Chip("alert", "Bounced", "bounced-hard")
SOFT_BOUNCE = Chip("alert", "Bounced", "bounced-soft")


class Count(NamedTuple):
    """How often, by whom. `words` is `3 opens`; `proxy` (privacy proxies) and `machine` are shown beside it and not
    counted in it. `absent` says why there is nothing to count; a click tells of one open also where opens are not
    tracked. Where `is_only_the_day`, `last` is a day, `first` None, and how often is not known."""

    number: int
    words: str
    proxy: int
    machine: int
    first: Moment | None
    last: Moment | None
    absent: str | None
    is_only_the_day: bool = False


class Eye(NamedTuple):
    """Open for a mail that is tracked and was opened, else crossed out; `words` say which, and why."""

    is_open: bool
    words: str


class Person(NamedTuple):
    """`name` is the display name, or the address where there is none."""

    name: str
    address: str


class Fate(NamedTuple):
    """What became of the mail at one of several recipients."""

    address: str
    chip: Chip
    reason: str


class Download(NamedTuple):
    """A file that went out as a link, how often people have fetched it, None where that is not tracked, and machines;
    `size` is in words."""

    position: int
    name: str
    size: str
    number: int | None
    machine: int


class Links(NamedTuple):
    """A mail's links, those that somebody clicked first; `folded` are what is left of those that nobody clicked."""

    shown: list[dict[str, Any]]
    folded: list[dict[str, Any]]


class View(NamedTuple):
    """All that the pages show of a mail but for its events and content."""

    message_id: str
    subject: str
    sender: Person
    to: list[Person]
    cc: list[Person]
    bcc: list[Person]
    reply_to: list[Person]
    who: str
    when: Moment
    chip: Chip
    eye: Eye
    opens: Count
    clicks: Count
    has_click: bool
    recent: list[Moment]
    is_opened_more_than_listed: bool
    bounce: Mapping[str, Any] | None
    complained: Moment | None
    unsubscribed: Moment | None
    is_inbound: bool
    answers: str | None
    replied: Moment | None
    responded: Moment | None
    failure: str
    is_unsent: bool
    is_scheduled: bool
    sending: str
    untracked: str | None
    is_elsewhere: bool
    tracking: str
    fates: list[Fate]
    links: Links
    downloads: list[Download]
    record: str | None
    user: str | None
    template: str | None
    tags: list[str]
    source: str
    erased: Moment | None


def view_of(mail: Mail, now: datetime, ended: str = "") -> View:
    """The view of a mail as `core.mail_view.show` tells it. `ended` says why nothing more of it is
    recorded, if so. `is_unsent` is one that nobody can have got; `failure` says why."""
    to, cc, bcc, reply_to = ([_person(text) for text in mail[field]] for field in ("to", "cc", "bcc", "reply_to"))
    tracking, links = mail["tracking"], mail["clicks"].get("links")
    files = mail["clicks"].get("files") or ()
    no_links = "no links" if links == [] and not files else None
    opens = _count(mail["opens"], "open", now, untracked(tracking, "opens"))
    clicks = _count(mail["clicks"], "click", now, untracked(tracking, "clicks") or no_links)
    if tracking["mode"] == ONLY_THE_DAY:
        opens = _without_time(opens, mail["opens"]["last_at"], now)
    return View(
        message_id=mail["id"],
        subject=mail["subject"].strip() or ("(erased)" if mail["erased_at"] else "(no subject)"),
        sender=_person(mail["from"] or ""),
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        who="–" if mail["erased_at"] else _who(mail, to + cc + bcc),
        when=_when(mail["sent_at"] or mail["scheduled_at"] or mail["accepted_at"], now),
        chip=chip_of(mail),
        eye=eye_of(mail),
        opens=opens,
        clicks=clicks,
        has_click=clicks.number > 0,
        recent=[] if opens.is_only_the_day else [_when(at, now) for at in mail["opens"]["recent"]],
        is_opened_more_than_listed=mail["opens"]["more_than_ten"],
        bounce=mail["bounce"],
        complained=_when(mail["complained_at"], now) if mail["complained_at"] else None,
        unsubscribed=_when(mail["unsubscribed_at"], now) if mail["unsubscribed_at"] else None,
        is_inbound=mail["direction"] == "inbound",
        answers=mail["in_reply_to"] if mail["direction"] == "inbound" else None,
        replied=_when(mail["replied_at"], now) if mail["replied_at"] else None,
        responded=_when(mail["responded_at"], now) if mail["responded_at"] else None,
        failure=failure_words(mail["error"]["detail"], now) if mail["error"] else "",
        is_unsent=mail["sending"] in ("failed", "cancelled") and not opens.number,
        is_scheduled=mail["scheduled_at"] is not None,
        sending=mail["sending"],
        untracked=None if tracking["tracked"] else REASONS[tracking["reason"]],
        is_elsewhere=tracking["reason"] == SENT_ELSEWHERE,
        tracking=tracking_sentence(tracking, now, ended),
        fates=[_fate(recipient) for recipient in mail["recipients"]] if len(to + cc + bcc) > 1 else [],
        links=_links(links or ()),
        downloads=[_download(file, is_tracked=not untracked(tracking, "clicks")) for file in files],
        record=f"{mail['record']['module']} {mail['record']['record_id']}" if mail["record"] else None,
        user=mail["user"],
        template=mail["template"],
        tags=[f"{tag['name']}: {tag['value']}" for tag in mail["tags"]],
        source=source_words(mail["source"]),
        erased=_when(mail["erased_at"], now) if mail["erased_at"] else None,
    )


def chip_of(mail: Mail) -> Chip:
    """The status of a mail, or how far its sending is while it has none."""
    status = mail["status"]
    if status == "bounced":
        return HARD_BOUNCE if mail["bounce"]["type"] == "hard" else SOFT_BOUNCE
    if mail["sending"] == "failed" or status is None:
        return SENDING_CHIPS[mail["sending"]]
    return CHIPS[status]


def eye_of(mail: Mail) -> Eye:
    """Whether it is known that the mail was opened; if not, why."""
    if mail["opens"]["count"]:
        return Eye(True, "opened")
    why = untracked(mail["tracking"], "opens")
    if why and mail["tracking"]["clicks"]:
        return Eye(False, f"opens {why}")
    return Eye(False, why or "not opened")


def plural(number: int, noun: str) -> str:
    """`1 open`, `1,204 opens`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _count(hits: Mail, noun: str, now: datetime, absent: str | None) -> Count:
    first, last = (_when(hits[field], now) if hits[field] else None for field in ("first_at", "last_at"))
    return Count(hits["count"], plural(hits["count"], noun), hits.get("proxy", 0), hits["machine"], first, last, absent)


def _without_time(opens: Count, last_at: str | None, now: datetime) -> Count:
    """The count of a mail of which only the day of the last open is kept."""
    last = moment_of_day(instant.parse(last_at), now) if last_at else None
    words = "opened" if opens.number else "not opened"
    return opens._replace(words=words, first=None, last=last, is_only_the_day=True)


def _when(text: str, now: datetime) -> Moment:
    return moment(instant.parse(text), now)


def _person(text: str) -> Person:
    """The person of an address as `core.address.show` writes it."""
    name, bare = named_address.split(text)
    return Person(name or bare, bare)


def _who(mail: Mail, people: list[Person]) -> str:
    """Whom a mail is shown with in lists: who got it, or of one that came in, who wrote it."""
    if mail["direction"] == "inbound":
        return f"from {_person(mail['from']).name}"
    return people[0].name if len(people) == 1 else f"{len(people)} recipients"


def _fate(recipient: Mail) -> Fate:
    bounce = recipient["bounce"]
    if bounce:
        return Fate(recipient["address"], HARD_BOUNCE if bounce["type"] == "hard" else SOFT_BOUNCE, bounce["reason"])
    return Fate(recipient["address"], CHIPS[recipient["status"]], "")


def _download(file: Mail, *, is_tracked: bool) -> Download:
    number = file["count"] if is_tracked else None
    return Download(file["position"], file["filename"], size(file["size"]), number, file["machine"])


def _links(links: Sequence[Mail]) -> Links:
    rows = [_link(link) for link in links]
    clicked, unclicked = ([row for row in rows if bool(row["count"]) is is_clicked] for is_clicked in (True, False))
    return Links(clicked + unclicked[:MOST_UNCLICKED], unclicked[MOST_UNCLICKED:])


def _link(link: Mail) -> dict[str, Any]:
    """A row of the table of links. Only what a browser opens as a page becomes a link of ours."""
    is_page = link["url"].lower().startswith(("http://", "https://"))
    return {**link, "href": link["url"] if is_page else None}
