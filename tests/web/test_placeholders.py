"""Links that are filled in only when a mail is sent."""

import pytest

from chalicelib.web.placeholders import inert


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<a class=x href="{{unsubscribe_url}}">x</a>', '<a class=x data-href="{{unsubscribe_url}}">x</a>'),
        ("<A HREF = '{{ unsubscribe_url }}'>x</A>", "<A data-href = '{{ unsubscribe_url }}'>x</A>"),
        (
            '<a href="https://example.com/href=">a</a> <area href={{unsubscribe_url}}>',
            '<a href="https://example.com/href=">a</a> <area data-href={{unsubscribe_url}}>',
        ),
        ("<p>href={{unsubscribe_url}}</p>", "<p>href={{unsubscribe_url}}</p>"),
        ('<a href="https://example.com/">x</a>', '<a href="https://example.com/">x</a>'),
    ],
)
def test_only_the_link_for_unsubscribing_loses_its_address(html, shown):
    assert inert(html) == shown
