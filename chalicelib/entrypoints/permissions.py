"""What is asked before a mail is taken in or sent, for the functions that do so."""

from chalicelib.flow import permission
from chalicelib.settings import Settings
from chalicelib.storage.consents import Consents
from chalicelib.storage.policies import Policies
from chalicelib.storage.suppressions import Suppressions


def permissions_of(own: Settings) -> permission.Stores:
    """The stores of this installation."""
    table = own.account_table, own.region
    return permission.Stores(Policies(*table), Consents(*table), Suppressions(*table, own.keys))
