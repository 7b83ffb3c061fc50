"""Who plays in the month of `make demo`: users and the templates they write with, and the people they write to."""

from typing import NamedTuple


class User(NamedTuple):
    """Who writes. `weight` is how much of it, `charm` how far above the usual their mails are opened."""

    user_id: str
    name: str
    groups: tuple[str, ...]
    weight: int
    charm: float

    @property
    def address(self) -> str:
        """Theirs, from which they write."""
        return f"{self.user_id}@acme.example"


class Template(NamedTuple):
    """What is written. `opened` and `clicked` are the chances that it is, and that who opened it clicks; `source` and
    `module` those of its mails. A `mass` template goes to many on one morning of the week."""

    template_id: str
    name: str
    subject: str
    lines: tuple[str, ...]
    source: str
    module: str
    weight: int
    opened: float
    clicked: float
    is_mass: bool = False

    @property
    def html(self) -> str:
        """A paragraph for each line."""
        return (
            "<!DOCTYPE html>\n<html><body>\n" + "\n".join(f"<p>{line}</p>" for line in self.lines) + "\n</body></html>"
        )

    @property
    def links(self) -> int:
        """How many of them are tracked."""
        return self.html.count('<a href="https:')


class Contact(NamedTuple):
    """Who is written to. `client` is what loads the pictures, and `is_scanned` says that a scanner reads first."""

    first: str
    last: str
    company: str
    client: str
    is_scanned: bool

    @property
    def address(self) -> str:
        """Theirs, at which all goes well."""
        return f"{self.first}.{self.last}@{self.company}.example".lower()


USERS = (
    User("anna", "Anna Weber", ("sales",), 6, 1.15),
    User("ben", "Ben Okafor", ("sales",), 5, 0.9),
    User("carla", "Carla Rossi", ("sales", "key accounts"), 4, 1.3),
    User("deniz", "Deniz Kaya", ("support",), 4, 1.05),
    User("emil", "Emil Lindqvist", ("support",), 3, 0.8),
    User("flora", "Flora Martin", ("key accounts",), 2, 1.0),
)

_QUOTE = (
    "Dear {{ contact.first_name }},",
    'here is <a href="https://example.com/quote?copy=2">your quote</a> for {{ contact.company }}.',
    'Questions? <a href="https://example.com/calendar">Book a call</a> or see '
    '<a href="https://example.com/terms">our terms</a>.',
)
_HELLO = (
    "Hello {{ contact.first_name }},",
    'how do you keep track of mails at {{ contact.company }}? <a href="https://example.com/tour">Take the tour</a>.',
    '<a href="https://example.com/calendar">Book a call</a> whenever it suits you.',
)
_WELCOME = (
    "Welcome, {{ contact.first_name }}!",
    '<a href="https://example.com/start">Three steps</a> and you are ready, or watch '
    '<a href="https://example.com/film">the film</a>.',
)
_REMINDER = (
    "Dear {{ contact.first_name }},",
    'your invoice is waiting: <a href="https://example.com/invoice">look at it</a> or '
    '<a href="https://example.com/pay">pay it now</a>.',
)
_NEWS = (
    "News for {{ contact.company }}",
    '<a href="https://example.com/news/1">Reports that add up</a>',
    '<a href="https://example.com/news/2">Ten tips for subjects</a>',
    '<a href="https://example.com/news/3">Meet us at the fair</a>',
    '<a href="{{unsubscribe_url}}">No more of these</a>',
)

TEMPLATES = (
    Template("quote", "Quote", "Your quote, {{ contact.first_name }}", _QUOTE, "individual", "deals", 6, 0.66, 0.5),
    Template("hello", "First contact", "A question to you", _HELLO, "individual", "leads", 6, 0.4, 0.22),
    Template("welcome", "Welcome", "Welcome to Acme", _WELCOME, "workflow_alert", "contacts", 3, 0.72, 0.55),
    Template("reminder", "Invoice reminder", "Your invoice", _REMINDER, "workflow_alert", "deals", 3, 0.55, 0.42),
    Template("news", "Newsletter", "News of the week", _NEWS, "mass_email", "contacts", 0, 0.34, 0.25, is_mass=True),
)

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36"
APPLE = "Mozilla/5.0"  # exactly this, and no more, is Apple Mail Privacy Protection
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SCANNER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.88"

_FIRST = ("Ada", "Bruno", "Chloe", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Leo")
_LAST = ("Adler", "Brandt", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Horvat", "Ivanov", "Jensen")
_COMPANIES = ("northwind", "contoso", "fabrikam", "initech", "umbrella", "hooli", "globex", "soylent", "wayne")
_SCANNED = frozenset({"initech", "umbrella"})
_CLIENTS = (CHROME, GMAIL, CHROME, APPLE, GMAIL, CHROME, CHROME)


def contact(number: int) -> Contact:
    """Of each number always the same one; there are as many as there are names."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    company = _COMPANIES[number % len(_COMPANIES)]
    return Contact(first, last, company, _CLIENTS[number % len(_CLIENTS)], company in _SCANNED)


CONTACTS = len(_FIRST) * len(_LAST)
"""How many different people there are."""
