"""How events of mails meet in batches."""

from bench import life
from bench.life import Happening


def test_every_mail_is_sent_and_delivered_and_about_as_many_are_opened_and_clicked_as_assumed():
    happenings = life.of_mails(4_000, 1.0)
    share = {
        kind: sum(one.kind == kind for one in happenings) / 4_000 for kind in ("Send", "Delivery", "open", "click")
    }
    assert (share["Send"], share["Delivery"]) == (1, 1)
    assert abs(share["open"] - life.OPENS) < 0.03
    assert abs(share["click"] - life.CLICKS) < 0.02


def test_happenings_are_in_the_order_of_time_and_the_same_each_time():
    assert life.of_mails(50, 1.0) == sorted(life.of_mails(50, 1.0))


def test_a_batch_is_what_comes_within_the_window_of_its_first():
    happenings = [Happening(at, 0, "open") for at in (0.0, 0.5, 1.0, 1.1, 5.0)]
    found = [[one.at for one in batch] for batch in life.batches(happenings, 1.0, 100)]
    assert found == [[0.0, 0.5, 1.0], [1.1], [5.0]]


def test_a_batch_ends_where_it_is_full():
    happenings = [Happening(float(at), 0, "open") for at in range(5)]
    assert [len(batch) for batch in life.batches(happenings, 60.0, 2)] == [2, 2, 1]


def test_mails_of_different_shards_never_meet():
    happenings = [Happening(float(mail), mail, "open") for mail in range(8)]
    for batch in life.batches(happenings, 60.0, 100):
        assert len({one.mail % life.SHARDS for one in batch}) == 1
