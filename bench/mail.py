"""The mail that is measured: a newsletter as mail tools write it, with Outlook's comments and nested tables."""

import random
from typing import NamedTuple

from chalicelib.core import links

LINKS_PER_100_KB = 60
PIXEL_URL = f"https://t.example.net/o/{'x' * 60}"

HEAD = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:v="urn:schemas-microsoft-com:vml"><head><meta charset="utf-8" />
<title>Neues im Frühling</title><!--[if mso]><style>td { font-family: Arial }</style><![endif]-->
<style type="text/css">{style}</style></head><body style="margin:0;padding:0">
"""
BLOCK = """<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" style="border-collapse:collapse">
<tr><td align="left" valign="top" style="padding:12px 24px;font-family:Arial,sans-serif;font-size:14px;color:#333333">
<p style="margin:0 0 12px 0">{text}</p><p style="margin:0"><a href="{url}" target="_blank" style="color:#0066cc">Mehr
&raquo;</a></p></td></tr></table>
<!--[if mso]></td></tr></table><![endif]-->
"""
WORDS = [
    *("Der", "Frühling", "ist", "da", "und", "mit", "ihm", "viele", "neue", "Angebote", "&amp;"),
    *("Ideen", "für", "Haus", "Garten", "Büro"),
]


class Mail(NamedTuple):
    """`hrefs` are the values of its links as written, `tracked` as many URLs of the usual length to put there."""

    html: str
    hrefs: list[str]
    tracked: list[str]


def a_mail(characters: int) -> Mail:
    """About so many characters; the same in every run."""
    chance = random.Random(4711)
    number = characters * LINKS_PER_100_KB // 100_000
    head = HEAD.replace("{style}", ".column { color: #333333; padding: 0 10px }\n" * 60)
    room = (characters - len(head)) // number - len(BLOCK) - 80
    hrefs = [
        f"https://shop.example/angebote/{position}?utm_source=news&amp;utm_medium=email&amp;id={position}"
        for position in range(number)
    ]
    blocks = [BLOCK.replace("{text}", _text(chance, room)).replace("{url}", href) for href in hrefs]
    tracked = [f"https://t.example.net/c/{'x' * 180}{position:03d}" for position in range(number)]
    return Mail(f"{head}{''.join(blocks)}</body>\n</html>\n", hrefs, tracked)


def _text(chance: random.Random, room: int) -> str:
    words: list[str] = []
    while sum(map(len, words)) + len(words) < room:
        word = chance.choice(WORDS)
        words.append(word if chance.random() < 0.9 else f'<span style="font-weight:bold">{word}</span>')
    return " ".join(words)


def restored(sent: str, links_put_in: list[str], hrefs: list[str], pixel_url: str) -> str:
    """A mail that was sent, without its pixel and with its links as they had been."""
    pieces, done = [], 0
    for link, href in zip(links_put_in, hrefs, strict=True):
        found = sent.find(link, done)
        if found >= 0:
            pieces += [sent[done:found], href]
            done = found + len(link)
    return "".join([*pieces, sent[done:]]).replace(links.PIXEL.format(pixel_url), "", 1)
