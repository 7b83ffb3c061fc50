"""A name that its caller gave, as it stands in a path: in UTF-8, percent-encoded.

API Gateway's REST APIs hand path parameters on as they came (https://github.com/aws/chalice/issues/511), so they are
decoded here, once, and a name may hold slashes and percent signs.
"""

from urllib.parse import unquote_to_bytes

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.body import Id, Strict, read


class Named(Strict):
    """Anything that its caller named."""

    id: Id


def parse(raw: str) -> str:
    """The name. Raises BadInput at `/id`."""
    try:
        name = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput([wrong("/id", "must be UTF-8, percent-encoded in the path")]) from None
    return read(Named, {"id": name}).id
