"""The smoke test of a deployment: tracking host, API and pages answer; then a real mail, see smoke_mail.py."""

from collections.abc import Callable, Iterator
from functools import partial

from chalicelib.core import hit_answer
from infra.aws import smoke_mail
from infra.aws.smoke_mail import Mail
from infra.aws.smoke_step import Patience, Site, Step
from infra.aws.web import ask, expect

WRONG_KEY = f"ms_{'0' * 16}_{'0' * 64}"
UNKNOWN_PATH = "an unknown path is a problem"


def run(
    site: Site,
    say: Callable[[str], None],
    mail: Mail | None = None,
    patience: Patience | None = None,
    without: frozenset[str] = frozenset(),
) -> bool:
    """Tests, says a line for each step, and returns whether everything is as it should be.

    Without `mail` no mail is sent. Steps that are named in `without` are left out, and that is said.
    """
    patience = patience or Patience()
    is_passed = True
    for step in steps(site):
        if step.name in without:
            say(f"  left out: {step.name}")
        else:
            is_passed &= step.is_passed(say, patience.answer_seconds, patience.pause_seconds)
    if mail is None:
        say("  warning no mail was sent: name a sender that SES has verified, FROM=you@example.com")
        return is_passed
    return smoke_mail.run(site, mail, say, patience) and is_passed


def steps(site: Site) -> Iterator[Step]:
    """The steps without a mail, each on its own."""
    track, api, url = site.log("track"), site.log("api"), site.dashboard_url
    yield Step("the pixel is served", track, partial(_pixel, site.tracking_url))
    yield Step("a link that is none is refused", track, partial(_no_link, site.tracking_url))
    yield Step("the API describes itself", api, partial(_document, url))
    yield Step("a wrong key is refused", api, partial(_wrong_key, url))
    yield Step(UNKNOWN_PATH, "the gateway responses of the REST API", partial(_unknown, url))
    yield Step("the sign-in page is shown", api, partial(_sign_in, url))


def _pixel(url: str) -> None:
    got = ask(f"{url}/o/x")
    expect(got.status == 200, f"/o/x answers {got.status}: {got.excerpt!r}")
    is_ours = got.media_type == "image/gif" and got.body == hit_answer.GIF
    expect(is_ours, f"/o/x is {got.media_type} of {len(got.body)} bytes, not our GIF")
    may_be_kept = "no-store" not in got.headers.get("cache-control", "")
    expect(not may_be_kept, "the pixel lacks Cache-Control: no-store")
    head = ask(f"{url}/o/x", "HEAD")
    expect(head.status == 200 and not head.body, f"HEAD /o/x answers {head.status} with {len(head.body)} bytes")


def _no_link(url: str) -> None:
    for method in ("GET", "HEAD"):
        got = ask(f"{url}/c/x", method)
        expect(got.status == 404, f"{method} /c/x answers {got.status} instead of 404: {got.excerpt!r}")


def _document(url: str) -> None:
    got = ask(f"{url}/openapi.json")
    expect(got.status == 200 and "openapi" in got.json, f"/openapi.json answers {got.status}: {got.excerpt!r}")


def _wrong_key(url: str) -> None:
    got = ask(f"{url}/v1/emails", headers={"Authorization": f"Bearer {WRONG_KEY}"})
    expect(got.status == 401, f"a key that does not exist gets {got.status} instead of 401: {got.excerpt!r}")
    expect(got.json.get("code") == "invalid_key", f"401 without the code invalid_key: {got.excerpt!r}")


def _unknown(url: str) -> None:
    got = ask(f"{url}/v1/no-such-path")
    expect(got.status == 404, f"/v1/no-such-path answers {got.status} instead of 404: {got.excerpt!r}")
    expect(got.media_type == "application/problem+json", f"404 is {got.media_type}, not application/problem+json")
    expect(got.json.get("code") == "not_found", f"404 without the code not_found: {got.excerpt!r}")


def _sign_in(url: str) -> None:
    got = ask(f"{url}/signin")
    is_page = got.status == 200 and got.media_type == "text/html"
    expect(is_page, f"/signin answers {got.status} {got.media_type}: {got.excerpt!r}")
