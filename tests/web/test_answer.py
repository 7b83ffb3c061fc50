"""Requests and answers: cookies, forms, ETags, and the policy that stands on every page."""

from chalicelib.web import answer
from chalicelib.web.answer import Asked


def asked(**headers: str) -> Asked:
    return Asked({name.replace("_", "-"): value for name, value in headers.items()}, {})


def test_a_cookie_is_found_among_others():
    request = asked(cookie='theme=dark; mailsight_session=a.b=; odd={"x":1}; mailsight_session=second')
    assert request.cookie("mailsight_session") == "a.b="
    assert request.cookie("other") == ""
    assert asked().cookie("x") == ""


def test_a_form_is_read_and_anything_else_is_empty():
    assert Asked({}, {}, b"key=ms_1&next=%2Fmails&empty=").form() == {"key": "ms_1", "next": "/mails", "empty": ""}
    assert Asked({}, {}, b"\xff\xfe=1").form() == {}
    assert Asked({}, {}, b"&".join(b"a=1" for _ in range(100))).form() == {}


def test_a_page_allows_only_what_is_our_own():
    headers = answer.html("x").headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-src 'self'" in answer.html("x", has_frame=True).headers["Content-Security-Policy"]


def test_a_fragment_is_sent_once_and_then_304_until_it_changes():
    first = answer.fragment("<p>1</p>", asked())
    tag = first.headers["ETag"]
    assert (first.status, first.body, tag[0], tag[-1]) == (200, "<p>1</p>", '"', '"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = answer.fragment("<p>1</p>", asked(if_none_match=known))
        assert (again.status, again.body, again.headers["ETag"]) == (304, "", tag)
    assert answer.fragment("<p>2</p>", asked(if_none_match=tag)).status == 200


def test_a_mail_runs_nothing_and_loads_nothing_from_elsewhere_unless_asked():
    policy = answer.mail("x", may_load_images=False).headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; ")
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "img-src data: https: http:;" in answer.mail("x", may_load_images=True).headers["Content-Security-Policy"]
    assert answer.mail("x", may_load_images=True).headers["Referrer-Policy"] == "no-referrer"
