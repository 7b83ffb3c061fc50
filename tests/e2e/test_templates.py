"""A CRM that names its users and templates, and sends mails made of them, through a run of the embedded default."""

import re
from typing import Any

import pytest

from tests.e2e.conftest import NewCrm

pytestmark = [pytest.mark.local]

OFFER = {
    "name": "Offer",
    "subject": "An offer for {{ contact.name }}",
    "html": '<p>Dear {{contact.name}}, <a href="https://example.com/o?id={{ number }}">look</a>. '
    '<a href="{{unsubscribe_url}}">No more</a></p>',
    "text": "Dear {{contact.name}}: {{unsubscribe_url}}",
}


def test_a_mail_is_made_of_a_template_and_goes_out_filled_and_tracked(new_crm: NewCrm) -> None:
    crm = new_crm("templates")
    assert crm.call("PUT", "/v1/templates/offers%2Fspring%2050%25", OFFER)[0] == 200
    assert crm.call("PUT", "/v1/users/J%C3%BCrgen", {"name": "Jürgen", "groups": ["sales"]})[0] == 200
    made: dict[str, Any] = {"subject": None, "html": None, "template": "offers/spring 50%", "user": "Jürgen"}
    data = {"contact": {"name": "O'Neil & {{number}}"}, "number": 4711}
    message_id = crm.send(**made, data=data, source="mass_email", unsubscribe=True)
    crm.status(message_id, "delivered")
    mail = crm.arrived("An offer for O'Neil & {{number}}")
    assert "Dear O&#x27;Neil &amp; &#123;&#123;number}}, " in mail["html"]
    assert re.search(r"Dear O'Neil & \{\{number\}\}: https?://\S+/u/\S+", mail["text"])
    shown = crm.mail(message_id)
    assert (shown["template"], shown["user"]) == ("offers/spring 50%", "Jürgen")
    assert [link["url"] for link in shown["clicks"]["links"]] == ["https://example.com/o?id=4711"]
    assert crm.call("GET", "/v1/users?group=sales")[1]["data"][0]["id"] == "Jürgen"
    assert crm.call("DELETE", "/v1/templates/offers%2Fspring%2050%25")[0] == 200
    assert crm.call("GET", "/v1/templates/offers%2Fspring%2050%25")[0] == 404
