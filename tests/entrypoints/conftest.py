"""What tests of several APIs begin with."""

import pytest

from chalicelib.entrypoints import api_account, api_consents, api_emails, api_suppressions
from tests.entrypoints.permitting import Office


@pytest.fixture
def office(stack):
    for module in (api_account, api_consents, api_emails, api_suppressions):
        module._parts.cache_clear()
    yield Office(stack)
    for module in (api_account, api_consents, api_emails, api_suppressions):
        module._parts.cache_clear()
