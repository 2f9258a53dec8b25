"""Other systems as somebody at the keyboard meets them: keys, another city, webhooks, exchange."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from test_walk_cases_cli import said
from test_walk_import import cells, folder, wangge

__all__ = ["folder", "wangge"]
Run = Callable[..., object]


def requests(*ids: str) -> str:
    return json.dumps(
        [
            {
                "service_request_id": one, "status": "open", "service_name": "Pothole",
                "service_code": "p1", "requested_datetime": "2020-01-01T15:35:11-05:00",
                "updated_datetime": "2020-01-01T15:35:11-05:00", "lat": 30.0078125,
                "long": 114.0078125,
            }
            for one in ids
        ]
    )  # fmt: skip


def test_other_systems_at_the_keyboard(wangge: Run, folder: Path) -> None:
    (folder / "cells.geojson").write_text(cells("AB"))
    said(wangge("import", "cells", "cells.geojson"))
    assert said(wangge("open311", "key", "FixMyStreet", "--per-hour", "9")).startswith("o311_")
    assert said(wangge("open311", "keys")) == "1\tFixMyStreet\tany\t9/h\t0 reports\n"
    assert "revoked" in said(wangge("open311", "revoke", "1"))
    assert said(wangge("open311", "jurisdiction", "city.gov")) == "city.gov is the whole city\n"
    assert said(wangge("open311", "publish", "event-0113")) == "event-0113\n"
    assert wangge("open311", "publish", "event-9999").returncode == 2  # type: ignore[attr-defined]
    (folder / "b").mkdir()
    (folder / "b" / "1.json").write_text(requests("1", "2"))
    (folder / "b" / "2.json").write_text(requests("2", "3"))
    bring = ("open311", "import", "b", "--source", "boston.gov")
    refused = wangge(*bring)
    assert "every request was refused" in refused.stderr  # type: ignore[attr-defined]
    assert "1 services are in classes.csv; 0 wait" in said(
        wangge(*bring, "--propose", "classes.csv")
    )
    assert "p1,Pothole,4,event-0113,道路破损" in (folder / "classes.csv").read_text()
    tried = said(wangge(*bring, "--classes", "classes.csv", "--dry-run"))
    assert "nothing was written" in tried
    told = said(wangge(*bring, "--classes", "classes.csv"))
    assert "1 requests came again" in told
    assert said(wangge("cases", "list", "--area", "A")).count("boston.gov:") == 3
    handed = said(wangge("exchange", "export", "out.gpkg"))
    assert handed.split() == ["components", "0", "cases", "3"]
    again = said(wangge("exchange", "import", "out.gpkg")).split()
    assert [again[at + 1] for at, word in enumerate(again) if word == "unchanged"] == ["0", "3"]
    assert "all where their last event led" in said(wangge("check"))


def test_webhooks_at_the_keyboard(wangge: Run, folder: Path) -> None:
    add = ("webhook", "add", "https://127.0.0.1:9/hook", "--secret-env", "WANGGE_NO_HOOK")
    added = wangge(*add, "--moves", "file, close")
    assert said(added) == "webhook 1: https://127.0.0.1:9/hook\n"
    assert "WANGGE_NO_HOOK is not set here" in added.stderr  # type: ignore[attr-defined]
    listed = said(wangge("webhook", "list"))
    assert listed.startswith("1\thttps://127.0.0.1:9/hook\teverywhere\tfile,close\twaiting 0\t")
    tried = wangge("webhook", "test", "1")
    assert "WANGGE_NO_HOOK is not set" in tried.stderr  # type: ignore[attr-defined]
    assert said(wangge("webhook", "dead")) == ""
    assert said(wangge("webhook", "resend", "1")) == "0 messages wait to be sent again\n"
    assert wangge(*add, "--moves", "dance").returncode == 2  # type: ignore[attr-defined]
    assert "is off" in said(wangge("webhook", "remove", "1"))
    assert "--private" in wangge("webhook", "add", "http://10.0.0.1/", "--secret-env", "X").stderr  # type: ignore[attr-defined]
