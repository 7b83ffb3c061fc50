"""Where the links of a mail stand, and what an attribute says: HTML as browsers cut it into tokens, in one pass.

It follows the tokeniser of the HTML standard (https://html.spec.whatwg.org/multipage/parsing.html#tokenization) with
scripting off, and builds no tree. Two things are read differently on purpose: the inside of a conditional comment is
looked into, for Outlook shows it; and CDATA lasts until `]]>` everywhere, not in SVG and MathML only.

Every repetition in the expressions below is possessive, and every search starts where the last one ended, so the time
is linear in the text, whatever the text is.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from html.entities import html5
from typing import NamedTuple

SPACE = "\t\n\f\r "
"""The whitespace of HTML, which is less than that of Python."""


class Kind(StrEnum):
    """What a token is. The values of the ends are names of groups in `_NEXT`."""

    LINK = "link"  # the start tag of an a, an area or a VML element with an href, shown or in a conditional comment
    BODY_END = "body"  # </body>
    HTML_END = "html"  # </html>
    UNFINISHED = "unfinished"  # a tag, comment or raw text that never ends: nothing from its `start` on is shown


class Token(NamedTuple):
    """From `start`, the index of its `<`, to `end`, the one after its `>`; of a link also where its href stands.

    The href is the first of its tag, for so browsers choose, as it is written, without the quotes. `is_for_outlook`
    marks what stands in a conditional comment: no browser shows it.
    """

    kind: Kind
    start: int
    end: int
    href_start: int = -1
    href_end: int = -1
    is_for_outlook: bool = False


def _any_case(word: str) -> str:
    """An expression for an ASCII word in any case: faster than the flag, which also takes `ſ` for `s`."""
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


_RAW_NAMES = ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext")


def _all(expression: str) -> str:
    """As many of an expression as there are, without going back.

    The empty alternative at the end changes nothing but the speed: Python 3.11.0 to 3.11.4 take a possessive
    repetition for longer than it is when its last turn fails half-way (CPython issue 106052), and so none fails.
    """
    return f"(?:{expression}|)*+"


_S = r"\t\n\f\r "
_STOP = rf"(?=[{_S}/>])"
_LINK = rf"(?:[aA](?:{_any_case('rea')}|){_STOP}|[vV]:[^{_S}/>]*+)"
_RAW = rf"(?:{'|'.join(map(_any_case, _RAW_NAMES))}){_STOP}"
_BODY = _any_case("body") + _STOP
_HTML = _any_case("html") + _STOP
_NAME = rf"[^{_S}/>][^{_S}/>=]*+"
_VALUE = rf"""(?:"[^"]*+"?+|'[^']*+'?+|[^{_S}>"'][^{_S}>]*+|)"""
_ATTRIBUTE = rf"[{_S}/]*+{_NAME}(?:[{_S}]*+=[{_S}]*+{_VALUE}|)"
_USUAL_ATTRIBUTE = r'[ ]?+[A-Za-z-]++="[^"]*+"'  # the expression above takes it too, but slower
_TO_END = rf"(?:>|{_all(_USUAL_ATTRIBUTE)}(?:>|{_all(_ATTRIBUTE)}[{_S}/]*+>))"
_HREF_VALUE = rf"""(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^{_S}>"'][^{_S}>]*+))"""
_HREF = rf"[{_S}/]*+{_any_case('href')}[{_S}]*+=[{_S}]*+{_HREF_VALUE}"
_NOT_HREF = rf"(?![{_S}/]*+{_any_case('href')}[{_S}/>=]){_ATTRIBUTE}"
_UNINTERESTING = rf"""<(?:(?:/(?!{_BODY}|{_HTML})|(?!{_LINK}|{_RAW}))[A-Za-z][^{_S}/>]*+{_TO_END}
    |!--(?:-?>|{_all("[^-<]++|-(?!-!?>)|<(?![aAvV])")}--!?>)   # a comment that has no link in it
    |!(?!--|\[CDATA\[)[^>]*+>|\?[^>]*+>|/(?![A-Za-z])[^>]*+>   # <!doctype html>, <![if !mso]>, <?xml?>, </>
    |(?![A-Za-z/!?])                                           # a < that is text
    )[^<]*+"""

_NEXT = re.compile(
    rf"""[^<]*+{_all(_UNINTERESTING)}(?P<start>)
    (?:<(?:(?P<link>{_LINK}){_all(_NOT_HREF)}(?:{_HREF})?{_TO_END}
        |(?:(?P<raw>{_RAW})|/(?P<body>{_BODY})|/(?P<html>{_HTML})){_TO_END}
        |(?P<comment>!--)
        |(?P<cdata>!\[CDATA\[)))?""",
    re.VERBOSE,
)
"""All that is of no interest here, then one thing that is, or none before the end or before what never ends."""

_TAG_NAME = re.compile(rf"<[^{_S}/>]*+")
_ATTRIBUTE_NAME = re.compile(rf"[{_S}/]*+({_NAME})(?:[{_S}]*+=[{_S}]*+{_VALUE}|)")
_CONDITION = re.compile(rf"\[{_any_case('if')}[^\]<>]*+\]>")
_COMMENT_END = re.compile("--!?>")
_SCRIPT_STEP = re.compile(rf"<!--|-->|<(/?){_any_case('script')}{_STOP}")
_END_TAG = re.compile(rf"</[A-Za-z][^{_S}/>]*+{_TO_END}")
_RAW_ENDS = {name: re.compile(f"</{_any_case(name)}{_STOP}") for name in _RAW_NAMES}


def tokens(html: str) -> Iterator[Token]:
    """The tokens of interest in the order of the text. At most one is UNFINISHED, and then it is the last."""
    return _tokens(html, 0, len(html))


def attribute_names(html: str, tag: Token) -> Iterator[str]:
    """The names of the attributes of a start tag, in lower case."""
    name = _TAG_NAME.match(html, tag.start)
    for attribute in _ATTRIBUTE_NAME.finditer(html, name.end() if name else tag.start, tag.end - 1):
        yield attribute[1].lower()


def _tokens(html: str, position: int, limit: int) -> Iterator[Token]:
    while position < limit and (found := _NEXT.match(html, position, limit)):
        group, start, position = found.lastgroup or "", found.start("start"), found.end()
        if group in _HREF_GROUPS:
            yield Token(Kind.LINK, start, position, *found.span(group))
        elif group in _END_TAGS:
            yield Token(_END_TAGS[group], start, position)
        elif group != "link":
            end = _end(found, limit)
            if end < 0:
                yield Token(Kind.UNFINISHED, start, limit)
                return
            if group == "comment":
                yield from _links_for_outlook(html, position, end)
            position = end


def _end(found: re.Match[str], limit: int) -> int:
    """The index after what `found` opened, -1 if that never ends."""
    html, position = found.string, found.end()
    match found.lastgroup:
        case "start":
            return limit if position == limit else -1
        case "comment":  # none like <!-->, for those are of no interest
            closing = _COMMENT_END.search(html, position, limit)
            return closing.end() if closing else -1
        case "cdata":
            return html.find("]]>", position, limit)
    return _end_of_raw(html, position, limit, found["raw"].lower())


def _end_of_raw(html: str, position: int, limit: int, name: str) -> int:
    if name == "plaintext":
        return -1
    if name == "script":
        start = _end_tag_of_script(html, position, limit)
    else:
        start = found.start() if (found := _RAW_ENDS[name].search(html, position, limit)) else limit
    end_tag = _END_TAG.match(html, start, limit)
    return end_tag.end() if end_tag else -1


def _end_tag_of_script(html: str, position: int, limit: int) -> int:
    """The index of the end tag of a script, `limit` without one.

    In `<!-- <script> … </script> -->` inside a script the end tag ends nothing (the standard's script data states).
    """
    depth = 0
    while step := _SCRIPT_STEP.search(html, position, limit):
        position = step.end()
        if step[0] == "-->":
            depth = 0
        elif step[0] == "<!--":
            depth = depth or 1
            position -= 2  # its dashes may be those of -->
        elif not step[1]:
            depth = 2 if depth else 0
        elif depth < 2:
            return step.start()
        else:
            depth = 1
    return limit


def _links_for_outlook(html: str, position: int, end: int) -> Iterator[Token]:
    """The links of a conditional comment, none of another. A comment inside it cannot end, so it is not entered."""
    if condition := _CONDITION.match(html, position, end):
        content_end = html.rindex("--", position, end)
        for token in _tokens(html, condition.end(), content_end):
            if token.kind is Kind.LINK:
                yield token._replace(is_for_outlook=True)


_HREF_GROUPS = frozenset({"double", "single", "bare"})
_END_TAGS = {kind.value: kind for kind in (Kind.BODY_END, Kind.HTML_END)}


def decode(value: str) -> str:
    """The value of an attribute as a browser reads it, character references resolved once.

    Other than in text, a named reference without semicolon stays as it is before `=` and before letters and digits,
    so `&copy=2` and `&section=5` are parts of an address (HTML standard, 13.2.5.73 named character reference state).
    """
    if "&" not in value:
        return value
    return "&".join(_REFERENCE.sub(_resolve, part) for part in value.split("&amp;"))  # mostly there is no other


def _resolve(found: re.Match[str]) -> str:
    name, decimal, hexadecimal = found.groups()
    if name is None:
        return _character(decimal, 10) if decimal else _character(hexadecimal, 16)
    if name in html5 and (name[-1] == ";" or found.string[found.end() : found.end() + 1] != "="):
        return html5[name]
    return found[0]


def _character(digits: str, base: int) -> str:
    digits = digits.lstrip("0")
    code = int(digits, base) if 0 < len(digits) <= _MOST_DIGITS else _REPLACEMENT
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        code = _REPLACEMENT
    return _WINDOWS_1252.get(code) or chr(code)


_REFERENCE = re.compile(r"&(?:([A-Za-z][A-Za-z0-9]*+;?+)|#(?:([0-9]++)|[xX]([0-9A-Fa-f]++));?+)")
_MOST_DIGITS = 7  # 1114111 is the last character
_REPLACEMENT = 0xFFFD
_WINDOWS_1252 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
"""What `&#128;` to `&#159;` stand for; the five that code page leaves open are themselves."""
