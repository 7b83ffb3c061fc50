"""Mails that rewriters get wrong, each with the destinations that a right one finds, in order.

A row without destinations must go out as it came. Sources: bug reports of EmailEngine, Postal, Mautic, SendGrid and
others about cut, doubled and corrupted links, and the tokeniser of the HTML standard.
"""

from typing import NamedTuple

from chalicelib.core.destination import LONGEST
from chalicelib.core.token import LONGEST_DESTINATION

SITE = "https://example.com"


class Row(NamedTuple):
    name: str
    html: str
    destinations: tuple[str, ...] = ()


def _row_of(length: int, name: str) -> Row:
    address = f"{SITE}/".ljust(length, "x")
    return Row(name, f'<a href="{address}">x</a>', (address,))


QUOTES = [
    Row("double quotes", f'<a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("single quotes", f"<a href='{SITE}/a'>x</a>", (f"{SITE}/a",)),
    Row("no quotes", f"<a href={SITE}/a>x</a>", (f"{SITE}/a",)),
    Row("no quotes, slash before the end", f"<a href={SITE}/a/>x</a>", (f"{SITE}/a/",)),
    Row("no quotes, quotes inside", f"<a href={SITE}/?q=\"a'b>x</a>", (f"{SITE}/?q=\"a'b",)),
    Row("no quotes, equals signs inside", f"<a href={SITE}/?a=1&b=2 target=_blank>x</a>", (f"{SITE}/?a=1&b=2",)),
    Row("apostrophe in double quotes", f'<a href="{SITE}/it\'s">x</a>', (f"{SITE}/it's",)),
    Row("double quote in single quotes", f"<a href='{SITE}/?q=\"a\"'>x</a>", (f'{SITE}/?q="a"',)),
    Row("spaces around the equals sign", f'<a href \t=\r\n "{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("attributes on lines of their own", f'<a\n  class="b"\r\n  href="{SITE}/a"\n>x</a>', (f"{SITE}/a",)),
    Row("form feed between attributes", f'<a\fhref="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("slash instead of a space", f'<a/href="{SITE}/a"/>x</a>', (f"{SITE}/a",)),
    Row("no space between attributes", f'<a class="b"href="{SITE}/a"id="c">x</a>', (f"{SITE}/a",)),
    Row("upper case", '<A HREF="HTTPS://Example.COM/A">x</A>', ("HTTPS://Example.COM/A",)),
    Row("greater-than in an attribute before", f'<a title="1 > 0" href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("greater-than in the address", f'<a href="{SITE}/?q=a>b">x</a>', (f"{SITE}/?q=a>b",)),
    Row("a tag in an attribute", f"<img alt='<a href=\"{SITE}/no\">' src=x><a href='{SITE}/a'>", (f"{SITE}/a",)),
    Row("an href in the text of another attribute", f"<a title='href=\"{SITE}/no\"' href='{SITE}/a'>", (f"{SITE}/a",)),
    Row("an href in the query", f"<a href='{SITE}/?href=\"{SITE}/b\"'>", (f'{SITE}/?href="{SITE}/b"',)),
    Row("a name that starts with an equals sign", f"<a ='x>' href='{SITE}/no'>x</a>"),
    Row("a quote that never ends", f'<a href="{SITE}/no>x</a> and so on'),
    Row("a tag that never ends", f'<p>x</p><a href="{SITE}/no"'),
    Row("a vertical tab is no space", f'<a\vhref="{SITE}/no">x</a>'),
]

ATTRIBUTES = [
    Row("the first of two counts", f'<a href="{SITE}/1" href="{SITE}/2">x</a>', (f"{SITE}/1",)),
    Row("the first of two is none of ours", f'<a href="#" HREF="{SITE}/no">x</a>'),
    Row("the first of two has no value and a slash", f'<a href/href="{SITE}/no">x</a>'),
    Row("the first of two has no value", f'<a href href="{SITE}/no">x</a>'),
    Row("data-href is another attribute", f'<a data-href="{SITE}/no">x</a>'),
    Row("xlink:href is another attribute", f'<svg><a xlink:href="{SITE}/no">x</a></svg>'),
    Row("hrefs and href-x are others", f'<a hrefs="{SITE}/no" href-x="{SITE}/no">x</a>'),
    Row("an attribute of a long s", f'<a hreſ="{SITE}/no">x</a>'),
    Row("data-notrack", f'<a data-notrack href="{SITE}/no">x</a>'),
    Row("data-notrack behind, with a value", f'<a href="{SITE}/no" DATA-NoTrack="1">x</a>'),
    Row("ses:no-track", f'<a ses:no-track href="{SITE}/no">x</a>'),
    Row("notrack in the address only", f'<a href="{SITE}/?data-notrack">x</a>', (f"{SITE}/?data-notrack",)),
    Row("notrack in a value only", f'<a title=" data-notrack " href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("notrack of another link", f'<a data-notrack></a><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
]

REFERENCES = [
    Row("&amp;", f'<a href="{SITE}/?a=1&amp;b=2">x</a>', (f"{SITE}/?a=1&b=2",)),
    Row("&amp; is decoded once", f'<a href="{SITE}/?a=1&amp;amp;b=2">x</a>', (f"{SITE}/?a=1&amp;b=2",)),
    Row("bare ampersands", f'<a href="{SITE}/?a=1&b=2&&c">x</a>', (f"{SITE}/?a=1&b=2&&c",)),
    Row(
        "parameters that look like references",
        f'<a href="{SITE}/?a=1&copy=2&section=5&currency=EUR&notify=1&lt=3&regular">x</a>',
        (f"{SITE}/?a=1&copy=2&section=5&currency=EUR&notify=1&lt=3&regular",),
    ),
    Row("a reference without semicolon", f'<a href="{SITE}/?a=&copy&b">x</a>', (f"{SITE}/?a=%C2%A9&b",)),
    Row("an unknown reference", f'<a href="{SITE}/?a&unknown;b">x</a>', (f"{SITE}/?a&unknown;b",)),
    Row("numbers", f'<a href="{SITE}/&#97;&#x62;&#X63&#100/">x</a>', (f"{SITE}/abcd/",)),
    Row("a number of Windows", f'<a href="{SITE}/?p=5&#128;">x</a>', (f"{SITE}/?p=5%E2%82%AC",)),
    Row("a number that is none", f'<a href="{SITE}/?a=&#;&#x;1">x</a>', (f"{SITE}/?a=&#;&#x;1",)),
    Row("a number beyond all", f'<a href="{SITE}/&#{"9" * 5000};">x</a>', (f"{SITE}/%EF%BF%BD",)),
    Row("a number with many zeros", f'<a href="{SITE}/&#{"0" * 5000}65;">x</a>', (f"{SITE}/A",)),
    Row("the whole address", '<a href="&#104;ttps&colon;&sol;&sol;example&period;com/">x</a>', (f"{SITE}/",)),
    Row("#038", f'<a href="{SITE}/?a=1&#038;b=2">x</a>', (f"{SITE}/?a=1&b=2",)),
]

ADDRESSES = [
    Row("no path", '<a href="http://example.com">x</a>', ("http://example.com",)),
    Row("a query right after the host", '<a href="http://example.com?a#b">x</a>', ("http://example.com?a#b",)),
    Row("a port", '<a href="http://example.com:8080/">x</a>', ("http://example.com:8080/",)),
    Row("an IPv6 host", '<a href="http://[2001:db8::1]:80/a">x</a>', ("http://[2001:db8::1]:80/a",)),
    Row(
        "nothing is normalised",
        f'<a href="{SITE}/a/../b//%zz|^`{{}}?a+b%2F&a&a#%">x</a>',
        (f"{SITE}/a/../b//%zz|^`{{}}?a+b%2F&a&a#%",),
    ),
    Row("spaces inside", f'<a href="{SITE}/my file.pdf?q=a b">x</a>', (f"{SITE}/my file.pdf?q=a b",)),
    Row("spaces around", f'<a href=" \n\t{SITE}/a\r\n ">x</a>', (f"{SITE}/a",)),
    Row("spaces around, as references", f'<a href="&#32;&#10;{SITE}/a&Tab;">x</a>', (f"{SITE}/a",)),
    Row("a no-break space inside", f'<a href="{SITE}/a&nbsp;b">x</a>', (f"{SITE}/a%C2%A0b",)),
    Row("umlauts", f'<a href="{SITE}/größe?ä=ö#ü">x</a>', (f"{SITE}/gr%C3%B6%C3%9Fe?%C3%A4=%C3%B6#%C3%BC",)),
    Row("umlauts beside escapes", f'<a href="{SITE}/%C3%A4ä">x</a>', (f"{SITE}/%C3%A4%C3%A4",)),
    Row("emoji", f'<a href="{SITE}/😀">x</a>', (f"{SITE}/%F0%9F%98%80",)),
    Row("an international host", '<a href="http://Bücher.de:81/ä">x</a>', ("http://xn--bcher-kva.de:81/%C3%A4",)),
    Row("a host with ß, which IDNA 2008 keeps", '<a href="http://faß.de">x</a>', ("http://xn--fa-hia.de",)),
    Row("a host with ideographic dots", '<a href="http://日本語。jp/">x</a>', ("http://xn--wgv71a119e.jp/",)),
    Row("a host that is encoded already", '<a href="http://xn--bcher-kva.de/">', ("http://xn--bcher-kva.de/",)),
    Row("a host that IDNA 2008 refuses", '<a href="http://☃.example/">x</a>'),
    Row("a host that turns into a path", '<a href="http://evil℀.example.com/">x</a>'),
    _row_of(LONGEST_DESTINATION, "as long as a token carries"),
    _row_of(LONGEST_DESTINATION + 1, "longer than a token carries"),
    _row_of(LONGEST, "as long as a destination may be"),
    Row("one too long", _row_of(LONGEST + 1, "").html),
    Row("too long when encoded", f'<a href="{SITE}/{"ä" * (LONGEST // 6)}">x</a>'),
]

REFUSED = [
    Row(f"refused: {address!a}", f'<p><a href="{address}">x</a></p>')
    for address in (
        *("", " ", "#x", "/relative", "relative.html", "?query", "//example.com/protocol-relative"),
        *("mailto:a@example.com", "tel:+49123", "sms:123", "cid:image@x", "data:text/html,x"),
        *("javascript:location='https://example.com'", "ftp://example.com/", "httpx://example.com/"),
        *("https:/example.com/", "https:example.com", "https://", "https:///path", "https://?q", "https://:80/"),
        *("https://../", "https://user@example.com/", "https://user:password@example.com/"),
        *("https://example.com:password@evil.example/", "https://example.com:port/", "https://example.com:123456/"),
        *("https://bücher.example@evil.example/", "https://exam ple.com/", "https://exam%70le.com/"),
        *("https://[::1", "https://example.com\\@evil.example/", "https://example.com/a\\b"),
        *("https:\\\\example.com/", "https://example.com/a\tb", "https://example.com/a\nb"),
        *("https://example.com/a&#10;b", "https://example.com/a&NewLine;b", "https://example.com/a\0b"),
        *("https://example.com/a\x1fb", "https://example.com/a\x7fb", "https://example.com/a\x85ä"),
        *("https://example.com/a&#129;b", "https://example.com/\ud800", "\x0bhttps://example.com/"),
        *("\xa0https://example.com/", "https://example.com/{{ name }}", "https://{{host}}/ä"),
        *("https://example.com/{% if a %}b{% endif %}", "https://example.com/?e=*|EMAIL|*"),
        *("https://example.com/?e=%%email%%", "https://example.com/?e=&#123;{name}}", "{{ unsubscribe_url }}"),
    )
]

PLACEHOLDERS_THAT_ARE_NONE = [
    Row(f"no placeholder: {tail}", f'<a href="{SITE}/{tail}">x</a>', (f"{SITE}/{tail}",))
    for tail in ("{a}", "}}{{", "a%%b", "100%25%", "|*a*|", "{{a}", "{%a}", "a%%b%c")
]

ELEMENTS = [
    Row("area", f'<map><area shape=rect href="{SITE}/a"></map>', (f"{SITE}/a",)),
    Row("anchors within anchors", f'<a href="{SITE}/1"><a href="{SITE}/2">x</a></a>', (f"{SITE}/1", f"{SITE}/2")),
    Row("the same link twice", f'<a href="{SITE}/"></a><a href="{SITE}/"></a>', (f"{SITE}/", f"{SITE}/")),
    Row("link", f'<link rel="stylesheet" href="{SITE}/no.css">'),
    Row("base", f'<base href="{SITE}/no/">'),
    Row(
        "other elements that begin with an a", f'<abbr href="{SITE}/no"><article href="{SITE}/no"><a1 href="{SITE}/no">'
    ),
    Row("an end tag", f'</a href="{SITE}/no">'),
    Row("no tag", f'< a href="{SITE}/no">, 1<2, a<"b'),
    Row("img, form, iframe", f'<img src="{SITE}/no"><form action="{SITE}/no"></form><iframe src="{SITE}/no"></iframe>'),
    Row("escaped code", f'<pre><code>&lt;a href="{SITE}/no"&gt;</code></pre>'),
    Row("inside svg", f'<svg viewBox="0 0 1 1"><a href="{SITE}/a"><text>x</text></a></svg>', (f"{SITE}/a",)),
    Row("noscript is read, for mail has no scripts", f'<noscript><a href="{SITE}/a">x</a></noscript>', (f"{SITE}/a",)),
    *(
        Row(f"in {name}", f'<{name}><a href="{SITE}/no">x</a></{name} ><a href="{SITE}/a">y</a>', (f"{SITE}/a",))
        for name in ("script", "STYLE", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
    ),
    Row(
        "behind plaintext", f'<a href="{SITE}/a">x</a><plaintext><a href="{SITE}/no">x</a></plaintext>', (f"{SITE}/a",)
    ),
    Row("a style that never ends", f'<style><a href="{SITE}/no">x</a></styles>'),
    Row("plaintext never ends", f'<plaintext>x</plaintext><a href="{SITE}/no">x</a>'),
    Row(
        "a script in a script",
        f'<script><!--<script></script><a href="{SITE}/no">--></script><a href="{SITE}/a">',
        (f"{SITE}/a",),
    ),
    Row("a comment in a script", f'<script><!-- </script><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("an empty comment in a script", f'<script><!--><script></script><a href="{SITE}/a">', (f"{SITE}/a",)),
    Row("a script behind a script tag", f'<script><script></script><a href="{SITE}/a">', (f"{SITE}/a",)),
    Row("comments in a script in a script", f'<script><!--<script><!--</script><a href="{SITE}/no"></script>-->'),
    Row("two scripts in a script", f'<script><!--{"<script></script>" * 2}<a href="{SITE}/no">--></script>'),
    Row(
        "an end tag of a longer name",
        f'<title></titles><a href="{SITE}/no"></title><a href="{SITE}/a">',
        (f"{SITE}/a",),
    ),
    Row("CDATA", f'<![CDATA[ > <a href="{SITE}/no">x</a> ]]><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("end tags that are none", f'</ a="><a href="{SITE}/1"></1></><a href="{SITE}/2">', (f"{SITE}/1", f"{SITE}/2")),
    Row("a processing instruction", f'<?xml a="<a href={SITE}/no"?><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("a doctype", f'<!DOCTYPE html PUBLIC "<a href={SITE}/no"><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
]

COMMENTS = [
    Row("a comment", f'<!-- <a href="{SITE}/no">x</a> --><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("a comment with dashes", f'<!----- -- > <a href="{SITE}/no"> --><a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row("a comment in a comment", f'<!-- <!-- <a href="{SITE}/no"> --><a href="{SITE}/a">x</a> -->', (f"{SITE}/a",)),
    Row("an empty comment", f'<!--><a href="{SITE}/1"><!---><a href="{SITE}/2">-->', (f"{SITE}/1", f"{SITE}/2")),
    Row("an end with an exclamation mark", f'<!-- <a href="{SITE}/no"> --!><a href="{SITE}/a">', (f"{SITE}/a",)),
    Row("a start with an exclamation mark", f'<!--!><a href="{SITE}/no"> --><a href="{SITE}/a">', (f"{SITE}/a",)),
    Row(
        "a style behind an empty comment",
        f'<!--><style>--><a href="{SITE}/no"></style><!---><title>--><a href="{SITE}">',
    ),
    Row("a style behind an exclamation mark", f'<!-- --!><style>--><a href="{SITE}/no"></style>'),
    Row("a comment that never ends", f'<a href="{SITE}/a">x</a><!-- <a href="{SITE}/no">x</a>', (f"{SITE}/a",)),
]

OUTLOOK = [
    Row("for Outlook", f'<!--[if mso]><a href="{SITE}/a">x</a><![endif]-->', (f"{SITE}/a",)),
    Row("for Outlook, by version", f"<!--[if (gte mso 9)|(IE)]><a href={SITE}/a>x</a><![endif]-->", (f"{SITE}/a",)),
    Row("for Outlook, an area", f'<!--[IF MSO]><AREA HREF="{SITE}/a"><![ENDIF]-->', (f"{SITE}/a",)),
    Row(
        "VML",
        f'<!--[if mso]><v:roundrect xmlns:v="urn:x" href="{SITE}/a?b&amp;c" arcsize="8%"/><![endif]-->',
        (f"{SITE}/a?b&c",),
    ),
    Row(
        "for all but Outlook, in one comment", f'<!--[if !mso]><!--><a href="{SITE}/b"><!--<![endif]-->', (f"{SITE}/b",)
    ),
    Row("VML outside", f"<V:Shape HREF='{SITE}/a'></V:Shape><v:rect href={SITE}/b>", (f"{SITE}/a", f"{SITE}/b")),
    Row("for all but Outlook", f'<!--[if !mso]><!-- --><a href="{SITE}/a">x</a><!-- <![endif]-->', (f"{SITE}/a",)),
    Row("revealed", f'<![if !mso]><a href="{SITE}/a">x</a><![endif]>', (f"{SITE}/a",)),
    Row(
        "a style for Outlook",
        f'<!--[if mso]><style>a{{}}<a href="{SITE}/no"></style><![endif]--><a href={SITE}/a>',
        (f"{SITE}/a",),
    ),
    Row(
        "a style for Outlook that never ends",
        f'<!--[if mso]><style><a href="{SITE}/no"><![endif]--><a href={SITE}/a>',
        (f"{SITE}/a",),
    ),
    Row("a tag that ends behind the comment", f'<!--[if mso]><a href="{SITE}/no" --><p>">x</p>'),
    Row(
        "a comment in a conditional one", f'<!--[if mso]><!-- <a href="{SITE}/no"> --><a href={SITE}/a>', (f"{SITE}/a",)
    ),
    Row("a condition that is none", f'<!-- [if mso]><a href="{SITE}/no"><![endif]-->'),
    Row("a condition without end", f'<a href={SITE}/a><!--[if mso]><a href="{SITE}/no">', (f"{SITE}/a",)),
    Row("link for Outlook", f'<!--[if mso]><link href="{SITE}/no.css"><base href="{SITE}/no"><![endif]-->'),
]

BODIES = [
    Row("no body", f'<a href="{SITE}/a">x</a>', (f"{SITE}/a",)),
    Row(
        "links behind the body",
        f'<body><a href="{SITE}/1"></body></html><a href="{SITE}/2">',
        (f"{SITE}/1", f"{SITE}/2"),
    ),
    Row("several bodies", f'<body></body><body><a href="{SITE}/a"></BODY\n></body ></html>', (f"{SITE}/a",)),
    Row("nothing", ""),
    Row("text", "Dear Sir, 1 < 2 & 3 > 2"),
    Row("a lone less-than sign", "<"),
    Row("line ends of all kinds", f'<p>\r\n<a\rhref="{SITE}/a">\n\r</a>\r', (f"{SITE}/a",)),
    Row(
        "NUL and controls outside links", f'\0<p\0 class="\0">\x01<a id="\x02" href="{SITE}/a">\x7f</a>', (f"{SITE}/a",)
    ),
    Row("characters beyond the first plane", f'<p>😀😀</p><a title="😀" href="{SITE}/a">😀</a>', (f"{SITE}/a",)),
]

ROWS: list[Row] = [
    *QUOTES,
    *ATTRIBUTES,
    *REFERENCES,
    *ADDRESSES,
    *REFUSED,
    *PLACEHOLDERS_THAT_ARE_NONE,
    *ELEMENTS,
    *COMMENTS,
    *OUTLOOK,
    *BODIES,
]
