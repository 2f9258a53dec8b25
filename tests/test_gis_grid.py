"""Rows of cells and divisions: numbering as one reads, what is filled in, what is refused."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import box, draw, shapes

from gis import grid, rows
from gis.terms import CellKind

COMMUNITY = "420106001001"


def frame(first_row=2, **columns):
    table = pd.DataFrame(columns)
    table.index = range(first_row, first_row + len(table))
    return table


def records(table):
    return table.astype(object).where(table.notna(), None).to_dict("records")


def told(faults):
    return [tuple(row) for row in faults[["row", "field", "value", "reason"]].to_numpy()]


# Numbering


def test_cells_are_numbered_as_one_reads():
    town = draw("DBA/CEF/GHI")
    by_letter = dict(zip(town, grid.number(shapes(town)), strict=True))
    assert by_letter == {
        "D": "G0001", "B": "G0002", "A": "G0003", "C": "G0004", "E": "G0005", "F": "G0006",
        "G": "G0007", "H": "G0008", "I": "G0009",
    }  # fmt: skip


def test_small_steps_within_a_row_do_not_start_a_new_one():
    town = {
        "A": box(0, 0.2, 1, 1.2),
        "B": box(1, 0, 2, 1),
        "C": box(2, 0.1, 3, 1.1),
        "D": box(0, -1, 1, 0),
    }
    assert grid.number(shapes(town)) == ["G0001", "G0002", "G0003", "G0004"]


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_the_number_does_not_depend_on_the_order_in_the_file(order):
    town = shapes(draw("ABCD/EFGH/IJKL"))
    numbers = grid.number(town)
    assert grid.number(town[list(order)]) == [numbers[place] for place in order]


def test_many_cells_have_longer_numbers_and_none_have_none():
    squares = np.array([box(x, 0, x + 1, 1) for x in range(10_001)], dtype=object)
    numbers = grid.number(squares)
    assert (numbers[0], numbers[-1], len(set(numbers))) == ("G00001", "G10001", 10_001)
    assert grid.number(np.array([], dtype=object)) == []


# Completing cells


def test_cells_without_code_and_name_get_them():
    town = draw("BA")
    assert records(grid.complete_cells(frame(kind=["basic", None]), shapes(town))) == [
        {"kind": "basic", "code": "G0002", "name": "G0002", "division_code": None},
        {"kind": None, "code": "G0001", "name": "G0001", "division_code": None},
    ]


def test_a_code_of_the_scheme_tells_the_community_and_what_is_said_stays():
    given = frame(
        code=[f"{COMMUNITY}001", f"{COMMUNITY}002", "W-3"],
        name=["一格", None, "三格"],
        division_code=[None, "420106001009", None],
    )
    assert records(grid.complete_cells(given, shapes(draw("ABC")))) == [
        {"code": f"{COMMUNITY}001", "name": "一格", "division_code": COMMUNITY},
        {"code": f"{COMMUNITY}002", "name": f"{COMMUNITY}002", "division_code": "420106001009"},
        {"code": "W-3", "name": "三格", "division_code": None},
    ]


def test_a_column_of_codes_that_is_all_blank_is_as_good_as_none():
    given = frame(code=pd.Series([None, None], dtype="str"))
    assert grid.complete_cells(given, shapes(draw("AB")))["code"].tolist() == ["G0001", "G0002"]


def test_a_cell_without_a_code_among_cells_with_codes_is_refused():
    given = frame(code=pd.Series(["A", None], dtype="str"))
    full = grid.complete_cells(given, shapes(draw("AB")))
    assert told(grid.check_cells(full)) == [
        (3, "code", "", "is missing, while other cells have one")
    ]


def test_a_file_of_which_no_cell_is_left_is_no_trouble():
    nothing = np.array([], dtype=object)
    for empty in (frame(name=[]), frame(code=[], name=[])):
        full = grid.complete_cells(empty, nothing)
        assert (len(full), told(grid.check_cells(full))) == (0, [])


# Checking cells


def test_faults_of_cells():
    given = frame(
        code=["A", "B", "A", f"{COMMUNITY}00101", f"{COMMUNITY}00102"],
        kind=["basic", None, "micro", "micro", None],
        valid_from=[date(2026, 1, 1), None, date(2026, 1, 1), date(2026, 1, 2), None],
        valid_to=[date(2026, 1, 2), None, date(2026, 1, 1), date(2026, 1, 1), date(2020, 1, 1)],
    )
    assert told(grid.check_cells(given)) == [
        (4, "code", "A", "stands already in row 2"),
        (6, "code", f"{COMMUNITY}00102", "a code of 17 digits is a micro cell's, not basic"),
        (4, "valid_to", "2026-01-01", "is not after the start of the period"),
        (5, "valid_to", "2026-01-01", "is not after the start of the period"),
    ]


def test_sound_cells_have_no_faults():
    given = frame(code=["A", f"{COMMUNITY}00101"], kind=[CellKind.BASIC, CellKind.MICRO])
    assert told(grid.check_cells(given)) == []
    assert told(grid.check_period(frame(valid_from=[None], valid_to=[None]))) == []


def test_headers_of_cells_as_towns_write_them():
    headers = ["网格编号", "网格名称", "网格类型", "所属社区编码", "户数（户）", "启用日期"]
    assert list(rows.recognise(headers, grid.CELLS, {}).values()) == [
        "code", "name", "kind", "division_code", "households_declared", "valid_from",
    ]  # fmt: skip


# Divisions


def test_level_and_parent_of_a_division_come_from_its_code_unless_said():
    given = frame(
        code=["420106000000", "420106001000", "420000000000"],
        level=[None, "county", None],
        parent_code=["429999000000", None, None],
    )
    assert records(grid.complete_divisions(given, local_codes=False)) == [
        {"code": "420106000000", "level": "county", "parent_code": "429999000000"},
        {"code": "420106001000", "level": "county", "parent_code": "420106000000"},
        {"code": "420000000000", "level": "province", "parent_code": None},
    ]
    derived = grid.complete_divisions(frame(code=["420106001001"]), local_codes=False)
    assert records(derived) == [
        {"code": "420106001001", "level": "village", "parent_code": "420106001000"}
    ]


def test_local_codes_are_not_read_as_if_they_were_the_twelve_digits():
    given = frame(code=["S-1"], level=["township"])
    assert records(grid.complete_divisions(given, local_codes=True)) == [
        {"code": "S-1", "level": "township"}
    ]
    (code,) = [one for one in grid.divisions(local_codes=True) if one.name == "code"]
    assert code.parse(pd.Series(["S-1"], dtype="str"))[1].tolist() == [""]


@pytest.mark.parametrize(
    ("word", "level"),
    [("街道", "township"), ("镇", "township"), ("社区", "village"), ("居委会", "village"), ("区", "county"),
     ("县", "county"), ("地级市", "prefecture"), ("直辖市", "province"), ("city", "prefecture"), ("District", "county")],
)  # fmt: skip
def test_words_for_levels(word, level):
    cleaned = rows.clean(
        pd.DataFrame({"代码": ["420106"], "名称": ["某"], "级别": [word]}, dtype="str"),
        grid.divisions(local_codes=False),
    )
    assert cleaned.frame["level"].tolist() == [level]
