"""What the whole mail for one more recipient costs, as bytes for SES: `python -m bench mime`."""

import email
import itertools
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP

from bench.mail import WORDS, a_mail
from bench.recipients import EVERY_MESSAGE, html_for
from bench.report import Figure, Goal, Table
from bench.turns import take_turns
from chalicelib.core import links, mime
from chalicelib.core.message import Content, Envelope

CHARACTERS = 100_000
BATCH = 5  # recipients in a row
PER_RECIPIENT_MS = Goal("≤", 4)
NONE = Goal("=", 0)
READS_DIFFERENTLY = "headers and parts that a parser reads differently in the two mails"

ENVELOPE = Envelope(
    "Anna Berg <anna@crm.example>",
    ("Jörg Müller <joerg@mail.example>",),
    reply_to=("sales@crm.example",),
    subject="Neues im Frühling: Angebote und Ideen für Haus, Garten und Büro",
)
HEADERS = {
    "List-Unsubscribe": "<https://crm.example/unsubscribe/0123456789abcdef0123456789abcdef>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def a_content() -> Content:
    """A mail of 100 KB of HTML, with a plain part of a fifth of that."""
    text = "\n".join(" ".join(WORDS).replace("&amp;", "&") for _ in range(CHARACTERS // 5 // len(" ".join(WORDS))))
    return Content(a_mail(CHARACTERS).html, text, HEADERS)


def by_mailsight(content: Content, html: str, message_id: str) -> bytes:
    """As `chalicelib.flow.send` makes it."""
    numbers = itertools.count()
    return mime.build(ENVELOPE, content, html, new_boundary=lambda: f"=_{message_id[2:]}{next(numbers):02x}")


def by_email_message(content: Content, html: str) -> bytes:
    """As the standard library's documentation makes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ENVELOPE.sender, ", ".join(ENVELOPE.to), ENVELOPE.subject
    mail["Reply-To"] = ", ".join(ENVELOPE.reply_to)
    for name, value in content.headers.items():
        mail[name] = value
    mail.set_content(content.text)
    mail.add_alternative(html, subtype="html")
    return mail.as_bytes(policy=SMTP)


def differing(one: bytes, other: bytes) -> list[str]:
    """The headers and parts that a parser reads differently in two mails, but for how they are encoded."""
    first, second = _read(one), _read(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def _read(raw: bytes) -> dict[str, str]:
    mail = email.message_from_bytes(raw, policy=SMTP)
    said = {name: str(value).strip() for name, value in mail.items() if name != "Content-Type"}
    for part in mail.iter_parts():
        assert isinstance(part, EmailMessage)
        said[part.get_content_type()] = "\n".join(part.get_content().splitlines())
    return said


def tables(rounds: int = 20) -> Iterator[Table]:
    """One."""
    content = a_content()
    cut = links.split(content.html or "")
    html = html_for(cut, f"{0:032x}")
    differences = differing(by_mailsight(content, html, f"{0:032x}"), by_email_message(content, html))
    about = (
        f"All that SES is handed for one more recipient of a mail of {len(html):,} characters, {len(cut.originals)} "
        f"links and a plain part of {len(content.text or ''):,}: tokens minted, HTML put together, MIME and headers. "
        "The standard library's `EmailMessage` is built the usual way and written with the policy for SMTP. "
        f"Medians of the CPU time of {rounds} rounds of {BATCH} mails in which all take turns."
    )
    yield Table("The whole mail for a further recipient", about, _figures(_measured(content, cut, rounds), differences))


def _measured(content: Content, cut: links.Split, rounds: int) -> dict[str, float]:
    """The median milliseconds of one mail."""
    ids = map("{:032x}".format, itertools.count(1))
    html = html_for(cut, next(ids))

    def whole(message_id: str, cut: links.Split) -> bytes:
        return by_mailsight(content, html_for(cut, message_id), message_id)

    contenders: dict[str, Callable[[], object]] = {
        "further": lambda: [whole(next(ids), cut) for _ in range(BATCH)],
        "first": lambda: [whole(next(ids), links.split(content.html or "")) for _ in range(BATCH)],
        "usual": lambda: [by_email_message(content, html_for(cut, next(ids))) for _ in range(BATCH)],
        "mime": lambda: [by_mailsight(content, html, next(ids)) for _ in range(BATCH)],
        "usual mime": lambda: [by_email_message(content, html) for _ in range(BATCH)],
    }
    return {name: statistics.median(took) / BATCH for name, took in take_turns(contenders, rounds).items()}


def _figures(took: Mapping[str, float], differences: Sequence[str]) -> list[Figure]:
    return [
        Figure("a further recipient, MIME included", took["further"], "ms", PER_RECIPIENT_MS),
        Figure("the same with `EmailMessage`", took["usual"], "ms"),
        Figure("MIME alone, mailsight", took["mime"], "ms"),
        Figure("MIME alone, `EmailMessage`", took["usual mime"], "ms"),
        Figure("MIME alone, mailsight to `EmailMessage`", took["mime"] / took["usual mime"], "×"),
        Figure(READS_DIFFERENTLY, len(differences), goal=NONE, note=", ".join(differences)),
        Figure("a first recipient: the mail is cut, too", took["first"], "ms", note=EVERY_MESSAGE),
    ]
