"""网格: what a row of cells or divisions may bring, and how cells are numbered."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis import codes, kinds, rows
from gis.rows import Field
from gis.terms import CellKind, DivisionLevel

CELLS = (
    Field(
        "code",
        (
            "网格编码",
            "网格编号",
            "网格代码",
            "编码",
            "编号",
            "代码",
            "grid_code",
            "cell_code",
            "gridid",
        ),
        kinds.code,
    ),
    Field("name", ("网格名称", "名称", "网格", "grid_name", "cell_name"), kinds.text()),
    Field("kind", ("网格类型", "类型", "网格类别"), kinds.one_of(CellKind)),
    Field(
        "division_code",
        ("社区编码", "社区代码", "所属社区编码", "行政区划代码", "community_code", "div_code"),
        kinds.code,
    ),
    Field("parent_code", ("上级网格编码", "上级编码", "父网格编码", "par_code"), kinds.code),
    Field(
        "households_declared",
        ("户数", "households", "家庭户数", "总户数", "hh_decl"),
        kinds.whole(0, 1_000_000),
    ),
    Field("valid_from", ("启用日期", "生效日期", "开始日期"), kinds.day),
    Field("valid_to", ("停用日期", "失效日期", "结束日期"), kinds.day),
)


def divisions(*, local_codes: bool) -> tuple[Field, ...]:
    """Fields of 行政区划; with `local_codes` the 12-digit rule is not applied."""
    parse = kinds.code if local_codes else kinds.division_code
    return (
        Field(
            "code",
            (
                "区划代码",
                "统计用区划代码",
                "行政区划代码",
                "代码",
                "编码",
                "adcode",
                "admincode",
                "division_code",
            ),
            parse,
            required=True,
        ),
        Field("name", ("区划名称", "名称", "行政区划名称"), kinds.text(), required=True),
        Field("level", ("级别", "层级"), kinds.one_of(DivisionLevel, _LEVELS)),
        Field(
            "parent_code",
            ("上级代码", "上级区划代码", "父级代码", "parent", "streetcode", "par_code"),
            parse,
        ),
        Field("urban_rural", ("城乡分类代码", "城乡分类"), kinds.code),
        Field("valid_from", ("启用日期", "生效日期"), kinds.day),
        Field("valid_to", ("停用日期", "失效日期", "撤销日期"), kinds.day),
    )


_LEVELS = {
    "市": "prefecture", "city": "prefecture", "地级市": "prefecture", "直辖市": "province",
    "district": "county", "区": "county", "县": "county", "town": "township", "street": "township",
    "街道": "township", "镇": "township", "乡": "township", "community": "village",
    "社区": "village", "村": "village", "居委会": "village", "村委会": "village",
}  # fmt: skip


def complete_divisions(frame: pd.DataFrame, *, local_codes: bool) -> pd.DataFrame:
    """Fill level and parent from the 12-digit code where the file does not say them."""
    frame = frame.copy()
    if local_codes:
        return frame
    for name, derive in (("level", _level), ("parent_code", codes.division_parent)):
        derived = frame["code"].map(derive)
        frame[name] = frame[name].fillna(derived) if name in frame else derived
    return frame


def _level(code: str) -> str:
    return str(codes.division_level(code))


def complete_cells(frame: pd.DataFrame, shapes: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Give cells the code, name and community that the file leaves out.

    Cells are numbered when none has a code; a single one without a code is `check_cells`' to
    refuse.
    """
    frame = frame.copy()
    if "code" not in frame or frame["code"].isna().all():
        frame["code"] = pd.Series(number(shapes), index=frame.index, dtype="str")
    frame["name"] = frame["name"].fillna(frame["code"]) if "name" in frame else frame["code"]
    told = frame["code"].map(codes.cell_community, na_action="ignore").astype("str")
    if "division_code" not in frame:
        frame["division_code"] = told
    frame["division_code"] = frame["division_code"].fillna(told)
    return frame


def number(shapes: npt.NDArray[np.object_]) -> list[str]:
    """Number cells as one reads: rows from north to south, each from west to east.

    A row is as high as the median cell. Codes are G followed by enough digits.
    """
    if not len(shapes):
        return []
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    bounds = shapely.bounds(shapes)
    height = max(float(np.median(bounds[:, 3] - bounds[:, 1])), 1e-9)
    band = np.floor((bounds[:, 3].max() - middle[:, 1]) / height)
    order = np.lexsort((middle[:, 0], band))
    width = max(4, len(str(len(shapes))))
    numbers = np.empty(len(shapes), dtype=np.intp)
    numbers[order] = np.arange(1, len(shapes) + 1)
    return [f"G{one:0{width}d}" for one in numbers]


def check_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Faults that need several fields: kind against code, period the wrong way round."""
    kinds = frame["kind"] if "kind" in frame else pd.Series("basic", index=frame.index)
    reasons = pd.Series(
        list(map(_code_fault, frame["code"], kinds.astype("str").fillna("basic"))),
        index=frame.index,
        dtype="object",
    ).dropna()
    return pd.concat(
        [
            rows.repeated(frame["code"], "code"),
            _faults_at(reasons, "code", frame["code"]),
            check_period(frame),
        ]
    )


def _code_fault(code: str | float, kind: str) -> str | None:
    if not isinstance(code, str):
        return "is missing, while other cells have one"
    return codes.cell_fault(code, kind)


def check_period(frame: pd.DataFrame) -> pd.DataFrame:
    """Faults of rows whose valid_to is not after their valid_from."""
    if not {"valid_from", "valid_to"} <= set(frame.columns):
        return rows.no_faults()
    both = frame[["valid_from", "valid_to"]].dropna()
    wrong = both.index[[_not_after(a, b) for a, b in both.to_numpy()]]
    reasons = pd.Series("is not after the start of the period", index=wrong)
    return _faults_at(reasons, "valid_to", frame["valid_to"])


def _not_after(start: date, end: date) -> bool:
    return end <= start


def _faults_at(reasons: pd.Series, name: str, values: pd.Series) -> pd.DataFrame:
    at = reasons.index
    shown = values.loc[at].astype("str").fillna("").to_numpy()
    return pd.DataFrame({"row": at, "field": name, "value": shown, "reason": reasons.to_numpy()})
