"""A sheet of residents as a district has it: twenty columns, people who are nobody."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

import bench._coverage
import data.demo.people

SHARES = (0.22, 0.345, 0.24, 0.13, 0.045, 0.02)
"""Households of one to six."""
HOMES_A_BUILDING = 30
CHUNK = 80_000
COUNTY = 990_101


def write(path: Path, residents: int, *, seed: int = 3) -> int:
    """Write a CSV of about so many residents, households together; return how many there are."""
    rng = np.random.default_rng(seed)
    people = data.demo.people.People(date(2026, 6, 1), [COUNTY], seed)
    homes = int(residents / (np.dot(SHARES, np.arange(1, 7))))
    lon, lat = bench._coverage.people(homes // HOMES_A_BUILDING + 1, seed=seed)
    written, sink = 0, None
    for start in range(0, homes, CHUNK):
        home = np.arange(start, min(start + CHUNK, homes))
        sizes = rng.choice(np.arange(1, 7, dtype=np.int8), len(home), p=SHARES)
        table = _rows(people.chunk(sizes, np.zeros(len(home), np.int64)), home, lon, lat, written)
        sink = sink or pyarrow.csv.CSVWriter(path, table.schema)
        sink.write_table(table)
        written += len(table)
    assert sink is not None
    sink.close()
    return written


def _rows(folk: dict, first: np.ndarray, lon: np.ndarray, lat: np.ndarray, before: int) -> pa.Table:
    """Name the columns as towns do; four of them the register does not keep."""
    home = first[folk["household"]]
    building, count = home // HOMES_A_BUILDING, len(home)
    number = np.arange(before, before + count)
    since = np.datetime64("2019-01-01") + number % 2000
    floating = folk["floating"].to_numpy(zero_copy_only=False)
    return pa.table(
        {
            "序号": number + 1,
            "姓名": folk["name"],
            "身份证号": folk["id_number"],
            "性别": pa.array(["男", "女"]).take(pa.array(_women(folk["sex"]))),
            "出生日期": folk["birth_date"],
            "民族": pa.array(["汉族", "土家族"]).take(pa.array(number % 17 == 0).cast("int8")),
            "文化程度": pa.array(["初中", "高中", "大学"]).take(pa.array(number % 3)),
            "联系电话": folk["phone"],
            "与户主关系": folk["relation"],
            "人户状态": pa.array(["人户一致", "人户分离"]).take(pa.array(floating).cast("int8")),
            "流动人口": pa.array(["否", "是"]).take(pa.array(floating).cast("int8")),
            "流入日期": pa.array(since, mask=~floating),
            "流出日期": pa.nulls(count, pa.date32()),
            "楼栋编码": _numbered("B", building),
            "地址": _numbered("桥头路", building),
            "房号": pa.array(home % HOMES_A_BUILDING // 2 * 100 + 101 + home % 2).cast(pa.string()),
            "户号": pa.array(["1"] * count),
            "经度": lon[building].round(bench._coverage.DIGITS),
            "纬度": lat[building].round(bench._coverage.DIGITS),
            "备注": pa.array(["", "老党员"]).take(pa.array(number % 29 == 0).cast("int8")),
        }
    )


def _women(sex: pa.Array) -> pa.Array:
    return pa.compute.equal(sex, "female").cast("int8")


def _numbered(word: str, numbers: np.ndarray) -> pa.Array:
    return pa.compute.binary_join_element_wise(word, pa.array(numbers).cast(pa.string()), "")
