"""How the matrix asks routes of the register, of care and of communities."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from matrix import COUNCIL, FOREIGN_ID, NOW, Ask, Examples
from town import SEAL

from api.actions import follow
from gis.follow import Followed

_GUIDE = {"kind": "service", "title": "居住证办理", "body": "带身份证。"}
_POLL = {
    "title": "加装电梯",
    "body": "",
    "poll_of": "household",
    "options": ["同意", "不同意"],
    "opens_at": NOW - timedelta(days=1),
    "closes_at": NOW + timedelta(days=9999),
}
_NOTICE = {"audience": "public", "title": "停水", "body": "明天停水。"}
_PAGE_ROWS = {
    "notice": _NOTICE,
    "guide": _GUIDE,
    "council": COUNCIL,
    "poll": _POLL | {"opens_at": NOW + timedelta(days=9000)},
}
_PAGES = {
    "notices": ("notice", _NOTICE),
    "guides": ("guide", _GUIDE),
    "meetings": ("council", COUNCIL | {"at": NOW.isoformat()}),
    "polls": ("poll", _POLL | {n: str(_POLL[n]) for n in ("opens_at", "closes_at")}),
}
_CASE_OF = (
    "INSERT INTO case_file (code, title, area_no) SELECT 'F-' || max(id), '积水', :area "
    "FROM case_file RETURNING id"
)

ASKS: Examples = {
    # the register
    ("GET", "/register"): lambda _: [Ask("/register")],
    ("GET", "/register/find"): lambda area: [
        Ask("/register/find", {"q": asked} | where)
        for asked in (area.name, area.phone, area.name[0], area.address)
        for where in ({}, {"cell": area.cell})
    ],
    ("GET", "/register/homes"): lambda area: [Ask("/register/homes", {"cell": area.cell})],
    ("GET", "/register/households/{number}"): lambda area: [
        Ask(f"/register/households/{area.household}")
    ],
    ("GET", "/register/residents/{number}/history"): lambda area: [
        Ask(f"/register/residents/{area.resident}/history")
    ],
    ("GET", "/register/completeness"): lambda area: [
        Ask("/register/completeness"),
        Ask("/register/completeness", {"cell": area.cell}),
    ],
    ("PATCH", "/register/residents/{number}"): lambda area: [
        Ask(
            f"/register/residents/{area.resident}",
            body={
                "version": area.version,
                "changes": {"relation": "户主" if area.version % 2 else "其他"},
            },
        )
    ],
    ("POST", "/register/residents/{number}/unmask"): lambda area: [
        Ask(f"/register/residents/{area.resident}/unmask", body={"reason": "核对电话 to compare"})
    ],
    ("GET", "/worker/day"): lambda _: [Ask("/worker/day")],
    ("GET", "/visits"): lambda area: [Ask("/visits", {"care": area.care})],
    ("POST", "/visits"): lambda area: [
        Ask(
            "/visits",
            body={
                "care": area.care,
                "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
                "channel": "door",
                "finding": "well",
            },
        )
    ],
    ("POST", "/visits/{number}/undo"): lambda area: [Ask(f"/visits/{area.visit}/undo")],
    ("GET", "/indicators"): lambda _: [
        Ask("/indicators", {"by": by, "from": "2026-01-01", "to": "2026-12-31"})
        for by in ("cell", "community", "street", "department")
    ],
    # its sheets, and what waits for a person
    ("GET", "/register/templates/{kind}.xlsx"): lambda _: [
        Ask("/register/templates/residents.xlsx")
    ],
    ("POST", "/register/sheets"): lambda area: [
        Ask(
            "/register/sheets",
            {"dry_run": dry_run},
            file=f"姓名,身份证号,电话,地址\n王某,{FOREIGN_ID},13900001111,{area.address}\n",
            echoes=(FOREIGN_ID, "3201************82"),
        )
        for dry_run in ("true", "false")
    ],
    ("GET", "/register/sheets/{number}/rows"): lambda area: [
        Ask(f"/register/sheets/{number}/rows") for number in (1, 2, 99)
    ],
    ("POST", "/register/rows/{number}"): lambda area: [
        Ask(f"/register/rows/{area.waiting}", body={"values": {}})
    ],
    ("DELETE", "/register/rows/{number}"): lambda area: [Ask(f"/register/rows/{area.waiting}")],
    ("GET", "/register/decisions"): lambda area: [
        Ask("/register/decisions"),
        Ask("/register/decisions", {"cell": area.cell}),
    ],
    ("POST", "/register/decisions/{number}"): lambda area: [
        Ask(f"/register/decisions/{area.undecided}", body={"choice": "kept"})
    ],
    ("GET", "/register/duplicates"): lambda area: [
        Ask("/register/duplicates"),
        Ask("/register/duplicates", {"cell": area.cell}),
    ],
    ("POST", "/register/merges"): lambda area: [
        Ask("/register/merges", body=dict(zip(("keep", "merged"), area.twice(), strict=True)))
    ],
    ("POST", "/register/merges/{number}/undo"): lambda area: [
        Ask(f"/register/merges/{area.merged()}/undo")
    ],
    # the community
    **{
        ("GET", f"/community/{part}"): lambda area, part=part: [
            Ask(f"/community/{part}", {"cell": area.cell}),
            Ask(f"/community/{part}", {"division": area.code}),
        ]
        for part in ("home", "notices", "guides", "facilities", "polls", "meetings", "advisers")
    },
    ("POST", "/community/voter"): lambda area: [
        Ask("/community/voter", body=dict.fromkeys(("name", "resident_id", "phone"), area.name))
    ],
    ("DELETE", "/community/voter"): lambda _: [Ask("/community/voter")],
    ("POST", "/community/polls/{number}/votes"): lambda area: [
        Ask(
            f"/community/polls/{area.posted('poll', _POLL)}/votes",
            body={"choice": 1, "request_id": "r-12345678"},
        )
    ],
    ("POST", "/community/questions"): lambda area: [
        Ask(
            "/community/questions",
            body={"adviser": "cadre", "topic": "低保", "words": "怎么办？", "cell": area.cell},
        )
    ],
    ("POST", "/community/volunteers"): lambda area: [
        Ask(
            "/community/volunteers",
            body={"name": "李四", "phone": "13700001111", "skills": ["陪护"], "cell": area.cell},
        )
    ],
    **{
        ("POST", f"/community/{part}"): lambda area, part=part, told=told: [
            Ask(f"/community/{part}", body=told | {"division": area.code})
        ]
        for part, (_, told) in _PAGES.items()
    },
    **{
        ("PATCH", f"/community/{part}/{{number}}"): lambda area, part=part, table=table: [
            Ask(
                f"/community/{part}/{area.posted(table, _PAGE_ROWS[table])}",
                body={"version": 1, "title": "改过的"},
            )
        ]
        for part, (table, _) in _PAGES.items()
    },
    ("POST", "/community/decisions"): lambda area: [
        Ask(
            "/community/decisions",
            body={"meeting": area.posted("council", COUNCIL), "words": "装灯"},
        )
    ],
    ("PATCH", "/community/decisions/{number}"): lambda area: [
        Ask(
            f"/community/decisions/{area.decided()}",
            body={"version": 1, "state": "done", "outcome": "装好了"},
        )
    ],
    ("GET", "/community/pages/{page}"): lambda _: [
        Ask(f"/community/pages/{part}") for part in (*_PAGES, "decisions")
    ],
    ("DELETE", "/community/pages/{page}/{number}"): lambda area: [
        Ask(f"/community/pages/guides/{area.posted('guide', _GUIDE)}", {"version": "1"}),
        Ask(f"/community/pages/decisions/{area.decided()}", {"version": "1"}),
    ],
    ("POST", "/community/pages/{page}/{number}/restore"): lambda area: [
        Ask(
            "/community/pages/guides/{}/restore".format(
                area.posted("guide", _GUIDE | {"taken_back_at": NOW})
            ),
            {"version": "1"},
        )
    ],
    ("GET", "/community/pages/facilities"): lambda _: [Ask("/community/pages/facilities")],
    ("POST", "/community/facilities"): lambda area: [
        Ask(
            "/community/facilities",
            body={
                "name": f"便民点 {area.code}",
                "lon": area.spot[0],
                "lat": area.spot[1],
                "request_id": f"new-{area.code}",
                "anyway": True,
            },
        )
    ],
    ("PATCH", "/community/facilities/{number}"): lambda area: [
        Ask(area.facility(), body={"version": 1_000_000, "hours": "24/7"})
    ],
    ("GET", "/community/charge"): lambda area: [
        Ask("/community/charge"),
        Ask("/community/charge", {"division": area.code}),
    ],
    ("GET", "/community/work"): lambda area: [
        Ask("/community/work", {"just": str(area.question() + area.application())})
    ],
    ("GET", "/community/asked/{asked}"): lambda _: [
        Ask("/community/asked/questions"),
        Ask("/community/asked/applications", {"state": "waiting"}),
    ],
    ("POST", "/community/questions/{number}/answer"): lambda area: [
        Ask(
            f"/community/questions/{area.question()}/answer",
            body={"version": 1, "words": "请来居委会。"},
        )
    ],
    ("POST", "/community/{asked}/{number}/decline"): lambda area: [
        Ask(f"/community/{path}/decline", body={"version": 1, "words": "不在本社区。"})
        for path in (f"questions/{area.question()}", f"applications/{area.application()}")
    ],
    ("POST", "/community/applications/{number}/accept"): lambda area: [
        Ask(f"/community/applications/{area.application()}/accept", body={"version": 1})
    ],
    ("POST", "/community/{asked}/{number}/contact"): lambda area: [
        Ask(f"/community/{path}/contact", body={"reason": "电话回访答复情况"})
        for path in (f"questions/{area.question()}", f"applications/{area.application()}")
    ],
    ("GET", "/follow/{code}"): lambda area: [
        Ask(f"/follow/{follow.code(Followed.CASE, area.number(_CASE_OF), SEAL)}"),
        Ask("/follow/C222-2222-2222-2222"),
    ],
    ("GET", "/community/guides/{number}"): lambda area: [
        Ask(f"/community/guides/{area.posted('guide', _GUIDE)}")
    ],
}
