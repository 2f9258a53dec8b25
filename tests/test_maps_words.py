"""The catalogues of messages: whole in both languages, and nothing said outside of them."""

import re
from pathlib import Path

import pytest

import maps
import maps.words

ROOM = Path(maps.__file__).parent
CJK = re.compile(r"[\u3400-\u9fff]")
READS_CHINESE = {"naming.js"}
"""Modules that say nothing in Chinese, but know how its names are built."""


def _facts(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{(\w+)\}", text)))


def test_both_languages_say_the_same_with_the_same_facts():
    chinese, english = maps.words.catalogue("zh"), maps.words.catalogue("en")
    many = {key: text for key, text in english.items() if not key.endswith("_one")}
    assert set(many) == {key for key in chinese if not key.endswith("_one")}
    assert {
        k for k in english if k.endswith("_one") and k.removesuffix("_one") not in many
    } == set()
    different = {k for k, text in many.items() if _facts(text) != _facts(chinese[k])}
    assert different == set()
    assert {key for key, text in chinese.items() if not text.strip()} == set()


def test_every_word_of_the_trade_has_its_english():
    english = maps.words.catalogue("en")
    assert [key for key in maps.words.trade() if not english.get(key, "").strip()] == []
    told = {key for key in english if key.startswith("terms.")}
    assert told == set(maps.words.trade())


def test_english_is_not_chinese():
    said = maps.words.catalogue("en").items()
    allowed = {"page.town", "page.language.other", "page.language.short"}
    assert {k for k, text in said if CJK.search(text)} <= allowed


def test_pages_of_the_catalogues_say_nothing_by_themselves():
    modules = [
        path
        for path in (ROOM / "static").rglob("*.js")
        if path.name not in READS_CHINESE and "vendor" not in path.parts
    ]
    frames = list((ROOM / "frames").glob("*.html"))
    assert modules
    assert frames
    said = {str(path): re.sub(r"//[^'\"`]*$", "", path.read_text(), flags=re.M) for path in modules}
    said |= {str(path): path.read_text() for path in frames}
    assert [path for path, text in said.items() if CJK.search(text)] == []


def test_every_word_a_script_asks_for_is_known():
    known = maps.words.catalogue("zh")
    asked = {
        (path.name, key)
        for path in (ROOM / "static").rglob("*.js")
        for key in re.findall(r"\bt\('([\w.]+)'", path.read_text())
    }
    assert {(name, key) for name, key in asked if key not in known} == set()


def test_every_key_of_a_refusal_is_said_in_words():
    refusals = [
        *("name", "name_unreadable", "plan_name", "plan_name_unreadable"),
        *(
            key
            for room in ("gis", "data", "api")
            for path in (ROOM.parent / room).rglob("*.py")
            for key in re.findall(r'\bFault\(\s*"(\w+)"', path.read_text())
        ),
    ]
    assert "no_divide" in refusals
    known = maps.words.catalogue("zh")
    assert {key for key in refusals if f"plan.why.{key}" not in known} == set()


def test_words_are_said_with_their_facts():
    assert maps.words.say("zh", "page.time.left", span="3天") == "还剩3天"
    assert maps.words.say("en", "page.count.cases", n=1) == "1 case"
    assert maps.words.say("en", "page.count.cases", n=3) == "3 cases"
    with pytest.raises(KeyError):
        maps.words.say("en", "page.time.left")
    with pytest.raises(KeyError):
        maps.words.say("en", "page.nothing.of.this.name")
