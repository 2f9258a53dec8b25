"""Numbers of cells: schemes, reading order, codes that are kept."""

from __future__ import annotations

import numpy as np
import pytest
import town

from gis import plan_codes
from gis.errors import BadInput
from gis.plan_codes import LOCAL, MICRO_2, UNIT_15, professional
from gis.terms import CellKind

HOME = "420106001001"


def numbered(text: str, *, kinds=None, kept=None, scheme=UNIT_15, taken=()) -> dict[str, str]:
    """Codes by letter of a drawing of one community."""
    cells = town.draw(text)
    count = len(cells)
    given = plan_codes.number(
        town.shapes(cells),
        np.array([HOME] * count),
        np.array(kinds or ["basic"] * count),
        kept=kept or [""] * count,
        scheme=scheme,
        taken=taken,
    )
    return dict(zip(cells, given, strict=True))


def test_cells_are_numbered_as_one_reads():
    assert numbered("CA/BD") == {
        n: HOME + s for n, s in zip("ABCD", ("002", "003", "001", "004"), strict=True)
    }


def test_dedicated_cells_count_from_801():
    given = numbered("ABC", kinds=["basic", "dedicated", "basic"])
    assert [given[n][-3:] for n in "ABC"] == ["001", "801", "002"]


def test_kept_codes_stay_and_no_number_comes_back():
    given = numbered("ABC", kept=["", HOME + "002", ""], taken=[HOME + "005"])
    assert [given[n][-3:] for n in "ABC"] == ["006", "002", "007"]


def test_gaps_are_filled_only_when_the_range_ends():
    assert MICRO_2.free("420106001001001", "micro", 2, taken=["42010600100100198"]) == [
        "42010600100100101",
        "42010600100100199",
    ]


def test_a_full_range_is_refused_with_what_is_left():
    taken = [f"{HOME}{n:03d}" for n in range(801, 999)]
    with pytest.raises(BadInput, match="has 1 numbers left for dedicated cells, not 2"):
        UNIT_15.free(HOME, CellKind.DEDICATED, 2, taken=taken)


@pytest.mark.parametrize(
    ("scheme", "code", "kind", "above", "fault"),
    [
        (UNIT_15, HOME + "001", "basic", HOME, None),
        (UNIT_15, HOME + "801", "dedicated", HOME, None),
        (UNIT_15, HOME + "801", "basic", HOME, "ends in 801, while basic cells take 001 to 800"),
        (UNIT_15, HOME + "800", "dedicated", HOME, "ends in 800, while dedicated cells take 801 to 999"),
        (UNIT_15, "420106001002001", "basic", HOME, f"is not {HOME} followed by 3 digits"),
        (UNIT_15, "A", "basic", "桥头", "桥头 stands above it, which is not a division code of 12 digits"),
        (UNIT_15, HOME + "00101", "micro", HOME + "001", "the scheme unit_15 has no codes for micro cells"),
        (MICRO_2, HOME + "00101", "micro", HOME + "001", None),
        (MICRO_2, HOME + "00100", "micro", HOME + "001", "ends in 00, while micro cells take 01 to 99"),
        (professional("010203"), "010203" + HOME + "00", "unit", HOME, None),
        (professional("010203"), "010203" + HOME + "07", "unit", HOME, None),
        (LOCAL, "桥头001", "basic", "桥头", None),
    ],
)  # fmt: skip
def test_a_scheme_says_what_is_wrong_with_a_code(scheme, code, kind, above, fault):
    assert scheme.fault(code, kind, above) == fault


def test_a_community_that_is_one_cell_has_number_00():
    assert numbered("A", kinds=["unit"], scheme=professional("010203")) == {"A": f"010203{HOME}00"}
    assert list(numbered("AB", kinds=["unit"] * 2, scheme=professional("010203")).values()) == [
        f"010203{HOME}01",
        f"010203{HOME}02",
    ]


@pytest.mark.parametrize(
    ("codes", "kinds", "name"),
    [
        ([HOME + "001"], {"basic"}, "unit_15"),
        (["010203" + HOME + "00"], {"unit"}, "cjt_349"),
        ([HOME + "00101"], {"micro"}, "micro_2"),
        ([HOME + "001001"], {"micro"}, "micro_3"),
        (["A", "B"], {"basic"}, "local"),
        ([], set(), "local"),
    ],
)
def test_the_scheme_is_guessed_from_the_codes_there_are(codes, kinds, name):
    assert plan_codes.guess(codes, kinds).name == name


def test_managed_objects_have_six_digits():
    with pytest.raises(BadInput, match="6 digits, not '12'"):
        professional("12")
