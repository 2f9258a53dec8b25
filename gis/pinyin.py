"""拼音: how Chinese words are found by Latin letters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple


class Spelled(NamedTuple):
    """道路破损: `initials` dlps, `full` daoluposun; what is no Chinese character stays."""

    initials: str
    full: str


@lru_cache(maxsize=4096)
def spelled(text: str) -> Spelled:
    """Spell a text in pinyin, without tones and blanks, in small letters."""
    from pypinyin import Style, lazy_pinyin  # a quarter of a second, which start-up does not have

    initials, full = (
        "".join("".join(lazy_pinyin(text, style=style)).split()).lower()
        for style in (Style.FIRST_LETTER, Style.NORMAL)
    )
    return Spelled(initials, full)


# To find names of places by initials without keeping an index of them

MOST_LETTERS = 12
_BEGINS, _ENDS = 0x4E00, 0x9FFF
"""The Chinese characters of names."""


def pattern(word: str) -> str | None:
    """A regular expression for what a word says in initials: `wjsq` finds 望江社区, in any reading.

    None for a word that is no two to twelve small letters; the pattern of a letter is itself or any
    character one of whose readings begins with it.
    """
    if not 2 <= len(word) <= MOST_LETTERS or not (word.isascii() and word.isalpha()):
        return None
    begins = _by_initial()
    return "".join(f"[{letter}{begins.get(letter, '')}]" for letter in word)


@lru_cache(maxsize=1)
def _by_initial() -> dict[str, str]:
    from pypinyin.constants import PINYIN_DICT

    begins: dict[str, list[str]] = {}
    for code in range(_BEGINS, _ENDS + 1):
        readings = PINYIN_DICT.get(code, "").split(",")
        for letter in {unicodedata.normalize("NFD", one)[:1] for one in readings} - {""}:
            begins.setdefault(letter, []).append(chr(code))
    return {letter: "".join(characters) for letter, characters in begins.items()}
