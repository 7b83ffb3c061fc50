"""What is told: each thing once, a person's hit when it is known for one, and taken back when it is none after all."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.event import ENGAGEMENT, Kind
from chalicelib.core.message import Envelope, Message, Tracking
from chalicelib.core.notice import OF_HITS, Type
from chalicelib.core.refold import Fold, Limits, Row, refold
from chalicelib.core.rules import NOTHING_KNOWN
from chalicelib.core.summary import Delivery, summarise
from chalicelib.core.telling import notices_of
from chalicelib.core.verdict import Maker, judge
from tests.core.happenings import ANNA, HAPPENINGS, MESSAGE_ID, NOON, clicked, happened, opened

RAJ = "raj@example.com"
UNTIL = NOON + timedelta(days=100)
MESSAGE = Message(MESSAGE_ID, "acme", NOON, Envelope("me@example.com", (f"Anna <{ANNA}>", RAJ)), Tracking(True, True))
ALL = {kind.value: NOON for kind in Type}
LATER = NOON + timedelta(hours=1)


def told(*events, before=(), listening=ALL) -> list[tuple[str, object]]:
    message = replace(MESSAGE, state=summarise(before))
    notices = notices_of(message, summarise([*before, *events]).delivery, (), listening, LATER)
    return [(notice.type, dict(notice.about)) for notice in notices]


def test_what_ses_tells_is_told_once():
    sent, delivered = happened(Kind.SENT, 1, ses_message_id="x"), happened(Kind.DELIVERED, 2, recipient=ANNA)
    assert told(sent, delivered) == [("email.sent", {}), ("email.delivered", {"recipients": [0]})]
    assert told(delivered, before=[sent]) == [("email.delivered", {"recipients": [0]})]
    assert told(sent, delivered, before=[sent, delivered]) == []


def test_the_first_reply_is_told_and_no_further_one():
    first, second = (happened(Kind.REPLIED, seconds, f"r{seconds}", email="a" * 32) for seconds in (5, 9))
    assert told(first) == [("email.replied", {})]
    assert told(second, before=[first]) == told(first, before=[second]) == []


def test_recipients_are_named_by_their_places_and_a_stranger_by_none():
    each = [happened(Kind.DELIVERED, 2, address, recipient=address) for address in (ANNA, RAJ, "else@example.com")]
    assert told(*each) == [("email.delivered", {"recipients": [0, None, 1]})]


def test_a_soft_bounce_that_turns_hard_is_told_again_and_a_second_soft_one_is_not():
    def bounced(seconds: int, kind: str):
        return happened(Kind.BOUNCED, seconds, f"b{seconds}", recipient=ANNA, type=kind, reason="x")

    assert told(bounced(9, "hard"), before=[bounced(5, "soft")]) == [("email.bounced", {"recipients": [0]})]
    assert told(bounced(9, "soft"), before=[bounced(5, "soft")]) == []


def test_only_what_somebody_listens_to_is_told():
    sent = happened(Kind.SENT, 1, ses_message_id="x")
    assert told(sent, happened(Kind.DELAYED, 3, recipient=ANNA), listening={"email.sent": NOON}) == [("email.sent", {})]
    assert told(sent, listening={}) == []


def step_of(fold: Fold, *events, listening=ALL, limits=Limits()):  # noqa: B008  # it is never changed
    rows = [Row(event) for event in events]
    return refold(fold, rows, until=UNTIL, now=LATER, listening=listening, limits=limits)


def types(step) -> list[str]:
    notices = notices_of(MESSAGE, Delivery(), step.news, ALL, LATER)
    return [notice.type for notice in notices]


def test_a_persons_hits_are_told_once_and_a_machines_never():
    step = step_of(Fold(), opened(600), clicked(900), opened(700, "HEAD"))
    assert types(step) == ["email.opened", "email.clicked"]
    again = step_of(step.fold, opened(600), clicked(900), opened(700, "HEAD"))
    assert (again.news, again.fold) == ((), step.fold)


def test_the_third_link_of_a_sweep_takes_back_what_was_told_of_the_first_two():
    first = step_of(Fold(), clicked(600, 0))
    assert types(first) == ["email.clicked"]
    second = step_of(first.fold, clicked(600, 0), clicked(601, 1), clicked(602, 2))
    assert types(second) == ["email.click.reclassified"]
    (notice,) = notices_of(MESSAGE, Delivery(), second.news, ALL, LATER)
    assert notice.about["hit"] == clicked(600, 0).key
    assert (notice.about["maker"], notice.about["position"]) == ("machine", 0)
    assert "burst" in notice.about["reasons"]
    assert not second.fold.told


def test_hits_from_before_somebody_listened_are_not_told():
    listening = {"email.opened": NOON + timedelta(seconds=650)}
    step = step_of(Fold(), opened(600), opened(700), listening=listening)
    assert [one.hit.key for one in step.news] == [opened(700).key]


def test_nothing_is_kept_where_nobody_listens():
    assert not step_of(Fold(), opened(600), listening={}).fold.told


def test_of_a_rush_each_step_tells_a_part_and_closes_nothing_that_is_not_told():
    hits = [opened(600 + 10 * number) for number in range(90)]
    limits = Limits(short_tail=10, long_tail=20, news=25)
    fold, rows, told = Fold(), {hit.key: Row(hit) for hit in hits}, []
    for _ in range(50):
        step = refold(fold, list(rows.values()), until=UNTIL, now=LATER, listening=ALL, limits=limits)
        assert len(step.news) <= limits.news
        told += [one.hit.key for one in step.news]
        rows.update((key, rows[key]._replace(is_counted=True)) for key in step.marks)
        fold = step.fold
        if not step.has_more:
            break
    assert sorted(told) == [hit.key for hit in hits]
    assert fold.state.engagement.opens.count == 90


@given(st.lists(st.lists(HAPPENINGS, max_size=5), max_size=6))
def test_what_was_told_and_not_taken_back_is_what_people_did(batches):
    events, fold, open_now = {}, Fold(), set()
    for batch in batches:
        events |= {event.key: event for event in batch}
        step = step_of(fold, *events.values())
        assert not step.has_more
        for one in step.news:
            if one.verdict.maker is Maker.HUMAN:
                assert one.hit.key not in open_now
                open_now.add(one.hit.key)
            else:
                open_now.remove(one.hit.key)
        fold = step.fold
    hits = [event for event in events.values() if event.kind in ENGAGEMENT]
    delivered_at = summarise(events.values()).delivery.delivered_at
    verdicts = judge(hits, NOTHING_KNOWN._replace(delivered_at=delivered_at))
    people = {hit.key for hit in hits if hit.kind in OF_HITS and verdicts[hit.key].maker is Maker.HUMAN}
    assert open_now == set(fold.told) == people
