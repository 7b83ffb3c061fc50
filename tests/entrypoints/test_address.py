"""The API knows where it is reached, with a domain of its own and without one."""

import pytest

from chalicelib.entrypoints.address import own_url
from chalicelib.settings import BadSettings, Settings

GATEWAY = {"domainName": "a1b2c3.execute-api.eu-west-1.amazonaws.com", "stage": "api"}


def test_without_a_domain_it_is_the_gateway_s_name_and_stage():
    assert own_url(Settings(), GATEWAY) == "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/api"


def test_a_domain_of_its_own_wins_whatever_host_was_asked():
    own = Settings(dashboard_url="https://mail.example.com")
    assert own_url(own, GATEWAY) == own_url(own, {}) == "https://mail.example.com"


def test_a_malformed_address_is_refused():
    with pytest.raises(BadSettings, match="MAILSIGHT_DASHBOARD_URL"):
        own_url(Settings(dashboard_url="mail.example.com/"), GATEWAY)


def test_who_calls_it_without_a_gateway_is_told_what_to_set():
    with pytest.raises(BadSettings, match="MAILSIGHT_DASHBOARD_URL"):
        own_url(Settings(), {"stage": "api"})
