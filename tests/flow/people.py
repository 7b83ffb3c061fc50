"""Settings of an account, and what is known of people by the keys of their addresses, in memory."""

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.consent import Entry
from chalicelib.core.suppression import Suppression
from chalicelib.flow import permission

ANNA, RAJ = "anna@example.com", "raj@example.com"


class People:
    """All that is asked before a mail is taken in or sent; `is_down` makes the settings unreadable."""

    def __init__(self) -> None:
        self.policy = AccountPolicy()
        self.said: dict[str, list[Entry]] = {}
        self.known: dict[str, Suppression] = {}
        self.is_down = False

    def get(self, account):
        if self.is_down:
            raise ConnectionError("nobody knows the settings")
        return self.policy

    def of(self, account, asked):
        """Of one address what they said, of several what suppresses them."""
        return self.said.get(asked, []) if isinstance(asked, str) else [self.known.get(key) for key in asked]

    @property
    def stores(self) -> permission.Stores:
        return permission.Stores(self, self, self)
