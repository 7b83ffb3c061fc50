"""How much of a hit is kept, and which mode keeps more than which. A mode is only ever narrowed.

A mode is what it reveals. `last_open_date` and `aggregate` cannot be compared: the one says who, the other how often
and what, and neither may be had for the other. What both allow is only that a day had a hit, which no mode keeps, so
together they are `off`.
"""

from collections.abc import Mapping

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.token import Mode

REVEALS: Mapping[Mode, frozenset[str]] = {
    Mode.FULL: frozenset({"recipient", "day", "time", "count", "links"}),
    Mode.LAST_OPEN_DATE: frozenset({"recipient", "day"}),  # of the last open only
    Mode.AGGREGATE: frozenset({"day", "count", "links"}),  # of all mails of a day, whoever it was
    Mode.OFF: frozenset(),
}
NAMES = tuple(mode.name.lower() for mode in REVEALS)
"""What an account, a mail or a consent may ask for by name."""


class WiderThanAllowed(BadInput):
    """Something asks for a mode that reveals what the account's does not."""


def show(mode: Mode) -> str:
    """As it stands in the API: `full`, `last_open_date`, `aggregate`, `off`."""
    return mode.name.lower()


def parse(name: str) -> Mode:
    """The mode of a name out of NAMES."""
    return _BY_NAME[name]


def is_within(mode: Mode, limit: Mode) -> bool:
    """Whether it reveals nothing that `limit` does not."""
    return REVEALS[mode] <= REVEALS[limit]


def meet(*modes: Mode) -> Mode:
    """The widest mode within all of these; `full` for none."""
    allowed = frozenset.intersection(REVEALS[Mode.FULL], *(REVEALS[mode] for mode in modes))
    return max((mode for mode in REVEALS if REVEALS[mode] <= allowed), key=lambda mode: len(REVEALS[mode]))


def check(asked: Mode, limit: Mode, pointer: str) -> None:
    """Raises WiderThanAllowed, which names the field, if `asked` reveals more than `limit`."""
    if not is_within(asked, limit):
        within = ", ".join(show(mode) for mode in REVEALS if is_within(mode, limit))
        text = f"the account's mode is {show(limit)}, which {show(asked)} would widen; it allows: {within}"
        raise WiderThanAllowed([wrong(pointer, text)])


def narrow(account: Mode, mail: Mode | None = None, recipient: Mode = Mode.FULL) -> Mode:
    """The mode of one mail to one recipient. `mail` is what its sender asks for, None for nothing of their own.

    Asking for more than the account allows is an error (WiderThanAllowed at `/tracking/mode`). What the recipient
    allows narrows without one: the sender cannot know it.
    """
    if mail is None:
        return meet(account, recipient)
    check(mail, account, "/tracking/mode")
    return meet(mail, recipient)


def keeps_opens(mode: Mode) -> bool:
    """Whether a mail in this mode carries the pixel."""
    return mode is not Mode.OFF


def keeps_clicks(mode: Mode) -> bool:
    """Whether a mail in this mode has its links signed."""
    return "links" in REVEALS[mode]


_BY_NAME = {show(mode): mode for mode in Mode}
