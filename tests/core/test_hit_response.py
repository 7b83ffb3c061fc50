"""What the tracking host answers, to the byte."""

import base64
import hashlib
import re

import pytest

from chalicelib.core import hit_answer as answers


def test_the_pixel_is_one_transparent_dot() -> None:
    gif = answers.GIF
    assert len(gif) <= 43
    assert gif[:6] == b"GIF89a"
    assert gif[6:10] == b"\x01\x00\x01\x00"  # one by one
    assert gif[10] & 0x80 and gif[10] & 0x07 == 0  # a table of two colours
    control, picture = gif[19:27], gif[27:37]
    assert control[:3] == b"\x21\xf9\x04" and control[3] & 1  # something is transparent
    assert picture == b"\x2c" + bytes(4) + b"\x01\x00\x01\x00\x00"
    assert gif[37:43] == b"\x02\x02\x44\x01\x00\x3b"
    bits = "".join(f"{byte:08b}"[::-1] for byte in gif[39:41])
    codes = [int(bits[at : at + 3][::-1], 2) for at in (0, 3, 6)]
    assert codes == [4, control[6], 5]  # clear, the transparent colour, end


def test_the_pixels_response_is_base64_and_never_kept() -> None:
    response = answers.response(answers.PIXEL, "GET")
    assert base64.b64decode(response["body"]) == answers.GIF
    assert response["isBase64Encoded"] is True
    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"] == "image/gif"
    assert response["headers"]["Content-Length"] == str(len(answers.GIF))
    asked = {part.strip() for part in response["headers"]["Cache-Control"].split(",")}
    assert asked == {"no-store", "no-cache", "max-age=0", "must-revalidate"}


ANSWERS = [
    answers.PIXEL,
    answers.NOT_FOUND,
    answers.NOT_ALLOWED,
    answers.UNAVAILABLE,
    answers.redirect("https://crm.example/"),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_head_is_get_without_the_body(answer: answers.Answer) -> None:
    get, head = answers.response(answer, "GET"), answers.response(answer, "HEAD")
    assert (head["body"], head["isBase64Encoded"]) == ("", False)
    assert (head["statusCode"], head["headers"]) == (get["statusCode"], get["headers"])
    length = len(base64.b64decode(get["body"])) if get["isBase64Encoded"] else len(get["body"])
    assert get["headers"]["Content-Length"] == str(length)


def test_a_redirect_has_exactly_the_destination() -> None:
    response = answers.response(answers.redirect("https://crm.example/a%zz?q=1|2&amp;x#y z"), "GET")
    assert response["statusCode"] == 302
    assert response["headers"] == {
        "Location": "https://crm.example/a%zz?q=1|2&amp;x#y z",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "Content-Length": "0",
    }


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        *((answers.NOT_FOUND, 404), (answers.NOT_ALLOWED, 405), (answers.UNAVAILABLE, 503)),
        *((answers.ASK, 200), (answers.DONE, 200)),
    ],
)
def test_pages_load_nothing_and_run_nothing(answer: answers.Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    (style,) = re.findall(rb"<style>(.*?)</style>", answer.body)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f" style-src 'sha256-{digest}';" in policy
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body.startswith(b'<!doctype html>\n<html lang="en">')
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_unsubscribing_says_before_and_after_how_much_it_ends() -> None:
    for answer in (answers.ASK, answers.DONE):
        assert b"You will get no more mail from this sender, of any kind." in answer.body


def test_the_pages_stay_small_and_suit_dark_screens_and_fingers() -> None:
    assert len(answers.ASK.body) < 1_000
    assert b"color-scheme:light dark" in answers.ASK.body
    assert b"button{min-height:44px;" in answers.ASK.body
