"""In and out of the dashboard."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.web import mails, signin
from tests.web.desk import Desk, Reader, text_of, token_in


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_without_a_session_every_page_leads_to_the_sign_in_and_back(desk):
    stranger = Reader(desk)
    answer = stranger.ask(mails.show_list, query={"after": "x=y", "evil": "1"})
    assert (answer.status, answer.headers["Location"]) == (303, "/signin?next=%2Fmails%3Fafter%3Dx%253Dy")
    shown = stranger.ask(signin.show_signin, query={"next": "/mails?after=x%3Dy"})
    form = {"form_token": token_in(shown), "key": desk.key, "next": "/mails?after=x%3Dy"}
    assert stranger.ask(signin.sign_in, form=form).headers["Location"] == "/mails?after=x%3Dy"


def test_a_live_part_sends_the_whole_page_to_the_sign_in(desk):
    answer = Reader(desk).ask(mails.show_rows, hx_request="true")
    assert (answer.status, answer.headers["HX-Redirect"], answer.body) == (401, "/signin", "")


def test_a_right_key_opens_a_session_of_twelve_hours(desk):
    reader = Reader(desk)
    answer = reader.sign_in(f"  {desk.key}\n")
    assert (answer.status, answer.headers["Location"]) == (303, "/mails")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("mailsight_session=1.")
    assert cookie.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure")
    assert desk.key.rpartition("_")[2] not in cookie
    assert reader.ask(mails.show_list).status == 200
    desk.now += timedelta(hours=12)
    assert reader.ask(mails.show_list).status == 303


def test_on_plain_http_and_under_a_prefix_the_cookie_fits():
    desk = Desk("http://127.0.0.1:8600/api")
    answer = Reader(desk).sign_in(desk.key)
    assert answer.headers["Location"] == "/api/mails"
    assert answer.headers["Set-Cookie"].endswith("; Path=/api; Max-Age=43200; HttpOnly; SameSite=Lax")


@pytest.mark.parametrize("change", [lambda key: "", lambda key: "ms_nonsense", lambda key: key[:-1] + "f", str.upper])
def test_a_wrong_key_says_so_and_is_not_repeated(desk, change):
    wrong = change(desk.key)
    assert wrong != desk.key
    reader = Reader(desk)
    answer = reader.sign_in(wrong)
    assert answer.status == 403
    assert "This key is not valid here" in text_of(answer)
    assert not wrong or f'value="{wrong}"' not in answer.body
    assert reader.ask(mails.show_list).status == 303


def test_a_key_that_may_not_read_is_told_apart(desk):
    answer = Reader(desk).sign_in(desk.add_key("acme", "send"))
    assert (answer.status, "may not read mails" in text_of(answer)) == (403, True)


@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
def test_a_key_that_is_over_opens_nothing_and_ends_its_sessions_at_once(desk, field):
    reader = desk.reader()
    assert reader.ask(mails.show_list).status == 200
    (key_id,) = desk.keys
    desk.keys[key_id] = replace(desk.keys[key_id], **{field: desk.now})
    assert reader.ask(mails.show_list).status == 303
    assert "This key is not valid here" in text_of(Reader(desk).sign_in(desk.key))


def test_a_key_that_is_gone_or_reads_no_more_ends_its_sessions(desk):
    reader = desk.reader()
    ((key_id, key),) = desk.keys.items()
    desk.keys[key_id] = replace(key, scopes=frozenset({"send"}))
    assert reader.ask(mails.show_list).status == 303
    desk.keys[key_id] = replace(key, account="other")
    assert reader.ask(mails.show_list).status == 303
    del desk.keys[key_id]
    assert reader.ask(mails.show_list).status == 303


@pytest.mark.parametrize("place", ["https://evil.example", "//evil.example", "/\\evil", "/a\r\nX: y"])
def test_signing_in_never_leads_to_another_site(desk, place):
    reader = Reader(desk)
    assert reader.sign_in(desk.key, next=place).headers["Location"] == "/mails"
    assert reader.ask(signin.show_signin, query={"next": place}).headers["Location"] == "/mails"
    assert f'value="{place}"' not in Reader(desk).ask(signin.show_signin, query={"next": place}).body


@pytest.mark.parametrize("token", ["", "1.00", "x"])
def test_the_sign_in_form_needs_its_token_and_its_cookie(desk, token):
    reader = Reader(desk)
    right = token_in(reader.ask(signin.show_signin))
    refused = reader.ask(signin.sign_in, form={"form_token": token, "key": desk.key})
    assert (refused.status, "Please try again" in text_of(refused)) == (403, True)
    assert "mailsight_session" not in reader.cookies
    assert Reader(desk).ask(signin.sign_in, form={"form_token": right, "key": desk.key}).status == 403
    assert reader.ask(signin.sign_in, form={"form_token": right, "key": desk.key}).status == 303


def test_signing_out_takes_the_token_of_the_session(desk):
    reader = desk.reader()
    for form in ({}, {"form_token": ""}, {"form_token": token_in(desk.reader().ask(mails.show_list))[:-1]}):
        refused = reader.ask(signin.sign_out, form=form)
        assert (refused.status, "Nothing was changed" in text_of(refused)) == (403, True)
    assert reader.ask(mails.show_list).status == 200
    answer = reader.ask(signin.sign_out, form={"form_token": token_in(reader.ask(mails.show_list))})
    assert (answer.status, answer.headers["Location"]) == (303, "/signin")
    assert answer.headers["Set-Cookie"].startswith("mailsight_session=; Path=/; Max-Age=0;")
    assert reader.ask(mails.show_list).status == 303


def test_signing_out_without_a_session_is_no_error_and_takes_no_cookie_away(desk):
    answer = Reader(desk).ask(signin.sign_out, form={})
    assert (answer.status, "Set-Cookie" in answer.headers) == (303, False)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://app.example.com", 303),
        ("http://localhost:8600", 303),  # the host that was asked, under another name than the settings say
        ("https://evil.example", 403),
        ("null", 403),
        ("http://app.example.com", 403),
    ],
)
def test_a_form_from_another_origin_is_refused_even_with_its_token(desk, origin, status):
    reader = desk.reader()
    token = token_in(reader.ask(mails.show_list))
    answer = reader.ask(signin.sign_out, form={"form_token": token}, origin=origin, host="localhost:8600")
    assert answer.status == status


def test_the_session_of_another_installation_is_none(desk):
    reader = desk.reader()
    other = Desk()
    other.parts = other.parts._replace(keys=other.parts.keys._replace(secrets={1: b"z" * 32}))
    reader.desk = other
    assert reader.ask(mails.show_list).status == 303


def test_a_form_cookie_that_is_not_ours_is_replaced(desk):
    reader = Reader(desk)
    reader.cookies["mailsight_form"] = "chosen by somebody else"
    reader.ask(signin.show_signin)
    assert reader.cookies["mailsight_form"] == f"{1:032x}"
