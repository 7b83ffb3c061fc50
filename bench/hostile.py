"""Nine mails that take quadratic time wherever a search starts again from each place at which it failed."""

from typing import NamedTuple


class Hostile(NamedTuple):
    """`frame` holds as many units as fit."""

    name: str
    unit: str
    frame: str = "{}"

    def mail(self, characters: int) -> str:
        """So many characters of it, the frame apart."""
        return self.frame.replace("{}", self.unit * (characters // len(self.unit)))


HOSTILE = (
    Hostile("links never closed", '<a href="https://a.example/" '),
    Hostile("tags begun within tags", "<a"),
    Hostile("an endless row of attributes", "b=c ", "<a {}>"),
    Hostile("quotes never closed", "<a href=\"'"),
    Hostile("comments never closed", "<!-- "),
    Hostile("conditional comments", '<!--[if mso]><a href="https://a.example/"><![endif]-->'),
    Hostile("tables in tables", "<table><tr><td>"),
    Hostile("half entities in one address", "&amp&#x4", '<a href="https://a.example/?{}">'),
    Hostile("nulls and odd characters", "\0é\v<\0\u2028&\ufeff"),
)
