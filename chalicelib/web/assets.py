"""The files that the pages load: a closed table, so that no path can be asked for; names carry the content's hash."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from chalicelib.web.answer import Answer, Asked, NotHere

HERE = Path(__file__).parent / "static"
DIGEST_CHARACTERS = 12

FILES = {
    "pico.css": ("vendor/pico-2.1.1.min.css", "text/css; charset=utf-8"),
    "app.css": ("app.css", "text/css; charset=utf-8"),
    "htmx.js": ("vendor/htmx-4.0.1.min.js", "text/javascript; charset=utf-8"),
    "app.js": ("app.js", "text/javascript; charset=utf-8"),
    "uplot.css": ("vendor/uplot-1.6.32.min.css", "text/css; charset=utf-8"),
    "reports.css": ("reports.css", "text/css; charset=utf-8"),
    "uplot.js": ("vendor/uplot-1.6.32.min.js", "text/javascript; charset=utf-8"),
    "reports.js": ("reports.js", "text/javascript; charset=utf-8"),
    "icons.svg": ("icons.svg", "image/svg+xml"),
    "logo.svg": ("logo.svg", "image/svg+xml"),
}
"""Name in the URL to file and media type. All are text."""


class Asset(NamedTuple):
    """A file's text, media type and the beginning of its SHA-256."""

    text: str
    media_type: str
    digest: str


@cache
def load(name: str) -> Asset:
    """The asset of a name in FILES. Raises KeyError for any other."""
    path, media_type = FILES[name]
    content = (HERE / path).read_bytes()
    return Asset(content.decode(), media_type, hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS])


def hashed(name: str) -> str:
    """The name under which browsers may keep it for ever: `app.css` becomes `app.0123456789ab.css`."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{load(name).digest}{dot}{ending}"


def serve(asked_name: str, asked: Asked) -> Answer:
    """A file: for ever under the name that carries its hash, for one look under any other. Raises NotHere."""
    stem, _, ending = asked_name.rpartition(".")
    plain_stem, _, digest = stem.rpartition(".")
    name = next((name for name in (f"{plain_stem}.{ending}", asked_name) if name in FILES), None)
    if name is None:
        raise NotHere("There is no such file.")
    asset = load(name)
    is_exact = digest == asset.digest
    headers = {
        "Content-Type": asset.media_type,
        "Cache-Control": "public, max-age=31536000, immutable" if is_exact else "no-cache",
        "ETag": f'"{asset.digest}"',
        "X-Content-Type-Options": "nosniff",
    }
    if asked.headers.get("if-none-match") == f'"{asset.digest}"':
        return Answer(304, headers)
    return Answer(200, headers, asset.text)
