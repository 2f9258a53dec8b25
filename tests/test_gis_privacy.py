"""Masks, and names folded for comparing: by the column as one by one."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import privacy

NAMES = [
    "张三",
    "王 五",
    None,
    "Ａｂ",
    "A b",
    "欧阳小明",
    "",
    "阿卜杜拉·买买提",
    "㐀一",
    "ß",
    "张三",
]


def test_names_are_folded_by_the_column_as_one_by_one() -> None:
    folded = privacy.same_name(pd.Series(NAMES, index=range(2, 13), dtype="str"))
    assert folded.index.tolist() == list(range(2, 13))
    one_by_one = [None if name is None else privacy.fold_name(name) for name in NAMES]
    assert folded.astype(object).where(folded.notna(), None).tolist() == one_by_one


@given(names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)))
def test_any_name_is_folded_alike(names: list[str]) -> None:
    assert privacy.same_name(pd.Series(names, dtype="str")).tolist() == [
        *map(privacy.fold_name, names)
    ]


@pytest.mark.parametrize(
    ("name", "mask"),
    [("张三", "张*"), ("张", "张*"), ("欧阳小明", "欧***"), ("阿卜杜拉·买买提", "阿***")],
)
def test_a_mask_shows_the_first_character_and_not_how_many_follow(name: str, mask: str) -> None:
    told = privacy.mask_names(pd.Series([name, None], dtype="str"))
    assert told.tolist()[0] == mask
    assert told.isna().tolist() == [False, True]
