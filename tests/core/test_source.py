"""Sources and what can be known of a mail because of where it comes from."""

import pytest

from chalicelib.core import source
from chalicelib.core.status import Status

SENT_FROM_SYSTEM = [
    *("individual", "access_email", "api", "autoresponder", "autoresponder_follow_up", "cadence", "calendar_booking"),
    *("consent_email", "event_invitation", "export_email", "integration", "integration_task", "kiosk", "mail_merge"),
    *("mass_email", "mass_email_follow_up", "mass_email_scheduler", "multiple", "other", "rectify_email", "webform"),
    *("widget", "workflow_alert", "blueprint", "meeting_notification"),
]
MAILBOXES = ["imap", "pop3"]
COPIED = ["bcc_dropbox", "external"]
PLUGINS = ["plugin", "plugin_outlook"]

CAN_HAVE = [
    (SENT_FROM_SYSTEM, {"sent", "delivered", "bounced", "opened", "clicked"}),
    (MAILBOXES, {"sent", "bounced", "received"}),
    (COPIED, {"sent"}),
    (PLUGINS, {"sent"}),
]
EVERY_STATUS = {*Status, "received"}


def test_every_source_stands_in_the_list_once_and_no_other():
    expected = [*SENT_FROM_SYSTEM, *MAILBOXES, *COPIED, *PLUGINS]
    assert sorted(source.SOURCES) == sorted(expected)
    assert source.DEFAULT == "individual"


@pytest.mark.parametrize(("name", "statuses"), [(name, statuses) for names, statuses in CAN_HAVE for name in names])
def test_a_source_has_the_statuses_that_something_can_tell_and_no_other(name, statuses):
    assert {status for status in EVERY_STATUS if source.is_status_allowed(name, status)} == statuses
    for status in statuses:
        source.check_status(name, status)
    for status in EVERY_STATUS - statuses:
        with pytest.raises(source.StatusNotAllowed) as refused:
            source.check_status(name, status)
        assert [error["pointer"] for error in refused.value.errors] == ["/status"]


def test_a_refused_status_is_told_which_there_are():
    with pytest.raises(source.StatusNotAllowed, match="can only have: bounced, received, sent"):
        source.check_status("imap", "opened", "/0/status")


def test_an_unknown_source_is_refused_with_the_field_named():
    for ask in (source.kind_of, lambda name: source.is_status_allowed(name, "sent")):
        with pytest.raises(source.UnknownSource) as refused:
            ask("carrier_pigeon")
        assert [error["pointer"] for error in refused.value.errors] == ["/source"]


def test_only_what_the_system_sent_is_sendable_and_knows_why_it_bounced():
    assert sorted(source.SENDABLE) == sorted(SENT_FROM_SYSTEM)
    assert {name for name in source.SOURCES if source.kind_of(name).has_bounce_reason} == set(SENT_FROM_SYSTEM)


def test_what_goes_to_many_or_by_itself_has_a_way_out():
    assert {name for name in source.SOURCES if source.kind_of(name).is_bulk} == {
        *("mass_email", "mass_email_follow_up", "mass_email_scheduler", "autoresponder", "autoresponder_follow_up"),
        *("cadence", "mail_merge", "multiple", "event_invitation"),
    }


def test_plugin_mails_are_shown_to_nobody():
    assert {name for name in source.SOURCES if not source.kind_of(name).is_shown} == set(PLUGINS)


def test_only_a_mailbox_brings_in_what_somebody_wrote_to_us():
    assert source.RECEIVABLE == ("imap", "pop3")


def test_only_what_somebody_wrote_answers_a_mail():
    assert source.is_by_hand("individual")
    assert source.is_by_hand("api")
    assert not [
        name for name in ("autoresponder", "mass_email", "workflow_alert", "blueprint") if source.is_by_hand(name)
    ]
