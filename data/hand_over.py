"""交接清单: what each worker hands over and takes when a plan comes into force, for a workbook with
a sheet for each."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.desk_queue import CLASS_OF
from data.plans_compare import SHARED
from gis.terms_plan import MovedKind

HEAD = {
    "act": "交接 act",
    "kind": "类别 kind",
    "name": "名称 name",
    "address": "地址 address",
    "count": "数量 count",
    "cell_before": "原网格 cell before",
    "cell_after": "新网格 cell after",
    "worker_before": "移交人 hands over",
    "worker_after": "接收人 takes",
    "code": "编码 code",
}
"""The columns of the list, and how they are headed."""
GIVES, TAKES = "移交 hands over", "接收 takes"
NOTHING = "无交接 nothing"
NOBODY = "无网格员 nobody"

_NAMED = f"""
    WITH asked AS (
        SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:codes AS text[])) AS asked (kind, code)
    )
    SELECT a.kind, a.code, b.code, b.name, b.address
    FROM asked a JOIN building b ON b.code = a.code WHERE a.kind = ANY (:homes)
    UNION ALL
    SELECT a.kind, a.code, a.code, concat_ws(' ', b.name, d.number), b.address
    FROM asked a JOIN building b ON b.code = split_part(a.code, ' ', 1)
    JOIN dwelling d ON d.building_id = b.id AND concat_ws(' ', b.code, d.number) = a.code
    WHERE a.kind = ANY (:homes)
    UNION ALL
    SELECT a.kind, a.code, f.code, f.name, f.address
    FROM asked a JOIN facility f ON concat_ws(' ', 'facility', f.id) = a.code
    WHERE a.kind = :facility
    UNION ALL
    SELECT a.kind, a.code, a.code, k.name, f.address
    FROM asked a JOIN case_file f ON f.code = a.code
    {CLASS_OF}
    WHERE a.kind = :case
"""


def named(db: Session, hand_overs: pd.DataFrame) -> pd.DataFrame:
    """The lines of `gis.plan_compare.hand_overs` with name and address of each place, and kind and
    code as people know them. Cases are named by their class: what was reported stays in them."""
    asked = hand_overs[["kind", "code"]].drop_duplicates()
    values = {
        "kinds": asked["kind"].tolist(),
        "codes": asked["code"].tolist(),
        "homes": [MovedKind.HOUSEHOLDS, MovedKind.CARE_RECIPIENTS],
        "facility": MovedKind.FACILITIES,
        "case": MovedKind.OPEN_CASES,
    }
    rows = [tuple(row) for row in db.execute(sa.text(_NAMED), values)]
    known = pd.DataFrame(rows, columns=["kind", "code", "known_as", "name", "address"])
    lines = hand_overs.merge(known, on=["kind", "code"], how="left")
    kinds = [MovedKind(kind).label for kind in lines["kind"]]
    codes = lines["known_as"].fillna(lines["code"])
    return lines.assign(kind=kinds, code=codes).drop(columns="known_as")


def by_worker(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A sheet for each worker, by name: what is handed over by him, then what he takes, of whom
    share a cell for each; what nobody gives or nobody takes has one of its own, and so has a list
    of nothing. Columns as in `HEAD`."""
    told = lines.replace({"worker_before": {"": NOBODY}, "worker_after": {"": NOBODY}})
    gives = told.assign(act=GIVES, whose=_only(told["worker_before"], told["worker_after"]))
    takes = told.assign(act=TAKES, whose=_only(told["worker_after"], told["worker_before"]))
    both = pd.concat([gives, takes]).explode("whose")
    both = both.sort_values("whose", kind="stable", ignore_index=True)
    if both.empty:
        return {NOTHING: both[list(HEAD)].rename(columns=HEAD)}
    both = both[both["whose"].notna()]
    return {
        str(worker): sheet[list(HEAD)].rename(columns=HEAD)
        for worker, sheet in both.groupby("whose", sort=True)
    }


def _only(some: pd.Series, others: pd.Series) -> pd.Series:
    """Of those who share a cell: who is not among the others."""
    pairs = zip(some.str.split(SHARED), others.str.split(SHARED), strict=True)
    left = [[name for name in names if name not in besides] for names, besides in pairs]
    return pd.Series(left, index=some.index, dtype=object)


def all_of(lines: pd.DataFrame) -> pd.DataFrame:
    """Every line once, for a text file; columns as in `HEAD` but the act."""
    return lines[[name for name in HEAD if name != "act"]].rename(columns=HEAD)
