"""What a caller asked for cannot be done: each field to mend, with what is wrong with it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from chalicelib.core.problem import MailsightError


class BadInput(MailsightError):
    """Refused as a whole; nothing was changed. `errors` are {"pointer": RFC 6901 JSON pointer, "message": text}."""

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{error['pointer']}: {error['message']}" for error in errors))
        self.errors = list(errors)


def wrong(pointer: str, message: str) -> dict[str, str]:
    """One entry of `errors`."""
    return {"pointer": pointer, "message": message}


@contextmanager
def named_under(part: str) -> Iterator[None]:
    """What is wrong with this part of the body is named where it stands there, as `/query` has `/query/by`."""
    try:
        yield
    except BadInput as error:
        raise BadInput([wrong(f"{part}{one['pointer']}", one["message"]) for one in error.errors]) from None


def one_of(names: Iterable[str]) -> str:
    """What is said where a value is none of those that there are."""
    return f"must be one of: {', '.join(names)}"
