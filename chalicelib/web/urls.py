"""Where the pages are. Behind a stage of API Gateway every path has a prefix, so each URL is made here."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit


class Site(NamedTuple):
    """`origin` is `https://host[:port]`, `prefix` is "" or `/stage`."""

    origin: str
    prefix: str

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https://")

    def path(self, path: str, **query: str | None) -> str:
        """The URL of a page, without host. Query fields that are None are left out."""
        return self.prefix + local(path, **query)

    def place(self, path: str, query: Mapping[str, Sequence[str]]) -> str:
        """The URL of a page, without host, of whose fields some stand several times."""
        return self.prefix + local_place(path, query)

    def back(self, path_and_query: str) -> str:
        """The URL of a place that `is_local` has passed, kept as it was written."""
        return self.prefix + path_and_query


def site_of(dashboard_url: str) -> Site:
    """The site of the dashboard's address."""
    parts = urlsplit(dashboard_url)
    return Site(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"))


def local(path: str, **query: str | None) -> str:
    """A path on our own site, without host and prefix."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{quote(path)}{'?' + urlencode(given) if given else ''}"


def local_place(path: str, query: Mapping[str, Sequence[str]]) -> str:
    """The same where some fields of the query stand several times."""
    return f"{quote(path)}{'?' + urlencode(query, doseq=True) if query else ''}"


def is_local(path_and_query: str) -> bool:
    """Whether this is a path on our own site: what a browser could take for another host is not."""
    return (
        path_and_query.startswith("/")
        and not path_and_query.startswith("//")
        and "\\" not in path_and_query
        and path_and_query.isascii()
        and path_and_query.isprintable()
    )
