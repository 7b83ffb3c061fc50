"""The payloads in tests/events/ses are AWS's own; README.md there says from which page each comes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import event, instant, notification
from chalicelib.core.event import Event, Kind
from chalicelib.core.notification import BadNotification, Notification, parse

EVENTS = Path(__file__).parents[1] / "events"
FILES = {path.name.partition(".")[0]: path.read_text() for path in sorted((EVENTS / "ses").glob("event-*"))}
FILES |= {path.name.partition(".")[0]: path.read_text() for path in sorted((EVENTS / "ses").glob("identity-*"))}

OURS = "0123456789abcdef0123456789abcdef"
SES_ID = "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"
RECIPIENT = "recipient@example.com"
AUGUST = "2017-08-05T00:41:02.669Z"
JANUARY = "2016-01-27T14:59:38.237Z"


def bounced(kind: Kind, recipient: str, *data: str, at: str = AUGUST) -> tuple[Any, ...]:
    return (kind, at, dict(zip(("type", "reason", "ses_type", "ses_subtype"), data, strict=True), recipient=recipient))


SUPPRESSED = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your account. "
    "For more information about removing addresses from the suppression list, see the Amazon SES Developer Guide at "
    "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html"
)
OPEN = '{"timestamp":"2017-08-09T22:00:19.652Z"}'
CLICK = (
    '{"link":"http://docs.aws.amazon.com/ses/latest/DeveloperGuide/send-email-smtp.html",'
    '"linkTags":{"samplekey0":["samplevalue0"],"samplekey1":["samplevalue1"]},"timestamp":"2017-08-09T23:51:25.570Z"}'
)
SUBSCRIPTION = (
    '{"contactList":"ContactListName","newTopicPreferences":{"topicSubscriptionStatus":'
    '[{"subscriptionStatus":"OptOut","topicName":"ExampleTopicName"}],"unsubscribeAll":true},'
    '"oldTopicPreferences":{"topicSubscriptionStatus":[{"subscriptionStatus":"OptOut","topicName":"ExampleTopicName"}],'
    '"unsubscribeAll":false},"source":"UnsubscribeHeader","timestamp":"2022-01-12T01:00:17.910Z"}'
)
NOBODY = (
    '{"bounce":{"bounceSubType":"Undetermined","bounceType":"Undetermined","bouncedRecipients":[],"feedbackId":'
    '"01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000007","timestamp":"2017-08-05T00:41:02.669Z"},'
    '"eventType":"Bounce"}'
)
NOT_SPAM = (
    '{"complaint":{"complainedRecipients":[{"emailAddress":"recipient@example.com"}],"complaintFeedbackType":"not-spam",'
    '"complaintSubType":null,"feedbackId":"01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000010",'
    '"timestamp":"2017-08-05T00:41:02.669Z"},"eventType":"Complaint"}'
)
ARCHIVED = '{"archive":{"archiveId":"a-1","timestamp":"2017-08-05T00:41:02.669Z"},"eventType":"Archive"}'
JANE_UNKNOWN = "smtp; 550 5.1.1 <jane@example.com>... User"

TWO = [{"emailAddress": "a@example.com"}, {"emailAddress": "Bea <b@example.com>"}]

# file: (kind, the event's own time, data) of each event
EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    "event-send": [(Kind.SENT, "2016-10-14T05:02:16.645Z", {"ses_message_id": SES_ID})],
    "event-reject": [(Kind.REJECTED, "2016-10-14T17:38:15.211Z", {"reason": "Bad content"})],
    "event-delivery": [(Kind.DELIVERED, "2016-10-19T23:21:04.133Z", {"recipient": RECIPIENT})],
    "event-delivery-delay": [
        (
            Kind.DELAYED,
            "2020-06-16T00:25:40.095Z",
            {
                "recipient": RECIPIENT,
                "type": "TransientCommunicationFailure",
                "reason": "smtp; 421 4.4.1 Unable to connect to remote host",
            },
        )
    ],
    "event-rendering-failure": [
        (
            Kind.RENDERING_FAILED,
            "2018-01-22T18:43:06.197Z",
            {"reason": "Attribute 'attributeName' is not present in the rendering data."},
        )
    ],
    "event-open": [
        (Kind.SES_OPENED, "2017-08-09T22:00:19.652Z", {"payload": '{"timestamp":"2017-08-09T22:00:19.652Z"}'})
    ],
    "event-click": [(Kind.SES_CLICKED, "2017-08-09T23:51:25.570Z", {"payload": CLICK})],
    "event-subscription": [(Kind.SUBSCRIPTION_CHANGED, "2022-01-12T01:00:17.910Z", {"payload": SUBSCRIPTION})],
    "event-complaint": [(Kind.COMPLAINED, AUGUST, {"recipient": RECIPIENT, "reason": "abuse"})],
    "event-complaint-suppressed": [
        (Kind.COMPLAINED, AUGUST, {"recipient": RECIPIENT, "reason": "OnAccountSuppressionList"})
    ],
    "event-complaint-not-spam": [(Kind.UNKNOWN, AUGUST, {"payload": NOT_SPAM})],
    "event-unknown": [(Kind.UNKNOWN, AUGUST, {"payload": ARCHIVED})],
    "event-bounce": [bounced(Kind.BOUNCED, RECIPIENT, "hard", "smtp; 550 5.1.1 user unknown", "Permanent", "General")],
    "event-bounce-several": [
        bounced(Kind.BOUNCED, "recipient1@example.com", "hard", "smtp; 550 user unknown", "Permanent", "General"),
        bounced(Kind.BOUNCED, "recipient2@example.com", "soft", "4.0.0", "Permanent", "General"),
    ],
    "event-bounce-out-of-office": [
        bounced(Kind.AUTO_REPLIED, "ooto@simulator.amazonses.com", "auto_reply", "General", "Transient", "General")
    ],
    "event-bounce-general": [
        bounced(Kind.BOUNCED, RECIPIENT, "soft", "smtp; 550 5.4.4 Invalid domain", "Transient", "General")
    ],
    "event-bounce-expired": [bounced(Kind.BOUNCED, RECIPIENT, "soft", "4.4.7", "Transient", "General")],
    "event-bounce-mailbox-full": [bounced(Kind.BOUNCED, RECIPIENT, "soft", "MailboxFull", "Transient", "MailboxFull")],
    "event-bounce-undetermined": [
        bounced(Kind.BOUNCED, RECIPIENT, "soft", "Undetermined", "Undetermined", "Undetermined")
    ],
    "event-bounce-nobody": [(Kind.UNKNOWN, AUGUST, {"payload": NOBODY})],
    "event-bounce-suppressed": [
        bounced(Kind.BOUNCED, RECIPIENT, "hard", SUPPRESSED, "Permanent", "OnAccountSuppressionList")
    ],
    "event-topic-validated": [],
    "identity-topic-set": [],
    "identity-bounce-dsn": [
        bounced(Kind.BOUNCED, "jane@example.com", "hard", JANE_UNKNOWN, "Permanent", "General", at=JANUARY)
    ],
    "identity-bounce-no-dsn": [
        bounced(Kind.BOUNCED, "jane@example.com", "hard", "General", "Permanent", "General", at=JANUARY),
        bounced(Kind.BOUNCED, "richard@example.com", "hard", "General", "Permanent", "General", at=JANUARY),
    ],
    "identity-complaint-report": [(Kind.COMPLAINED, JANUARY, {"recipient": "richard@example.com", "reason": "abuse"})],
    "identity-complaint-no-report": [(Kind.COMPLAINED, JANUARY, {"recipient": "richard@example.com", "reason": ""})],
    "identity-delivery": [(Kind.DELIVERED, JANUARY, {"recipient": "jane@example.com"})],
}

LOADABLE = sorted(FILES.keys() - {"event-topic-validated"})  # the one that is not JSON
every_file = pytest.mark.parametrize("name", FILES)


def load(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(FILES[name])
    return payload


def enveloped(text: str, sns_message_id: str = "63a3f6b6-d533-4a47-aef9-fcf5cf758c76") -> str:
    envelope = json.loads((EVENTS / "sns" / "envelope.json").read_text())
    return json.dumps(envelope | {"Message": text, "MessageId": sns_message_id})


def only(body: str) -> Event:
    (event,) = parse(body).events
    return event


def changed(name: str, part: str, **fields: Any) -> dict[str, Any]:
    payload = load(name)
    payload[part] |= fields
    return payload


def test_the_table_has_every_file() -> None:
    assert set(EXPECTED) == set(FILES)


@every_file
@pytest.mark.parametrize("wrap", [str, enveloped], ids=["raw", "enveloped"])
def test_a_documented_notification_becomes_these_events(name: str, wrap: Any) -> None:
    told = [(event.kind, instant.show(event.occurred_at), event.data) for event in parse(wrap(FILES[name])).events]
    assert told == EXPECTED[name]


@every_file
def test_event_publishing_carries_our_tag_and_identity_feedback_does_not(name: str) -> None:
    said = parse(FILES[name])
    expected = OURS if name.startswith("event-") and said.events else None
    assert said.message_id == expected
    assert [event.message_id for event in said.events] == [expected or ""] * len(said.events)


def test_without_the_tag_the_events_can_be_given_their_message() -> None:
    said = parse(FILES["identity-bounce-no-dsn"])
    assert said.ses_message_id == "00000137860315fd-34208509-5b74-41f3-95c5-22c1edc3c924-000000"
    assert said.sent_at == datetime(2016, 1, 27, 14, 5, 45, tzinfo=UTC)
    assert [event.message_id for event in said.events_of(OURS)] == [OURS, OURS]
    assert [event.event_id for event in said.events_of(OURS)] == [event.event_id for event in said.events]


@pytest.mark.parametrize("tag", [[], [None], ["0123"], [OURS.upper()], [OURS + "0"], OURS, {"0": OURS}, [[OURS]]])
def test_a_tag_that_we_did_not_write_is_none(tag: Any) -> None:
    payload = load("event-send")
    payload["mail"]["tags"][notification.TAG] = tag
    assert parse(json.dumps(payload)).message_id is None


@every_file
def test_an_event_id_is_32_hex_digits_and_stays_the_same_however_often_it_is_delivered(name: str) -> None:
    first = parse(enveloped(FILES[name], "first-delivery"))
    again = parse(enveloped(FILES[name], "second-delivery"))
    assert first == again
    assert all(len(event.event_id) == 32 and set(event.event_id) <= set("0123456789abcdef") for event in first.events)


def test_no_two_documented_events_share_an_id() -> None:
    ids = [event.event_id for text in FILES.values() for event in parse(text).events]
    assert len(set(ids)) == len(ids)


def test_one_bounce_told_in_both_dialects_is_one_event() -> None:
    payload = load("event-bounce")
    payload["notificationType"] = payload.pop("eventType")
    payload["bounce"]["bouncedRecipients"][0]["emailAddress"] = f"Some One <{RECIPIENT}>"
    assert only(json.dumps(payload)).event_id == only(FILES["event-bounce"]).event_id


@pytest.mark.parametrize(
    ("name", "part", "fields"),
    [
        ("event-bounce", "bounce", {"feedbackId": "another"}),
        ("event-bounce", "bounce", {"timestamp": "2017-08-05T00:41:02.670Z"}),
        ("event-bounce", "bounce", {"bouncedRecipients": [{"emailAddress": "another@example.com"}]}),
        ("event-bounce", "mail", {"messageId": "another"}),
        ("event-click", "click", {"link": "https://example.com/another"}),
        ("event-open", "open", {"ipAddress": "192.0.2.2"}),
        ("event-unknown", "archive", {"archiveId": "a-2"}),
    ],
)
def test_another_fact_has_another_id(name: str, part: str, fields: dict[str, Any]) -> None:
    assert only(json.dumps(changed(name, part, **fields))).event_id != only(FILES[name]).event_id


@pytest.mark.parametrize(
    ("name", "part", "recipients"),
    [
        ("event-delivery", "delivery", {"recipients": ["a@example.com", "b@example.com"]}),
        ("event-delivery-delay", "deliveryDelay", {"delayedRecipients": TWO}),
        ("event-bounce", "bounce", {"bouncedRecipients": TWO}),
        ("event-complaint", "complaint", {"complainedRecipients": TWO}),
    ],
)
def test_each_recipient_has_an_event_with_an_id_of_its_own(name: str, part: str, recipients: dict[str, Any]) -> None:
    told = parse(json.dumps(changed(name, part, **recipients))).events
    assert [event.data["recipient"] for event in told] == ["a@example.com", "b@example.com"]
    assert told[0].event_id != told[1].event_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-10-08T14:05:45.5Z", "2018-10-08T14:05:45.500Z"),
        ("2018-10-08T14:05:45.123 +0000", "2018-10-08T14:05:45.123Z"),
        ("2009-12-03T04:24:21.000-05:00", "2009-12-03T09:24:21.000Z"),
    ],
)
def test_a_time_is_read_in_each_form_that_the_guide_shows(text: str, expected: str) -> None:
    payload = changed("event-bounce", "bounce", timestamp=text)
    assert instant.show(only(json.dumps(payload)).occurred_at) == expected


@pytest.mark.parametrize(
    ("recipient", "bounce", "expected"),
    [
        ({}, {}, "auto_reply"),
        ({"diagnosticCode": None, "status": None}, {"reportingMTA": None}, "auto_reply"),
        ({"status": "4.2.2"}, {}, "soft"),
        ({"action": "failed"}, {}, "soft"),
        ({"diagnosticCode": "smtp; 451 try later"}, {}, "soft"),
        ({}, {"reportingMTA": "dns; mx.example.com"}, "soft"),
        ({}, {"bounceSubType": "ContentRejected"}, "soft"),
        ({}, {"bounceType": "Undetermined"}, "soft"),
        ({}, {"bounceType": "Permanent"}, "hard"),
    ],
)
def test_only_a_general_bounce_without_any_report_is_an_automatic_answer(
    recipient: dict[str, Any], bounce: dict[str, Any], expected: str
) -> None:
    payload = changed("event-bounce-out-of-office", "bounce", **bounce)
    payload["bounce"]["bouncedRecipients"][0] |= recipient
    assert only(json.dumps(payload)).data["type"] == expected


def test_an_event_without_a_time_of_its_own_takes_the_mails() -> None:
    payload = load("event-bounce")
    del payload["bounce"]["timestamp"]
    assert instant.show(only(json.dumps(payload)).occurred_at) == "2017-08-05T00:40:02.012Z"


def test_an_unknown_type_without_an_object_of_its_own_takes_the_mails_time() -> None:
    payload = load("event-unknown") | {"eventType": "Something Else"}
    assert instant.show(only(json.dumps(payload)).occurred_at) == "2017-08-05T00:40:01.123Z"


def test_who_opened_is_forgotten() -> None:
    for name in ("event-open", "event-click"):
        payload = only(FILES[name]).data["payload"]
        assert "192.0.2.1" not in payload and "Mozilla" not in payload


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the text is no JSON"),
        ("Some other text", "the text is no JSON"),
        ("[]", "the JSON is no object"),
        ("{}", "`mail` is missing"),
        ('{"mail": {"messageId": "s"}}', "neither `eventType` nor"),
        ('{"mail": {"messageId": ""}, "eventType": "Send"}', "`mail.messageId`"),
        ('{"mail": {"messageId": "é"}, "eventType": "Send"}', "`mail.messageId`"),
        ('{"mail": {"messageId": "s"}, "eventType": "Send", "send": {}}', "`timestamp`"),
        ('{"mail": {"messageId": "s", "timestamp": "2016-10-14T05:02:16"}, "eventType": "Later"}', "`timestamp`"),
        ('{"mail": {"messageId": "s", "timestamp": "0001-01-01T00:00+14"}, "eventType": "Later"}', "`timestamp`"),
        ('{"mail": {"messageId": "s", "timestamp": "9999-12-31T00:00Z"}, "eventType": "Later"}', "year 9999"),
        ('{"mail": {"messageId": "s"}, "eventType": "Bounce"}', "`bounce` is missing"),
        ("[" * 100_000, "recursion"),
        (enveloped("[" * 100_000), "recursion"),
        (enveloped("Some other text"), "the text is no JSON"),
        (json.dumps({"Type": "Notification"}), "the text is no JSON"),
        ((EVENTS / "sns" / "subscription-confirmation.json").read_text(), "SubscriptionConfirmation"),
        (json.dumps(changed("event-bounce", "bounce", bouncedRecipients={})), "`bouncedRecipients`"),
        (json.dumps(changed("event-bounce", "bounce", bouncedRecipients=["a@b.c"])), "`bouncedRecipients`"),
        (json.dumps(changed("event-bounce", "bounce", bouncedRecipients=[{}])), "has no address"),
        (json.dumps(changed("event-bounce", "bounce", timestamp="yesterday")), "`timestamp`"),
        (json.dumps(changed("event-delivery", "delivery", recipients=[{"emailAddress": "a@b.c"}])), "has no address"),
        (json.dumps(changed("event-delivery", "delivery", recipients=["<>"])), "has no address"),
    ],
)
def test_a_malformed_body_is_an_error_that_says_what_is_wrong(body: str, problem: str) -> None:
    with pytest.raises(BadNotification, match=problem):
        parse(body)


def test_the_error_carries_its_evidence_and_tells_nothing_personal() -> None:
    body = json.dumps(changed("event-bounce", "bounce", bouncedRecipients=[{"emailAddress": [RECIPIENT]}]))
    with pytest.raises(BadNotification) as caught:
        parse(body)
    assert (caught.value.ses_type, caught.value.ses_message_id) == ("Bounce", SES_ID)
    assert caught.value.body == body[:1_000]
    assert "@" not in str(caught.value)


HOSTILE = st.sampled_from(['"', "\\", "\x00", "\U0001f4a3", "\ud800", "é", "<"]).map(lambda text: text * 20_000)


@given(HOSTILE, st.sampled_from([name for name in FILES if EXPECTED[name]]))
def test_no_payload_makes_an_item_of_more_than_4_kb(text: str, name: str) -> None:
    said = parse(json.dumps(_filled(load(name), text)))
    for one in said.events_of(OURS):
        item = event.as_item(one, datetime(2026, 1, 1, tzinfo=UTC))
        assert sum(len(field) + len(*value.values()) for field, value in item.items()) <= 4_096
        assert event.from_item(item) == one
        json.dumps(one.data, ensure_ascii=False).encode()


def _filled(value: Any, text: str, name: str = "") -> Any:
    """A payload with every text made hostile that nothing decides on."""
    if isinstance(value, dict):
        return {key: _filled(item, text, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, text, name) for item in value]
    decides = name in ("eventType", "notificationType", "timestamp", "messageId", notification.TAG)
    return value if decides or not isinstance(value, str) else value + text


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _answer(body: str) -> Notification | BadNotification:
    try:
        return parse(body)
    except BadNotification as error:
        return error


@given(TREES.map(json.dumps) | st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    assert isinstance(_answer(text), Notification | BadNotification)
    assert isinstance(_answer(enveloped(text)), Notification | BadNotification)


@given(st.data())
def test_no_damage_to_a_payload_raises_anything_else(data: st.DataObject) -> None:
    payload = load(data.draw(st.sampled_from(LOADABLE)))
    place: Any = payload
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(TREES)
    answer = _answer(json.dumps(payload))
    assert isinstance(answer, Notification | BadNotification)
    for one in answer.events if isinstance(answer, Notification) else ():
        assert event.from_item(event.as_item(one, datetime(2026, 1, 1, tzinfo=UTC))) == one
