"""Names in paths of what an account named itself."""

from chalicelib.core import path_name
from chalicelib.core.bad_input import BadInput
from chalicelib.entrypoints.problems import bad_input, not_found


def name_given(raw: str) -> str:
    """The name that something is to have. 422 for what is no name."""
    try:
        return path_name.parse(raw)
    except BadInput as error:
        raise bad_input(error.errors) from None


def name_in(raw: str, what: str) -> str:
    """The name of what is asked for. 404 for what is no name: nothing can have it."""
    try:
        return path_name.parse(raw)
    except BadInput:
        raise not_found(what) from None
