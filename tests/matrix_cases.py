"""How the matrix asks routes of cases, whistles, the desk, emergencies and duty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from matrix import Area, Ask, Examples

import data.db

COLLECTED = {"kind": "flood", "purpose": "汛期转移低洼住户"}


def _drawn(area: Area) -> list[dict[str, Any]]:
    """A circle in the area, its cell, and all of the town."""
    lon, lat = area.spot
    west, south, east, north = 113, 29, 115, 31
    town = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return [
        {"circle": {"lon": lon, "lat": lat, "radius_m": 400}},
        {"cells": [area.cell]},
        {"shape": {"type": "Polygon", "coordinates": [town]}},
    ]


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def _of_case(area: Area, what: str) -> str:
    return f"/cases/案{area.marks[-1]}/{what}"


def _case(area: Area, what: str) -> Ask:
    return Ask(f"/cases/{area.case}{what}", echoes=(area.marks[-1],))


def _whistles() -> dict[tuple[str, str], Any]:
    """Each act about a whistle of its own, where the table of its life lets it be done."""
    path = "/cases/{code:path}/whistles"
    acts: list[tuple[str, str, str, dict[str, Any]]] = [
        ("", "", "", {"words": "管网不明"}),
        ("/approve", "asked", "named", {}),
        ("/refuse", "asked", "named", {"words": "不属实"}),
        ("/close", "sounding", "finished", {}),
        ("/meetings", "sounding", "claimed", {"at": "2026-12-01T09:00+08:00"}),
        ("/decisions", "meeting", "claimed", {"words": "共同改造"}),
        ("/parties/{party}/rate", "closed", "finished", {"rating": 5}),
        ("/parties/{party}/{act}", "sounding", "invited", {}),
    ]

    def asking(template: str, state: str, party: str, body: dict[str, Any]) -> Any:
        plain = template.replace("{party}", "1").replace("{act}", "claim")
        number = "/1" if template else ""
        return lambda area: [Ask(area.whistled(state, party) + number + plain, body=body)]

    def invite(area: Area) -> list[Ask]:
        code, _ = area.whistled("sounding", "declined"), area.number("SELECT 1")
        with data.db.transaction(area.store) as db:
            other = db.scalar(sa.text("SELECT code FROM network_unit WHERE code <> :own LIMIT 1"),
                              {"own": area.unit})  # fmt: skip
        return [Ask(f"{code}/1/invite", body={"parties": [{"code": other, "part": "lead"}]})]

    def task(area: Area) -> dict[str, Any]:
        due = "2026-12-31T18:00+08:00"
        return {"task": {"unit": area.unit, "words": "迁改", "due_at": due}}

    def done(area: Area) -> list[Ask]:
        path = area.whistled()
        number = area.number(
            "INSERT INTO follow_up (meeting_id, unit_id, words, due_at) SELECT max(g.id), "
            "min(u.id), '迁改', now() FROM meeting g, network_unit u RETURNING id"
        )
        return [Ask(f"{path}/1/tasks/{number}/done", body={"words": "已迁改"})]

    return {
        **{("POST", path + ("/{round}" if one[0] else "") + one[0]): asking(*one) for one in acts},
        ("POST", path + "/{round}/invite"): invite,
        ("POST", path + "/{round}/tasks"): lambda area: [
            Ask(area.whistled() + "/1/tasks", body=task(area))
        ],
        ("POST", path + "/{round}/tasks/{task}/done"): done,
        ("GET", "/whistles"): lambda _: [Ask("/whistles")],
        ("GET", path): lambda area: [Ask(area.whistled())],
        ("GET", path + "/proposal"): lambda area: [Ask(area.whistled() + "/proposal")],
    }


ASKS: Examples = {
    ("GET", "/dispatch/proposal"): lambda area: [
        Ask("/dispatch/proposal", params) for params in ({}, {"area": area.code})
    ],
    ("POST", "/dispatch"): lambda _: [
        Ask("/dispatch", body={"lines": [{"code": "案鸢", "version": 2, "worker": "w1"}]})
    ],
    # emergencies
    ("GET", "/collections"): lambda _: [Ask("/collections")],
    ("POST", "/collections"): lambda area: [
        Ask("/collections", body=_drawn(area)[0] | COLLECTED | {"ends_at": _tomorrow()})
    ],
    ("GET", "/collections/{number}"): lambda area: [Ask(f"/collections/{area.collected()}")],
    ("POST", "/collections/{number}/entries/{entry}"): lambda area: [
        Ask(f"/collections/{area.collected()}/entries/1", body={"state": "reached"})
    ],
    ("POST", "/collections/{number}/entries/{entry}/unmask"): lambda area: [
        Ask(f"/collections/{area.collected()}/entries/1/unmask")
    ],
    ("POST", "/collections/{number}/end"): lambda area: [
        Ask(f"/collections/{area.collected()}/end")
    ],
    # the desk
    ("GET", "/desk/queue"): lambda area: [
        Ask("/desk/queue", params)
        for params in ({}, {"area": area.code}, {"area": area.cell}, {"overdue": True, "limit": 1})
    ],
    ("POST", "/desk/inside"): lambda area: [
        Ask("/desk/inside", body=body) for body in _drawn(area)
    ],
    ("POST", "/desk/inside/cases"): lambda area: [
        Ask("/desk/inside/cases", body=body | {"after": "running_2000-01-01T00:00:00+00:00_1"})
        for body in _drawn(area)
    ],
    ("POST", "/desk/assign"): lambda area: [
        Ask("/desk/assign", body={**body, "to": to}, echoes=area.marks[-1:])
        for body in (_drawn(area)[1], {"codes": [area.case]})
        for to in ({"proposal": True}, {"worker": area.worker})
    ],
    ("GET", "/desk/responders"): lambda _: [
        Ask("/desk/responders", {"lon": 114.3, "lat": 30.6, **more})
        for more in ({}, {"q": "网格"}, {"bbox": "113,30,115,31"})
    ],
    ("GET", "/desk/export"): lambda area: [
        Ask("/desk/export", {"area": area.drawn, "kind": kind, "suffix": suffix})
        for kind in ("cases", "facilities")
        for suffix in ("csv", "gpkg")
    ],
    ("POST", "/desk/notify"): lambda area: [
        Ask(
            "/desk/notify",
            body=_drawn(area)[1] | {"title": "台风", "body": "清点", "until": _tomorrow()},
        )
    ],
    ("GET", "/desk/heat"): lambda _: [Ask("/desk/heat", {"z": z}) for z in (8, 16)],
    ("GET", "/areas"): lambda _: [Ask("/areas")],
    ("POST", "/areas"): lambda area: [Ask("/areas", body=_drawn(area)[0] | {"name": "片区"})],
    ("PUT", "/areas/{number}"): lambda area: [
        Ask(
            f"/areas/{area.drawn}",
            body=_drawn(area)[0] | {"name": "片区", "made_at": _tomorrow()},
        )
    ],
    ("DELETE", "/areas/{number}"): lambda area: [Ask(f"/areas/{area.drawn}")],
    # photographs
    ("POST", "/cases/{code:path}/photos"): lambda area: [
        Ask(_of_case(area, "photos"), file="no photograph", echoes=area.marks[-1:])
    ],
    ("GET", "/cases/{code:path}/photos"): lambda area: [
        Ask(_of_case(area, "photos"), echoes=area.marks[-1:])
    ],
    ("GET", "/cases/{code:path}/photos/{number}.jpg"): lambda area: [
        Ask(_of_case(area, "photos/1.jpg"), echoes=area.marks[-1:])
    ],
    ("GET", "/cases/{code:path}/photos/{number}/thumb.jpg"): lambda area: [
        Ask(_of_case(area, "photos/1/thumb.jpg"), echoes=area.marks[-1:])
    ],
    # cases
    ("POST", "/cases"): lambda area: [
        Ask("/cases", body={"description": "路灯不亮", "lon": area.spot[0], "lat": area.spot[1]})
    ],
    ("GET", "/cases"): lambda area: [
        Ask("/cases", params)
        for params in (
            {},
            {"area": area.code},
            {"area": area.cell},
            {"desk": True},
            {"on": "2026-11-01", "area": area.cell},
            {"on": "2099-01-01"},
        )
    ],
    ("GET", "/cases/{code:path}"): lambda area: [_case(area, "")],
    ("GET", "/cases/{code:path}/moves"): lambda area: [_case(area, "/moves")],
    ("POST", "/cases/{code:path}/moves"): lambda area: [
        replace(_case(area, "/moves"), body={"move": "note", "words": "看过"})
    ],
    ("POST", "/cases/{code:path}/contact"): lambda area: [
        replace(_case(area, "/contact"), body={"reason": "回访核实"})
    ],
    # duty
    ("GET", "/cases/{code:path}/why"): lambda area: [
        Ask(f"/cases/{area.case}/why", echoes=(area.marks[-1],))
    ],
    ("GET", "/duty/responsibilities"): lambda area: [
        Ask("/duty/responsibilities", params) for params in ({}, {"division": area.code})
    ],
    ("POST", "/duty/responsibilities"): lambda area: [
        Ask(
            "/duty/responsibilities",
            body={
                "unit": area.unit,
                "side": "owner",
                "division": area.code,
                "valid_from": area.first_free("responsibility"),
            },
        )
    ],
    ("DELETE", "/duty/responsibilities/{number}"): lambda area: [
        Ask(
            "/duty/responsibilities/{}".format(
                area.duty(
                    "responsibility",
                    "division_code, unit_id, side, valid_from",
                    "division_code, id, 'owner', {begun} FROM network_unit WHERE code = '{unit}'",
                )
            )
        )
    ],
    ("GET", "/duty/workers/{code}"): lambda area: [Ask(f"/duty/workers/{area.worker}")],
    ("PATCH", "/duty/workers/{code}"): lambda area: [
        Ask(f"/duty/workers/{area.worker}", body={"skills": ["供水"], "capacity": 5})
    ],
    ("POST", "/duty/workers/{code}/shifts"): lambda area: [
        Ask(
            f"/duty/workers/{area.worker}/shifts",
            body={
                "weekday": 1,
                "starts": "22:00",
                "ends": "06:00",
                "valid_from": area.first_free("shift"),
            },
        )
    ],
    ("DELETE", "/duty/shifts/{number}"): lambda area: [
        Ask(
            "/duty/shifts/{}".format(
                area.duty(
                    "shift",
                    "worker_id, weekday, starts, ends, valid_from",
                    "id, 2, '08:00', '12:00', {begun} FROM worker WHERE code = '{worker}'",
                )
            )
        )
    ],
    ("POST", "/duty/workers/{code}/absences"): lambda area: [
        Ask(
            f"/duty/workers/{area.worker}/absences",
            body={
                "starts_at": f"{area.first_free('absence')}T08:00",
                "ends_at": f"{area.first_free('absence')}T09:00",
            },
        )
    ],
    ("DELETE", "/duty/absences/{number}"): lambda area: [
        Ask(
            "/duty/absences/{}".format(
                area.duty(
                    "absence",
                    "worker_id, starts_at, ends_at",
                    "id, {begun}, {begun} + 1 FROM worker WHERE code = '{worker}'",
                )
            )
        )
    ],
    ("GET", "/duty/units/{code}"): lambda area: [Ask(f"/duty/units/{area.unit}")],
    ("PUT", "/duty/units/{code}/hours"): lambda area: [
        Ask(
            f"/duty/units/{area.unit}/hours",
            body=[{"weekday": 1, "starts": "08:00", "ends": "18:00"}],
        )
    ],
    ("PUT", "/duty/units/{code}/place"): lambda area: [
        Ask(
            f"/duty/units/{area.unit}/place", body=dict(zip(("lon", "lat"), area.spot, strict=True))
        )
    ],
    ("GET", "/duty/members"): lambda area: [
        Ask("/duty/members"),
        Ask("/duty/members", {"cell": area.cell}),
    ],
    ("POST", "/duty/members"): lambda area: [
        Ask(
            "/duty/members",
            body={"unit": area.unit, "name": "贺新人", "cell": area.cell, "skills": "陪伴"},
        )
    ],
    ("POST", "/duty/members/{number}/unmask"): lambda area: [
        Ask(f"/duty/members/{area.member}/unmask", body={"reason": "核对电话 to compare"})
    ],
    ("DELETE", "/duty/members/{number}"): lambda area: [Ask(f"/duty/members/{area.member}")],
    **_whistles(),
}
