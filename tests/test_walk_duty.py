"""Duty at a keyboard: who answers and why, leave noted, sheets brought twice, a case assigned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import keyboard
import pytest
import sqlalchemy as sa
from conftest import owning
from test_data_duty import staffed

Run = Callable[..., keyboard.Done]
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture
def wangge(empty_url: str, tmp_path: Path) -> Run:
    """The command line over a store with cells ABCD, their workers and units."""
    with owning(empty_url) as db:
        staffed(db)
        db.execute(
            sa.text(
                "INSERT INTO case_file (code, title, kind, class_code, state, geom, cell_id, "
                "area_no) SELECT 'c-filed', '供水管道破裂', 'event', '0501', 'filed', geom, "
                "cell_id, area_no FROM case_file WHERE code = 'c-new'"
            )
        )

    home = str(tmp_path / "home")
    return partial(
        keyboard.wangge, folder=tmp_path, WANGGE_DATABASE_URL=empty_url, WANGGE_HOME=home
    )


def done(run: keyboard.Done) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_case_is_explained_tried_and_assigned(wangge: Run, empty_url: str) -> None:
    assert done(wangge("assign", "--explain", "c-filed")) == (
        "1. A网格 网格员 张三 在岗，由其负责\n"
        "   张三, worker of A网格, is on duty and answers\n"
        "answers: W1 张三\n"
    )
    tomorrow = TODAY + timedelta(days=1)
    assert "W1 is away from" in done(wangge("duty", "absent", "W1", TODAY, TODAY))
    refused = wangge("duty", "absent", "W1", TODAY, tomorrow)
    assert (refused.returncode, "is away already" in refused.stderr) == (2, True)
    assert wangge("duty", "absent", "W1", tomorrow, TODAY).returncode == 2
    shown = done(wangge("duty", "show", "A")).splitlines()[1:]
    assert shown == [
        "grid_worker 网格员\t张三\t101\tnot on duty 不在岗",
        "backup B角\t李四\t102\ton duty 在岗",
    ]
    later = done(wangge("duty", "show", "A", "--at", f"{tomorrow} 00:00")).splitlines()
    assert later[1].endswith("\ton duty 在岗")

    tried = done(wangge("assign", "c-filed", "--try"))
    assert "A网格 网格员 张三 今日请假" in tried
    assert tried.endswith("case c-filed would be dispatched 将派遣: W2 李四\n")
    assert done(wangge("assign", "c-filed")).endswith("is dispatched 已派遣: W2 李四\n")
    with owning(empty_url) as db:
        held = db.execute(
            sa.text(
                "SELECT f.state, w.code, e.move, e.detail->>'relation' FROM case_file f "
                "JOIN worker w ON w.id = f.worker_id JOIN case_event e ON e.case_id = f.id "
                "WHERE f.code = 'c-filed'"
            )
        ).one()
    assert tuple(held) == ("dispatched", "W2", "dispatch", "backup")
    again = wangge("assign", "c-filed", "--to", "D1")
    assert (again.returncode, "takes no 派遣 dispatch" in again.stderr) == (2, True)
    assert wangge("assign", "c-filed", "--to", "nobody").returncode == 2
    assert "dispatch" in done(wangge("journal"))


def test_sheets_of_duty_come_from_their_templates_and_twice_change_nothing(
    wangge: Run, tmp_path: Path
) -> None:
    sheets = {
        "responsibilities": "责任单位,属主属地,小类代码\nD1,属主,0501\n无此局,属主,0501\n",
        "shifts": "工号,星期,上班时间,下班时间\nW1,周一至周五,8:30,17:30\n无此人,周一,8:00,9:00\n",
        "absences": f"工号,开始,结束\nW2,{TODAY},{TODAY}\n无此人,{TODAY},{TODAY}\n",
        "members": "所属队伍,姓名,电话,网格\nC1,隗双报,13600001234,B\n无此队,蔺双报,,B\n",
    }
    for kind, lines in sheets.items():
        assert "is in" in done(wangge("template", kind, "-o", f"{kind}.xlsx"))
        (tmp_path / f"{kind}.csv").write_text(lines)
        tried = done(wangge("duty", "import", kind, f"{kind}.csv", "--try"))
        assert "dry run: nothing was written" in tried
        first = done(wangge("duty", "import", kind, f"{kind}.csv", "--errors", f"{kind}-x.csv"))
        told = [line.split() for line in first.splitlines()]
        assert (["refused", "1"] in told, ["unchanged", "0"] in told) == (True, True)
        assert "row 3" in first
        assert "无此" in (tmp_path / f"{kind}-x.csv").read_text(encoding="utf-8-sig")
        again = done(wangge("duty", "import", kind, f"{kind}.csv"))
        told = [line.split() for line in again.splitlines()]
        assert (["added", "0"] in told, ["changed", "0"] in told) == (True, True)
    other = wangge("duty", "import", "cells", "shifts.csv")
    assert (other.returncode, "is none of responsibilities" in other.stderr) == (2, True)
