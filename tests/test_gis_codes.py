"""Division, cell and resident codes: public samples pass, each fault has its words."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis import codes
from gis.terms import CellKind, DivisionLevel

TODAY = date(2026, 11, 22)
SAMPLES = ["11010519491231002X", "440524188001010014"]

CHECK = "the check character does not fit the 17 digits"
BIRTH = "digits 7 to 14 are not a date of birth"
SHAPE = "a resident id has 17 digits and a check character"


def faults(*ids):
    return codes.resident_id_faults(pd.Series(ids, dtype="str"), today=TODAY).tolist()


# Residents


def test_the_samples_of_the_standard_pass():
    assert faults(*SAMPLES) == ["", ""]
    assert faults("11010519491231002x") == [""], "a small x is read as X"


def test_every_other_check_character_is_refused():
    body, right = SAMPLES[0][:17], SAMPLES[0][17]
    others = [body + one for one in "0123456789X" if one != right]
    assert faults(*others) == [CHECK] * 10


@pytest.mark.parametrize(
    "one", ["", "1101051949123100", "11010519491231002XX", "1101051949123I002X",
            "１１０１０５19491231002X", "110105491231002", "X1010519491231002X", "11010519491231002\u00b2"],
)  # fmt: skip
def test_what_has_another_shape_is_refused(one):
    assert faults(one) == [SHAPE]


@pytest.mark.parametrize(
    "born", ["19490230", "19491301", "00000000", "20270101", "17991231", "19490000"]
)
def test_a_day_that_nobody_was_born_on_is_refused(born):
    body = f"110105{born}002"
    check = codes.resident_id_check(pd.Series([body]))[0]
    assert faults(body + check) == [BIRTH]


def test_somebody_born_today_is_somebody():
    body = "11010520261122002"
    assert faults(body + codes.resident_id_check(pd.Series([body]))[0]) == [""]


def test_faults_stand_beside_their_rows():
    ids = pd.Series(["x", SAMPLES[0], "110105194912310020"], index=[7, 3, 9])
    found = codes.resident_id_faults(ids, today=TODAY)
    assert found.to_dict() == {7: SHAPE, 3: "", 9: CHECK}
    assert codes.resident_id_faults(pd.Series([], dtype="str"), today=TODAY).tolist() == []


@settings(deadline=None)
@given(st.text("0123456789", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 9))
def test_the_check_character_finds_every_single_wrong_digit(body, place, more):
    wrong = body[:place] + str((int(body[place]) + more) % 10) + body[place + 1 :]
    one, other = codes.resident_id_check(pd.Series([body, wrong]))
    assert one in "0123456789X"
    assert one != other


# Divisions

TREE = [
    ("420000000000", DivisionLevel.PROVINCE, None),
    ("420100000000", DivisionLevel.PREFECTURE, "420000000000"),
    ("420106000000", DivisionLevel.COUNTY, "420100000000"),
    ("420106001000", DivisionLevel.TOWNSHIP, "420106000000"),
    ("420106001001", DivisionLevel.VILLAGE, "420106001000"),
    ("429004000000", DivisionLevel.COUNTY, "429000000000"),
    ("441900003000", DivisionLevel.TOWNSHIP, "441900000000"),  # a city without counties
    ("420110000000", DivisionLevel.COUNTY, "420100000000"),  # ends in a zero of its own
    ("420106010000", DivisionLevel.TOWNSHIP, "420106000000"),
    ("420106100000", DivisionLevel.TOWNSHIP, "420106000000"),
    ("420106001200", DivisionLevel.VILLAGE, "420106001000"),
]


@pytest.mark.parametrize(("code", "level", "parent"), TREE)
def test_a_division_code_tells_its_level_and_its_parent(code, level, parent):
    assert codes.division_fault(code) is None
    assert codes.division_level(code) == level
    assert codes.division_parent(code) == parent


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("4201060010", "a division code has 12 digits (2+2+2+3+3)"),
        ("42010600100A", "a division code has 12 digits (2+2+2+3+3)"),
        ("４２0106001001", "a division code has 12 digits (2+2+2+3+3)"),
        ("420106001001\n", "a division code has 12 digits (2+2+2+3+3)"),
        ("000000000000", "no province has the prefix 00"),
        ("470106001001", "no province has the prefix 47"),
        ("100106001001", "no province has the prefix 10"),
        ("830106001001", "no province has the prefix 83"),
        ("420106601001", "a township's first digit is 0 to 5, not 6"),
        ("420106901001", "a township's first digit is 0 to 5, not 9"),
        ("420106001601", "a village's first digit is 0 to 5, not 6"),
        ("420100000001", "a village needs a county or township above it"),
    ],
)
def test_what_breaks_the_rule_of_division_codes_is_told(code, reason):
    assert codes.division_fault(code) == reason


@pytest.mark.parametrize("prefix", ["11", "65", "71", "81", "82"])
def test_every_part_of_the_country_has_a_code(prefix):
    assert codes.division_fault(f"{prefix}0000000000") is None


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("42", "420000000000"),
        ("4201", "420100000000"),
        ("420106", "420106000000"),
        ("420106001", "420106001000"),
        ("420106001001", "420106001001"),
        ("42010", "42010"),
        ("4201AB", "4201AB"),
        ("", ""),
    ],
)
def test_short_codes_of_whole_levels_are_filled_up(short, full):
    assert codes.pad_division(short) == full


# Cells


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("420106001001001", CellKind.BASIC, None),
        ("420106001001801", CellKind.DEDICATED, None),
        ("42010600100100101", CellKind.MICRO, None),
        ("420106001001001012", CellKind.MICRO, None),
        ("420106001001001", CellKind.MICRO, None),
        ("42010600100100101", CellKind.BASIC, "a code of 17 digits is a micro cell's, not basic"),
        ("420106001001001012", "unit", "a code of 18 digits is a micro cell's, not unit"),
        ("0501014201060010", CellKind.BASIC, None),
        ("网格-7", CellKind.BASIC, None),
    ],
)
def test_cell_codes_of_the_common_schemes_are_checked_and_others_left_alone(code, kind, reason):
    assert codes.cell_fault(code, kind) == reason


@pytest.mark.parametrize(
    ("code", "community"),
    [
        ("420106001001001", "420106001001"),
        ("42010600100100101", "420106001001"),
        ("420106001001001012", "420106001001"),
        ("4201060010010011", None),
        ("G0001", None),
    ],
)
def test_a_cell_code_names_its_community(code, community):
    assert codes.cell_community(code) == community


@given(digits=st.text("0123456789", min_size=8, max_size=8))
@settings(max_examples=300)
def test_a_birth_in_an_id_is_the_day_the_calendar_has(digits):
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        day = None
    told = codes.id_births(codes.id_digits(pd.Series([f"990101{digits}001X"], dtype="str")))
    assert told.astype(object).tolist() == [day]


def test_ids_are_read_also_from_the_middle_of_a_column():
    ids = pd.Series([*SAMPLES, *SAMPLES], dtype="str")
    whole = codes.id_digits(ids)
    assert whole[1].tolist() == [int(one) for one in SAMPLES[1]]
    assert whole[0][17] == 40
    assert (codes.id_digits(ids.iloc[1:3]) == whole[1:3]).all()
    assert codes.id_digits(ids.iloc[:0]).shape == (0, 18)
