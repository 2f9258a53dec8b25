"""What the columns of a table are called in Chinese, for people who read it in a spreadsheet.

Columns that the import knows have the first heading that it knows them by.
"""

from __future__ import annotations

from collections.abc import Mapping

from gis.rows import Field

_SHARED = {
    "id": "序号", "code": "编码", "name": "名称", "division_code": "社区编码",
    "community": "社区", "cell_code": "网格编码", "building_code": "楼栋编码",
    "building": "楼栋", "number": "房号", "address": "地址", "area_m2": "面积（平方米）",
    "cells": "网格数", "buildings": "楼栋数", "dwellings": "房屋数", "households": "实有户数",
    "households_declared": "户数", "residents": "人口数", "facilities": "设施数",
    "cases": "案卷数", "open_cases": "未结案卷数", "hidden": "不公开的数字",
    "hidden_dwellings": "房屋数不公开的网格", "hidden_households": "实有户数不公开的网格",
    "hidden_residents": "人口数不公开的网格", "hidden_cases": "案卷数不公开的网格",
    "hidden_open_cases": "未结案卷数不公开的网格",
    "lon": "经度", "lat": "纬度", "wkt": "几何",
}  # fmt: skip


def chinese(fields: tuple[Field, ...]) -> Mapping[str, str]:
    """The headings of columns: those of the import's fields, else the words above.

    Coordinates of a system other than WGS-84 have none: their names tell the system.
    """
    return _SHARED | {one.name: one.headers[0] for one in fields if one.headers}
