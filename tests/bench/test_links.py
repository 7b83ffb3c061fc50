"""The benchmark of rewriting holds its goals against what it says, and sees a change when there is one."""

import pytest

from bench import links as benchmark
from bench.hostile import HOSTILE
from bench.mail import PIXEL_URL, a_mail, restored
from bench.recipients import KEYS, html_for
from bench.report import Figure, Goal, Table
from bench.rewriters import REWRITERS
from chalicelib.core import links
from chalicelib.core.links import PIXEL
from chalicelib.core.token import Purpose, verify

SMALL = a_mail(12_000)


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    return list(benchmark.tables(rounds=1, hostile_rounds=1))


def held_against(tables: list[Table], goal: Goal) -> list[Figure]:
    return [figure for table in tables for figure in table.figures if figure.goal == goal]


def test_each_goal_is_held_against_what_it_was_set_for(tables):
    rewriting = [figure.what for figure in held_against(tables, Goal("≤", 1.2))]
    assert rewriting == [f"mailsight to selectolax, {size} KB" for size in (12, 100, 500)]
    assert [figure.what for figure in held_against(tables, Goal("≤", 2.6))] == [one.name for one in HOSTILE]
    assert [(figure.what, figure.unit) for figure in held_against(tables, Goal("≤", 0.5))] == [
        ("a further recipient: tokens minted, mail put together", "ms")
    ]


def test_mailsight_changed_nothing_besides_links_and_pixel(tables):
    unchanged = held_against(tables, Goal("=", 0))
    assert [figure.value for figure in unchanged] == [0] * 4


def test_a_ratio_is_that_of_the_figures_beside_it(tables):
    for table in tables[:3]:
        values = {figure.what: figure.value for figure in table.figures}
        [ratio] = held_against([table], Goal("≤", 1.2))
        parts = [values["mailsight: cut and put together"], values["selectolax: parse, change, write out"]]
        assert ratio.value == pytest.approx(parts[0] / parts[1])


def test_every_rewriter_is_in_every_table_of_rewriting(tables):
    for table in tables[:3]:
        assert set(REWRITERS) <= {figure.what for figure in table.figures}


@pytest.mark.parametrize("name", REWRITERS)
def test_every_rewriter_puts_in_every_link_and_one_pixel(name):
    sent = REWRITERS[name](SMALL.html, SMALL.tracked)
    assert [sent.count(link) for link in SMALL.tracked] == [1] * len(SMALL.tracked)
    assert sent.count(PIXEL_URL) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("&raquo;", "»"), ("</html>", "</HTML>"), ("\n", "\r\n"), ("</html>\n", "</html>\n\n"), (SMALL.tracked[3], "#")],
)
def test_a_changed_byte_or_a_lost_link_is_a_changed_line(old, new):
    sent = REWRITERS["mailsight: cut and put together"](SMALL.html, SMALL.tracked)
    assert benchmark.changed_lines(SMALL, sent) == 0
    assert benchmark.changed_lines(SMALL, sent.replace(old, new, 1)) > 0


def test_what_was_put_in_is_taken_back():
    sent = f"<a href=1><a href=2>{PIXEL.format('p')}</body>"
    assert restored(sent, ["1", "2"], ["x", "y"], "p") == "<a href=x><a href=y></body>"


@pytest.mark.parametrize("characters", benchmark.SIZES.values())
def test_a_mail_is_as_long_as_it_is_called_and_has_the_links_that_it_says(characters):
    mail = a_mail(characters)
    assert len(mail.html) == pytest.approx(characters, rel=0.01)
    assert links.split(mail.html).originals == tuple(mail.hrefs)
    assert len(mail.hrefs) == len(mail.tracked) == characters * 60 // 100_000


def test_there_are_nine_hostile_mails_and_a_half_is_a_half():
    assert len({one.name for one in HOSTILE}) == len({one.mail(100) for one in HOSTILE}) == 9
    for one in HOSTILE:
        half, whole = (len(one.mail(characters)) for characters in (250_000, 500_000))
        assert (half, whole) == (pytest.approx(250_000, rel=0.001), pytest.approx(500_000, rel=0.001))


def test_each_recipient_gets_signed_links_of_their_own():
    cut = links.split(SMALL.html)
    for message_id in ("a" * 32, "b" * 32):
        sent = html_for(cut, message_id)
        tokens = [rest.split('"')[0] for rest in sent.split("https://t.example.net/c/")[1:]]
        said = [verify(token, Purpose.CLICK, KEYS) for token in tokens]
        assert [token.message_id for token in said] == [message_id] * len(cut.destinations)
        assert tuple(token.destination for token in said) == cut.destinations
