"""The words of our pages, in two languages: one catalogue a language, one file a theme.

`messages/zh/worker.json` holds the Chinese of the theme `worker`, `en/worker.json` the English:
objects of objects, whose leaves are named `worker.queue.waiting`. A leaf may hold `{facts}`; where
English tells one from many, a second leaf ends in `_one`. The words of the trade are the theme
`terms`: their Chinese is the label in `gis.terms`, so that it stands in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import gis.access
import gis.terms
import gis.terms_community
import gis.terms_plan
from gis.terms import Labelled

LANGUAGES = {"zh": "中文", "en": "English"}
TAGS = {"zh": "zh-CN", "en": "en"}
_FOLDER = Path(__file__).parent / "messages"


def say(language: str, key: str, **facts: object) -> str:
    """Say what `key` names in a language, with its facts filled in.

    Raises:
        KeyError: no catalogue has the key, or a fact is missing.
    """
    known = catalogue(language)
    named = f"{key}_one" if facts.get("n") == 1 and f"{key}_one" in known else key
    return known[named].format(**facts)


def of(language: str, *themes: str) -> dict[str, str]:
    """The words of some themes, for a page's script; the bar names roles on every page."""
    wanted = {*themes, "page"}
    return {
        key: text
        for key, text in catalogue(language).items()
        if key.partition(".")[0] in wanted or key.startswith("terms.role.")
    }


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All words of a language by their keys."""
    words: dict[str, str] = {}
    for file in sorted((_FOLDER / language).glob("*.json")):
        words.update(_leaves(orjson.loads(file.read_bytes()), file.stem))
    return {**words, **trade()} if language == "zh" else words


def _leaves(branch: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    for key, below in branch.items():
        if isinstance(below, str):
            yield f"{name}.{key}", below
        else:
            yield from _leaves(below, f"{name}.{key}")


@cache
def trade() -> dict[str, str]:
    """The Chinese of every word of the trade: `terms.case_state.filed` → 已立案."""
    return {
        f"terms.{_snake(kind.__name__)}.{word.value}": word.label
        for room in (gis.terms, gis.terms_community, gis.terms_plan, gis.access)
        for kind in vars(room).values()
        if isinstance(kind, type) and issubclass(kind, Labelled) and kind is not Labelled
        for word in kind
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
