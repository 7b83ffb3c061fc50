"""Mails in the mode `aggregate`: how often they were opened and clicked is known for the day, and of nobody."""

import re
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from playwright.sync_api import expect

from chalicelib.core.aggregate import LEAST_PEOPLE
from chalicelib.core.hit_answer import PIXEL
from tests.e2e.browsing import sign_in
from tests.e2e.crm import Crm
from tests.infra.local_run import ask, stay_in_a_day, until

pytestmark = [pytest.mark.local]

TARGET = "https://example.com/quote?a=1&b=2"
DEEP = "https://example.com/deep?" + "q=" * 500
HTML = f'<p><a href="{TARGET.replace("&", "&amp;")}">Your quote</a> <a href="{DEEP}">More</a></p>'
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"}


def urls_of(crm: Crm, subject: str) -> tuple[str, list[str]]:
    """Pixel and links of a mail as it arrived."""
    html = crm.arrived(subject)["html"]
    pixel, *links = (re.findall(rf'"(http[^"]+/{letter}/[^"]+)"', html) for letter in "oc")
    return pixel[0], links[0]


def items(local: dict[str, Any], name: str) -> list[dict[str, Any]]:
    own = local["environment"]
    dynamodb = boto3.client(
        "dynamodb",
        region_name=own["AWS_REGION"],
        endpoint_url=own["AWS_ENDPOINT_URL"],
        aws_access_key_id=own["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=own["AWS_SECRET_ACCESS_KEY"],
    )
    pages = dynamodb.get_paginator("scan").paginate(TableName=own[f"MAILSIGHT_{name}_TABLE"])
    return [item for page in pages for item in page["Items"]]


def test_hits_count_for_the_day_and_can_be_traced_to_no_mail(new_crm, local):
    crm = new_crm("sums")
    assert crm.call("PUT", "/v1/account", {"mode": "aggregate"})[0] == 200
    body = {"from": "me@example.com", "to": "anna@example.com", "subject": "x", "html": HTML}
    for wider in ("full", "last_open_date"):
        status, problem = crm.call("POST", "/v1/emails", body | {"tracking": {"mode": wider}})
        assert (status, problem["errors"][0]["pointer"]) == (422, "/tracking/mode")

    stay_in_a_day()
    day = datetime.now(UTC).date()
    few = [crm.send(to=f"person{number}@example.com", subject=f"Sums {number}", html=HTML) for number in range(2)]
    for message_id in few:
        crm.status(message_id, "delivered")
    (pixel, links), (other_pixel, other_links) = (urls_of(crm, f"Sums {number}") for number in range(2))
    assert (pixel, links[0]) == (other_pixel, other_links[0]), "nothing in them tells one mail from the other"
    for _ in range(3):
        answer = ask(pixel, headers=BROWSER)
        assert (answer.status, answer.body) == (200, PIXEL.body)
    for link, target in ((links[0], TARGET), (other_links[1], DEEP)):
        answer = ask(link, headers=BROWSER)
        assert (answer.status, answer.headers["location"]) == (302, target)
    ask(links[0], "HEAD", headers=BROWSER)

    path = f"/v1/aggregates?from={day}"
    [shown] = crm.call("GET", path)[1]["data"]
    assert (shown["withheld"], shown["opens"]) == ("too_few_recipients", None)
    for number in range(2, LEAST_PEOPLE):
        crm.status(crm.send(to=f"person{number}@example.com", subject=f"Sums {number}", html=HTML), "delivered")

    def counted() -> dict[str, Any] | None:
        [one] = crm.call("GET", path)[1]["data"]
        return one if not one["withheld"] and one["clicks"]["machine"] else None

    shown = until(counted, "the hits of the day to be counted")
    assert shown["opens"] == {"count": 3, "proxy": 0, "machine": 0}
    assert shown["clicks"] == {"count": 1, "machine": 1, "links": [{"position": 0, "count": 1, "machine": 1}]}

    for message_id in few:
        mail = crm.mail(message_id)
        assert (mail["status"], mail["opens"]["count"], mail["clicks"]["count"]) == ("delivered", 0, 0)
        kinds = {event["type"] for event in crm.call("GET", f"/v1/emails/{message_id}/events")[1]["data"]}
        assert kinds <= {"sent", "delivered"}
    assert len(crm.call("GET", "/v1/emails")[1]["data"]) == LEAST_PEOPLE
    assert crm.call("GET", "/v1/opens")[1]["data"] == []
    assert_no_hit_names_a_mail(crm, local, few)


def assert_no_hit_names_a_mail(crm: Crm, local: dict[str, Any], few: list[str]) -> None:
    """What the tables have of hits has neither a mail nor a person, nor more of the time than the day."""
    [aggregate] = [one for one in items(local, "MESSAGES") if one["account_shard"]["S"] == "sums#aggregates"]
    assert not [one for one in few if one in repr(aggregate)] and "example.com" not in repr(aggregate)
    hits = [one for one in items(local, "EVENTS") if one["message_id"]["S"] == aggregate["message_id"]["S"]]
    assert len(hits) == 5
    for hit in hits:
        assert not [one for one in few if one in repr(hit)]
        assert "T00:00:00.000Z#" in hit["event_key"]["S"] and '"from"' not in hit["data"]["S"]
        assert int(hit["expires_at"]["N"]) % 86_400 == 0
    own = [one["kind"]["S"] for one in items(local, "EVENTS") if one["message_id"]["S"] in few]
    assert set(own) <= {"sent", "delivered"}


def test_one_mail_among_others_may_be_added_up_and_its_page_says_so(new_crm, desk, page):
    crm = new_crm("one-of-many")
    consent = {"address": "anna@example.com", "how": "form 3", "mode": "aggregate"}
    assert crm.call("PUT", "/v1/consents", consent)[0] == 200
    ids = {to: crm.send(to=f"{to}@example.com", subject=to, html=HTML) for to in ("anna", "raj")}
    for to, mode in (("anna", "aggregate"), ("raj", "full")):
        assert crm.status(ids[to], "delivered")["tracking"]["mode"] == mode
        pixel, _ = urls_of(crm, to)
        ask(pixel, headers=BROWSER)
    assert crm.status(ids["raj"], "opened")["opens"]["count"] == 1
    mail = crm.mail(ids["anna"])
    assert (mail["opens"]["count"], mail["tracking"]["tracked"]) == (0, True)
    assert mail["tracking"]["until"].endswith("T00:00:00.000Z")
    sign_in(page, desk, crm.run["api_key"])
    page.goto(f"{desk.url}/mails/{ids['anna']}")
    expect(page.locator(".seen")).to_have_text("Opens only added up with other mails of the day")
    expect(page.get_by_text("They are only added up with those of all other mails of the day.")).to_be_visible()
    expect(page.locator("#tile-clicks")).to_contain_text("Only added up with other mails of the day")
    expect(page.get_by_role("heading", name="Links")).to_have_count(0)
