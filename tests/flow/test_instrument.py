"""The mail as it goes out: files as links, a way to unsubscribe, and what is stored before so that both work."""

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.message import Attachment, Content, Envelope, Message, Tracking
from chalicelib.core.stored_file import StoredFile
from chalicelib.core.token import Keys, Mode, Purpose, Token, verify
from chalicelib.flow.instrument import Parts, mail_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = datetime(2026, 6, 9, 12, tzinfo=UTC)
KEYS = Keys({1: b"k" * 32})
MESSAGE_ID = "0123456789abcdef" * 2
HOST = "https://t.example.com"
GOLDEN = Path(__file__).parents[1] / "golden" / "mails"

TRACKED = Tracking(True, True, until=UNTIL)
UNTRACKED = Tracking(False, False, "mail_off", mode=Mode.OFF)
OPENS_ONLY = Tracking(True, False, until=UNTIL)
BROCHURE = Attachment('Bro"chüre <2027>.pdf', b"%PDF-1.7" * 400, "application/pdf", is_linked=True)
PRICES = Attachment("prices.csv", b"a;1\n", "text/csv", is_linked=True)
TERMS = Attachment("terms.txt", b"None.", "text/plain")
LOGO = Attachment("logo.png", b"\x89PNG", "image/png", "logo@example.com")
HTML = '<body><p>Hello <img src="cid:logo@example.com">\n<a href="{{ unsubscribe_url }}">Out</a></p></body>'
TEXT = "Hello\nOut: {{unsubscribe_url}}\n"
CONTENT = Content(HTML, TEXT, {"X-Campaign": "spring"}, (BROCHURE, TERMS, LOGO, PRICES))


class Stores:
    """Keeps files and their places, and the order in which they came."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.places: dict[int, StoredFile] = {}
        self.order: list[str] = []

    def put(self, *_: Any) -> None:
        self.order.append("put")

    def put_file(self, account: str, message_id: str, position: int, content: bytes) -> str:
        self.order.append("file")
        key = f"{account}/files/{message_id}/{position}"
        self.objects[key] = content
        return key

    def put_files(self, message_id: str, files: Any) -> None:
        self.order.append("places")
        self.places.update(files)


def made(content: Content, tracking: Tracking = TRACKED, has_unsubscribe: bool = True) -> tuple[bytes, Stores]:
    envelope = Envelope("Me <me@example.com>", ("anna@example.com",), subject="Offer")
    message = Message(MESSAGE_ID, "acme", NOON, envelope, tracking, has_unsubscribe=has_unsubscribe)
    stores, numbers = Stores(), iter(range(99))
    return mail_of(message, content, Parts(stores, stores, KEYS, HOST, lambda: f"id-{next(numbers)}", stores)), stores


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=default)


def body(raw: bytes, subtype: str) -> str:
    part = parsed(raw).get_body((subtype,))
    assert part is not None
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def tokens(text: str, letter: str) -> list[Token]:
    found = [part.partition('"')[0].split()[0] for part in text.split(f"{HOST}/{letter}/")[1:]]
    return [verify(one.rstrip(">"), Purpose(ord(letter)), KEYS) for one in found]


def test_a_mail_with_files_as_links_and_a_way_out_is_this_to_the_byte() -> None:
    """If this fails without intent, mails look other than they did; with intent, look at the new file first."""
    raw, _ = made(CONTENT)
    assert raw == (GOLDEN / "bulk.eml").read_bytes()
    html, text = body(raw, "html"), body(raw, "plain")
    assert html == (GOLDEN / "bulk.html").read_text()
    assert text == (GOLDEN / "bulk.txt").read_text()


# What cannot be stored


class Away(Stores):
    """Stores of which those of these names are away."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.left: list[tuple[str, int]] = []
        for name in names:
            setattr(self, name, self._fail)

    def _fail(self, *_: Any) -> None:
        raise ConnectionError("away")

    def ensure(self, _: Message) -> None:
        self.order.append("aggregate")


QUOTE, LONG = "https://example.com/quote", f"https://example.com/{'x' * 700}"
SHORT_AND_LONG = f'<p><a href="{QUOTE}">a</a> <a href="{LONG}">b</a></p>'
ADDED_UP = Tracking(True, True, until=UNTIL, mode=Mode.AGGREGATE)


def made_without(*names: str, tracking: Tracking = TRACKED, known: tuple[str, ...] = (QUOTE, LONG)) -> tuple[str, Away]:
    """The HTML that goes out while these stores are away, and what was told of it."""
    envelope = Envelope("me@example.com", ("anna@example.com",), subject="Offer")
    message, away = Message(MESSAGE_ID, "acme", NOON, envelope, tracking), Away(*names)

    def left(message: Message, links: int, error: Exception) -> None:
        away.left.append((str(error), links))

    parts = Parts(away, away, KEYS, HOST, lambda: "id", away, left)
    return body(mail_of(message, Content(SHORT_AND_LONG, None, links=known), parts), "html"), away


def test_a_long_link_that_cannot_be_stored_stays_as_it_is_and_all_else_is_tracked() -> None:
    html, away = made_without("put")
    assert [(one.position, one.destination) for one in tokens(html, "c")] == [(0, QUOTE)]
    assert f'<a href="{LONG}">b</a>' in html
    assert html.count("/o/") == 1
    assert away.left == [("away", 1)]


def test_links_whose_positions_cannot_be_stored_stay_as_they_are() -> None:
    html, away = made_without("put", known=())
    assert f'<a href="{QUOTE}">a</a> <a href="{LONG}">b</a>' in html
    assert html.count("/o/") == 1
    assert away.left == [("away", 2)]


def test_a_mail_that_cannot_be_added_up_goes_out_as_it_is() -> None:
    html, away = made_without("ensure", tracking=ADDED_UP)
    assert html == SHORT_AND_LONG
    assert away.left == [("away", 2)]
    assert made_without(tracking=ADDED_UP)[1].left == []


@pytest.mark.parametrize("name", ["put_file", "put_files"])
def test_a_mail_waits_for_its_files(name: str) -> None:
    envelope = Envelope("me@example.com", ("anna@example.com",), subject="Offer")
    away = Away(name)
    with pytest.raises(ConnectionError):
        mail_of(
            Message(MESSAGE_ID, "acme", NOON, envelope, TRACKED),
            CONTENT,
            Parts(away, away, KEYS, HOST, lambda: "id", away),
        )


# Files


def test_files_are_stored_before_the_mail_says_where_they_are() -> None:
    raw, stores = made(CONTENT)
    assert stores.order == ["file", "file", "places"]
    assert stores.places == {
        0: StoredFile(f"acme/files/{MESSAGE_ID}/0", BROCHURE.filename, "application/pdf"),
        1: StoredFile(f"acme/files/{MESSAGE_ID}/1", "prices.csv", "text/csv"),
    }
    assert [stores.objects[place.key] for place in stores.places.values()] == [BROCHURE.content, PRICES.content]
    assert [part.get_filename() for part in parsed(raw).iter_attachments()] == ["terms.txt"]
    assert BROCHURE.content not in raw


def test_files_stand_at_the_end_of_both_bodies_and_before_the_pixel() -> None:
    raw, _ = made(CONTENT)
    html, text = body(raw, "html"), body(raw, "plain")
    assert html.index("</p>") < html.index("/a/") < html.index("/o/") < html.index("</body>")
    assert "Bro&quot;chüre &lt;2027&gt;.pdf</a> (3.2 KB)" in html
    assert 'Bro"chüre <2027>.pdf (3.2 KB)\n' in text
    assert (
        tokens(html, "a")
        == tokens(text, "a")
        == [Token(Purpose.ATTACHMENT, Mode.FULL, MESSAGE_ID, UNTIL, position, is_stored=True) for position in (0, 1)]
    )


@pytest.mark.parametrize("tracking", [UNTRACKED, OPENS_ONLY])
def test_files_work_for_ever_and_record_nothing_where_clicks_are_not_tracked(tracking: Tracking) -> None:
    raw, _ = made(CONTENT, tracking)
    assert [one.mode for one in tokens(body(raw, "html"), "a")] == [Mode.OFF] * 2
    assert [one.mode for one in tokens(body(raw, "html"), "u")] == [Mode.OFF]


@pytest.mark.parametrize(
    ("html", "text"), [("<p>Hi</p>", None), (None, "Hi"), ("<!-- it breaks off", "Hi"), ("<p>Hi</p>", "Hi")]
)
def test_every_kind_of_mail_lists_its_files(html: str | None, text: str | None) -> None:
    raw, _ = made(Content(html, text, {}, (PRICES,)), UNTRACKED, has_unsubscribe=False)
    for subtype, said in (("html", html), ("plain", text)):
        if said is not None:
            assert len(tokens(body(raw, subtype), "a")) == 1
            assert "/o/" not in body(raw, subtype)
    assert not list(parsed(raw).iter_attachments())


def test_a_mail_without_such_files_is_as_it_was() -> None:
    content = Content("<p>Hi</p>", "Hi", {}, (TERMS,))
    raw, stores = made(content, UNTRACKED, has_unsubscribe=False)
    assert (body(raw, "html"), body(raw, "plain"), stores.order) == ("<p>Hi</p>", "Hi", [])


# Unsubscribing


def test_the_headers_of_rfc_8058_name_one_address_in_one_piece() -> None:
    raw, _ = made(CONTENT)
    head = raw.partition(b"\r\n\r\n")[0].decode()
    (line,) = [line for line in head.split("\r\n") if line.startswith(f"List-Unsubscribe: <{HOST}/u/")]
    (said,) = tokens(line, "u")
    assert said == Token(Purpose.UNSUBSCRIBE, Mode.FULL, MESSAGE_ID, UNTIL)
    mail = parsed(raw)
    assert mail["List-Unsubscribe"].strip().startswith(f"<{HOST}/u/") and mail["List-Unsubscribe"].endswith(">")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["X-Campaign"] == "spring"


def test_a_long_host_does_not_break_the_address() -> None:
    host = "https://" + ".".join(["tracking-of-a-customer"] * 8) + ".example.com"
    envelope = Envelope("me@example.com", ("anna@example.com",), subject="Offer")
    message = Message(MESSAGE_ID, "acme", NOON, envelope, TRACKED, has_unsubscribe=True)
    stores = Stores()
    raw = mail_of(message, Content("<p>", None), Parts(stores, stores, KEYS, host, lambda: "id", stores))
    (url,) = [word for word in raw.decode().split() if word.startswith("<https://tracking")]
    assert verify(url.rpartition("/")[2].rstrip(">"), Purpose.UNSUBSCRIBE, KEYS)


def test_the_author_s_own_link_leads_to_the_same_page_and_is_no_tracked_link() -> None:
    raw, _ = made(CONTENT)
    html, text = body(raw, "html"), body(raw, "plain")
    assert len(tokens(html, "u")) == len(tokens(text, "u")) == 1
    assert "/c/" not in html
    assert "unsubscribe_url" not in html + text


@pytest.mark.parametrize("written", ["{{unsubscribe_url}}", "{{ unsubscribe_url }}", "{{\tunsubscribe_url  }}"])
def test_the_place_of_the_address_may_have_inner_spaces(written: str) -> None:
    raw, _ = made(Content(f'<a href="{written}">Out</a>', f"Out: {written}"))
    assert len(tokens(body(raw, "html"), "u")) == len(tokens(body(raw, "plain"), "u")) == 1


def test_a_mail_without_a_way_out_gets_none() -> None:
    raw, _ = made(CONTENT, has_unsubscribe=False)
    assert parsed(raw)["List-Unsubscribe"] is None
    assert (body(raw, "html") + body(raw, "plain")).count("unsubscribe_url") == 2
