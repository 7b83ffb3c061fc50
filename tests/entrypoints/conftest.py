"""What tests of several APIs begin with."""

import pytest

from chalicelib.entrypoints import api_account, api_consents, api_emails, api_suppressions
from tests.entrypoints.permitting import Office


@pytest.fixture(scope="module", autouse=True)
def _from_noon(from_noon):
    """What is counted counts for one day, and nothing that was made when a file was read is too old for its tests."""


@pytest.fixture
def office(stack):
    for module in (api_account, api_consents, api_emails, api_suppressions):
        module._parts.cache_clear()
    yield Office(stack)
    for module in (api_account, api_consents, api_emails, api_suppressions):
        module._parts.cache_clear()
