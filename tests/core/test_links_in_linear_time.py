"""No mail makes the search for links slow. Each of these would take minutes if the time were quadratic."""

import pytest

from chalicelib.core.links import instrument, split

CHARACTERS = 500_000

UNITS = [
    *("<a ", "<a href ", '<a href="', "<a href='", "<a href=", "<a href = ", "<a/", "<area/", "<v:", "<b x= ", "<p ="),
    *("<", "</", "<!", "<?", "<!--", "<!-->", "<!--->", "<!-- -", "--!", "<!-- <a -->", "<!--[if", "<!--[if mso]>"),
    *("<!--[if mso]><![endif]-->", '<!--[if mso]><a href="http://a.b/">', "<![endif]", "<![CDATA[", "<![CDATA[]]>"),
    *("<script>", "<script><!--", "<script><!--<script>", "</script>", "<style>", "</style", "<title></titl"),
    *("<textarea><", "<plaintext>", "</body", "</body>", "</html", '"', "'", "=", "/", " ", "-", "\0", "é", "℀"),
    *("&", "&amp", "&amp;", "&#9", "&#x", "&a", "{{", "{%", "%%", "*|", ".", "<a data-notrack ", '<a href="#" '),
    *('<a href="http://a.b/">', "<a href=http://a.b/%%>", '<a href="http://a.b/" data-notrack>'),
]

FRAMES = {
    "bare": "{}",
    "in a link": '<a href="http://a.b/?{}">',
    "in a host": '<a href="http://{}/">',
    "in a tag": "<p {}>",
    "in a conditional comment": "<!--[if mso]>{}<![endif]-->",
    "in a script": "<script><!--{}</script>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("frame", FRAMES)
def test_a_hostile_mail_of_half_a_megabyte_is_cut_at_once(frame: str) -> None:
    for unit in UNITS:
        html = FRAMES[frame].replace("{}", unit * (CHARACTERS // len(unit)))
        assert instrument(split(html), None, None) == html
