"""The verdict on a hit in words: who made it, and by which signs that is told."""

from typing import NamedTuple

from chalicelib.core import rules
from chalicelib.core.verdict import Maker, Verdict

WORDS = {
    Maker.HUMAN: "Person",
    Maker.PROXY: "Privacy service",
    Maker.MACHINE: "Machine",
    Maker.INTERNAL: "Your own people",
}

_MEANINGS = {
    Maker.PROXY: "It is not counted, for nobody can tell whether anybody looked.",
    Maker.MACHINE: "It is not counted.",
    Maker.INTERNAL: "Not counted.",
}
_NO_SIGN = "Nothing about it speaks of a machine"
_WEAK_SIGN = "One hint is not enough to call it a machine"


class Judgement(NamedTuple):
    """`word` is the verdict, `meaning` what follows from it, `signs` are the sentences of the rules that decided."""

    word: str
    meaning: str
    signs: list[str]


def judgement_of(verdict: Verdict, *, is_counted: bool = True) -> Judgement:
    """A verdict as the pages show it. `is_counted` says whether a hit of this kind is counted if a person made it."""
    signs = [rules.explained(reason) for reason in verdict.reasons]
    meaning = _MEANINGS.get(verdict.maker) or _of_a_person(signs, is_counted)
    return Judgement(WORDS[verdict.maker], meaning, signs)


def _of_a_person(signs: list[str], is_counted: bool) -> str:
    what = "so it is counted" if is_counted else "but looking at this page is not counted"
    return f"{_WEAK_SIGN}, {what}:" if signs else f"{_NO_SIGN}, {what}."
