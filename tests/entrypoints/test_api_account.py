"""The API of settings: what is changed holds for the next mail, and what cannot be had changes nothing."""

import pytest

from chalicelib.core import account_policy
from chalicelib.core.account_policy import AccountPolicy
from tests.entrypoints.permitting import Office, may_only

NEW = {"object": "account", "id": "acme", **account_policy.show(AccountPolicy())}


def test_a_new_account_has_its_settings(office: Office):
    assert office.done("GET", "/v1/account") == NEW


def test_a_change_changes_what_it_names_and_is_seen_at_once(office: Office):
    changed = office.done("PUT", "/v1/account", {"mode": "last_open_date", "capture_window_days": 400})
    assert changed == NEW | {"mode": "last_open_date", "capture_window_days": 400}
    changed = office.done("PUT", "/v1/account", {"own_networks": ["198.51.100.0/24"], "verdict_rules_off": ["burst"]})
    assert changed == office.done("GET", "/v1/account")
    assert (changed["mode"], changed["own_networks"]) == ("last_open_date", ["198.51.100.0/24"])
    assert office.call("GET", "/v1/account", key=office.new_key("berg"))[1] == NEW | {"id": "berg"}


def test_all_that_is_shown_can_be_sent_back(office: Office):
    shown = office.done("PUT", "/v1/account", {"tracking": False, "soft_bounce_limit": 3})
    assert office.done("PUT", "/v1/account", shown) == shown


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plan_may_track": False}, "plan_off"),
        ({"tracking": False}, "account_off"),
        ({"consent_required": True}, "no_consent"),
        ({"mode": "off"}, "mode_off"),
    ],
)
def test_what_the_account_switches_off_no_mail_can_switch_on(office: Office, change, reason):
    before = office.done("POST", "/v1/emails", {"from": "a@b.test", "to": "c@d.test", "subject": "", "html": "<p>"})
    office.done("PUT", "/v1/account", change)
    tracking = office.tracking(tracking={"opens": True, "clicks": True})
    assert (tracking["tracked"], tracking["reason"], tracking["mode"]) == (False, reason, "off")
    assert office.done("GET", f"/v1/emails/{before['id']}")["tracking"]["tracked"] is True, "what was there stays"


def test_a_mail_may_ask_for_less_than_the_account_and_not_for_more(office: Office):
    assert office.tracking(tracking={"mode": "last_open_date"})["mode"] == "last_open_date"
    office.done("PUT", "/v1/account", {"mode": "last_open_date"})
    tracking = office.tracking()
    assert (tracking["mode"], tracking["opens"], tracking["clicks"]) == ("last_open_date", True, False)
    mail = {"from": "a@b.test", "to": "c@d.test", "subject": "", "html": "<p>"}
    assert office.refused("POST", "/v1/emails", mail | {"tracking": {"mode": "full"}}) == ["/tracking/mode"]
    office.done("PUT", "/v1/account", {"tracking": False})
    assert office.tracking(tracking={"mode": "last_open_date"})["reason"] == "account_off", "the switch is no error"


def test_account_mail_and_recipient_may_all_ask_for_sums_only_and_nobody_for_more_than_that(office: Office):
    assert office.tracking(tracking={"mode": "aggregate"})["mode"] == "aggregate"
    office.done("PUT", "/v1/consents", {"address": "anna@example.com", "how": "form 3", "mode": "aggregate"})
    tracking = office.tracking()
    assert (tracking["mode"], tracking["opens"], tracking["clicks"]) == ("aggregate", True, True)
    office.done("PUT", "/v1/account", {"mode": "aggregate"})
    mail = {"from": "a@b.test", "to": "c@d.test", "subject": "", "html": "<p>"}
    for wider in ("full", "last_open_date"):
        assert office.refused("POST", "/v1/emails", mail | {"tracking": {"mode": wider}}) == ["/tracking/mode"]
        consent = {"address": "c@d.test", "how": "form 3", "mode": wider}
        assert office.refused("PUT", "/v1/consents", consent) == ["/mode"]


BAD = {
    "an unknown rule": ({"verdict_rules_off": ["no_such_rule"]}, "/verdict_rules_off/0"),
    "an unknown field": ({"colour": "red"}, "/colour"),
    "another object": ({"object": "email"}, "/object"),
    "another account": ({"id": "berg"}, "/id"),
    "a switch as text": ({"tracking": "off"}, "/tracking"),
    "a window of no day": ({"capture_window_days": 0}, "/capture_window_days"),
    "a window of 401 days": ({"capture_window_days": 401}, "/capture_window_days"),
    "a network that is none": ({"own_networks": ["office"]}, "/own_networks/0"),
    "less than can be told of a hit": ({"own_networks": ["198.51.100.7/32"]}, "/own_networks/0"),
    "null": ({"mode": None}, "/mode"),
    "a list": ([{"tracking": False}], ""),
}


@pytest.mark.parametrize(("body", "pointer"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_a_problem_that_names_the_field_and_changes_nothing(office: Office, body, pointer):
    if isinstance(body, dict):
        body = {"consent_required": True, **body}
    assert office.refused("PUT", "/v1/account", body) == [pointer]
    assert office.done("GET", "/v1/account") == NEW


def test_malformed_bodies_and_parameters_are_refused(office: Office):
    for raw in (b"", b"{", b'{"tracking": false, "tracking": true}'):
        status, problem = office.call("PUT", "/v1/account", raw)[:2]
        assert (status, problem["code"]) == (400, "malformed_json")
    for method in ("GET", "PUT"):
        assert office.refused(method, "/v1/account", {"tracking": False}, x="1") == ["/x"]
    assert office.done("GET", "/v1/account") == NEW


def test_reading_and_changing_need_their_scopes(office: Office):
    assert may_only(office, "/v1/account", "GET", "read")
    assert may_only(office, "/v1/account", "PUT", "admin", {})
