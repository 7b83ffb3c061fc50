"""Where a link may lead. The redirect imports this on every cold start, so it takes from the standard library only."""

import re

LONGEST = 8_192
"""Characters of the longest destination: what a header line may have at most servers and at API Gateway."""

_HOST = r"(?:[0-9A-Za-z_][0-9A-Za-z._-]*+|\[[0-9A-Fa-f:.]++\])"
_SAFE = re.compile(rf"[hH][tT][tT][pP][sS]?://{_HOST}(?::[0-9]{{0,5}}+)?+(?:[/?#][ -\[\]-~]*+)?+")


def is_safe_destination(url: str) -> bool:
    """Whether a `Location` may carry this: http or https, a host and no user, printable ASCII without backslash.

    Two parsers that disagree about where the host ends are an open redirect; nothing that passes here leaves room
    for that. Spaces inside, `%zz`, `|` and `..` pass: an address is carried as it was written, never normalised.
    """
    return len(url) <= LONGEST and _SAFE.fullmatch(url) is not None
