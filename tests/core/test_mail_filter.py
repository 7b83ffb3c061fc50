"""Which mails somebody wants to see, and what they are told where there is no such thing."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import mail_filter
from chalicelib.core.bad_input import BadInput
from chalicelib.core.cell import COLUMNS, HOURS, NOTHING, Counted
from chalicelib.core.mail_filter import Here, Only

NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
GROUPS = {"north": frozenset({"anna", "raj"})}
HERE = Here(NOW, lambda: BERLIN, lambda group: GROUPS.get(group, frozenset()))


def parse(**query: str | list[str]) -> Only:
    """`from` is given as `from_`."""
    given = {name.rstrip("_"): [value] if isinstance(value, str) else value for name, value in query.items()}
    return mail_filter.parse(given, HERE)


def refused(**query: str | list[str]) -> dict[str, str]:
    with pytest.raises(BadInput) as error:
        parse(**query)
    return {one["pointer"]: one["message"] for one in error.value.errors}


def test_what_is_left_out_is_any():
    assert parse(limit="20").is_all
    assert parse(status="sent", reason="no_consent") == Only("sent", None, "no_consent")


@pytest.mark.parametrize("name", mail_filter.KNOWN)
def test_an_unknown_value_is_refused_with_those_that_there_are(name):
    assert refused(**{name: "pigeon"}) == {f"/{name}": f"must be one of: {', '.join(mail_filter.KNOWN[name])}"}


def test_days_are_those_of_the_account_until_today_there():
    assert parse(from_="2026-11-01", to="2026-11-22") == Only(first="2026-11-01", last="2026-11-22", zone=BERLIN)
    assert parse(from_="2026-11-20").last == "2026-11-22", "in Berlin it is tomorrow already"
    assert parse(period="yesterday") == Only(first="2026-11-21", last="2026-11-21", zone=BERLIN)


@pytest.mark.parametrize(
    ("query", "pointer", "said"),
    [
        ({"from_": "2026-11-20", "to": "2026-11-19"}, "/to", "wrong way round"),
        ({"from_": "2026-11-20", "to": "2026-11-23"}, "/to", "in the future"),
        ({"from_": "2025-10-01", "to": "2026-11-20"}, "/from", "400 days"),
        ({"from_": "20261120"}, "/from", "like 2026-11-01"),
        ({"from_": "2026-02-30"}, "/from", "like 2026-11-01"),
        ({"to": "2026-11-20"}, "/from", "give it, too"),
        ({"period": "last_10_days"}, "/period", "must be one of"),
        ({"period": "today", "to": "2026-11-20"}, "/period", "not both"),
        ({"group": "south"}, "/group", "no user is in such a group"),
        ({"group": ""}, "/group", "no user is in such a group"),
        ({"group": "n" * 257}, "/group", "no user is in such a group"),
        ({"template": "t" * 257}, "/template", "at most 256"),
        ({"user": ["anna", "r" * 257]}, "/user", "at most 256"),
        ({"user": [str(number) for number in range(101)]}, "/user", "at most 100"),
        ({"counted_as": "eaten"}, "/counted_as", "must be one of: sent, delivered"),
        ({"counted_as": "calls_missed"}, "/counted_as", "must be one of"),
        ({"counted_as": ""}, "/counted_as", "must be one of"),
        ({"counted_as": "mon_24"}, "/counted_as", "must be one of"),
        ({"source": "imap", "counted_as": "opened"}, "/counted_as", "imap never counts as opened"),
        ({"source": "bcc_dropbox", "counted_as": "sent"}, "/counted_as", "never counts as sent"),
        ({"source": "external", "counted_as": "received"}, "/counted_as", "never counts as received"),
        ({"source": "imap", "status": "opened"}, "/status", "can only have"),
    ],
)
def test_what_no_mail_can_have_is_refused_by_name(query, pointer, said):
    errors = refused(**query)
    assert said in errors[pointer]


def test_all_that_is_wrong_is_told_at_once():
    assert list(refused(to="x", status="x", counted_as="x", group="x")) == ["/counted_as", "/from", "/group", "/status"]


def test_users_are_those_named_or_of_the_group_or_both():
    assert parse(user=["raj", "", "raj"]).users == {"raj", ""}
    assert parse(group="north").users == {"anna", "raj"}
    assert parse(group="north", user=["raj", "zoe"]).users == {"raj"}
    assert parse(group="north", user="zoe").users == frozenset()
    assert parse().users is None


def test_a_mail_without_a_template_or_module_is_asked_for_by_the_empty_text():
    assert parse(template="", module="leads") == Only(template="", module="leads")


def test_what_a_received_mail_counts_as_can_be_asked_for_of_what_receives():
    assert parse(source="imap", counted_as="responded").column == "responded"


def test_nothing_that_needs_a_look_at_the_account_is_looked_at_in_vain():
    def never(*_: object) -> None:
        raise AssertionError("asked for")

    assert mail_filter.parse({"status": ["sent"], "user": ["raj"]}, Here(NOW, never, never)).users == {"raj"}


@given(
    st.builds(
        Counted,
        st.sampled_from(["2026-11-20", "2026-11-21"]),
        st.frozensets(st.sampled_from(COLUMNS)),
        st.sampled_from(["", *HOURS[:3]]),
    )
)
def test_a_mail_is_in_the_list_of_each_figure_in_which_it_counts_and_in_no_other(counted):
    for column in (*COLUMNS, *HOURS):
        only = parse(from_="2026-11-21", to="2026-11-21", counted_as=column)
        in_figure = counted.day == "2026-11-21" and column in {*counted.columns, counted.hour}
        assert only.holds_for(counted) is in_figure
    bounced = {"bounced_hard", "bounced_soft"} & counted.columns
    assert parse(counted_as="bounced").holds_for(counted) is bool(bounced)
    assert parse(from_="2026-11-20", to="2026-11-21").holds_for(counted)
    assert not parse(from_="2026-11-19", to="2026-11-19").holds_for(counted)


def test_what_counts_for_nothing_is_behind_no_figure():
    assert not parse(from_="2026-11-01").holds_for(NOTHING)
    assert not parse(counted_as="sent").holds_for(NOTHING)
