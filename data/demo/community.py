"""社区云 of a demo town: what its communities tell, ask and decided; all of it invented."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.questions
import gis.community
from data.demo.guides import CONVENIENCES, HOURS, SERVICES, Guide
from data.seal import Seal
from gis.follow import Asked
from gis.terms_community import AskState

_EVERY_COMMUNITY = "SELECT code, name FROM division WHERE level = 'village' AND valid_to IS NULL"
_OPENING = """
    UPDATE facility f SET hours = h.hours
    FROM unnest(CAST(:names AS text[]), CAST(:hours AS text[])) AS h (name, hours)
    WHERE f.kind = 'service' AND f.name LIKE h.name
"""
_GUIDE = """
    INSERT INTO guide (kind, title, initials, body, materials, place, hours, phone)
    VALUES (:kind, :title, :initials, :body, :materials, :place, :hours, :phone)
"""

# For every community: title or words, day from today, hours that it lasts
_NOTICE = f"""
    INSERT INTO notice (audience, title, body, division_code, from_at, until_at)
    SELECT :audience, :title, replace(:body, '{{社区}}', d.name), d.code,
           CAST(:now AS timestamptz) + CAST(:since AS interval),
           CAST(:now AS timestamptz) + CAST(:until AS interval)
    FROM ({_EVERY_COMMUNITY}) d
"""
_TOWN_NOTICE = """
    INSERT INTO notice (audience, title, body, from_at)
    VALUES ('public', :title, :body, CAST(:now AS timestamptz) - interval '2 days')
"""
_POLL = f"""
    INSERT INTO poll (title, body, poll_of, options, opens_at, closes_at, division_code)
    SELECT :title, :body, :of, :options, CAST(:now AS timestamptz) + CAST(:opens AS interval),
           CAST(:now AS timestamptz) + CAST(:closes AS interval), d.code
    FROM ({_EVERY_COMMUNITY}) d
"""
_BALLOTS = """
    INSERT INTO ballot_box (poll_id, choice, votes)
    SELECT p.id, one.choice, (:shares)[one.choice] + (p.id * 7 + one.choice * 13) % 29
    FROM poll p, generate_series(1, cardinality(p.options)) AS one (choice)
    WHERE p.closes_at < :now
"""
_COUNCIL = f"""
    INSERT INTO council (kind, title, body, place, at, division_code)
    SELECT :kind, :title, :body, '社区议事厅',
           CAST(:now AS timestamptz) - CAST(:ago AS interval), d.code
    FROM ({_EVERY_COMMUNITY}) d
"""
_DECIDED = """
    INSERT INTO council_decision (council_id, words, who, due_on, state, outcome)
    SELECT c.id, :words, :who, CAST(:now AS date) + CAST(:days AS int), :state, :outcome
    FROM council c WHERE c.title = :title
"""

TOWN_NOTICES = (
    ("冬季流感疫苗开打", "60 岁以上老人和 6 个月到 5 岁的孩子可以免费接种。\n\n"
     "请带身份证或预防接种证，到就近的社区卫生服务站，周一到周五上午接种。"),
    ("居民医保集中缴费到年底", "明年的居民医保正在集中缴费，12 月 31 日截止。不会用手机的，"
     "请到社区党群服务中心，工作人员帮您缴。"),
)  # fmt: skip
NOTICES = (
    ("public", "周四上午停水检修", "{社区}部分楼栋因更换阀门，周四 9:00 到 15:00 停水。\n\n"
     "请提前储水；家里有老人、病人需要用水的，请联系网格员，我们送水上门。", "-1 day", "5 days"),
    ("public", "周六义剪和小修小补", "周六上午 9:00 到 12:00，{社区}小广场有理发、磨刀、修鞋、"
     "量血压，60 岁以上老人免费。", "-2 days", "4 days"),
    ("staff", "本周重点：燃气和飞线充电", "入户时请看一眼燃气软管和充电线，发现问题当场说、"
     "当天报。独居老人家里多停两分钟。", "-1 day", "6 days"),
)  # fmt: skip
POLLS = (
    ("单元门口要不要装长椅", "有老人提出，等车、歇脚没有地方坐。拟在单元门口各装一张长椅，"
     "费用从公共收益里出。", "household", ["装", "不装", "先装一处试试"], "-5 days", "9 days",
     None),
    ("小广场晚间开放到几点", "跳舞健身和休息安静，各有各的难处。请每位居民投一票。", "resident",
     ["20:30", "21:00", "21:30"], "-40 days", "-26 days", [210, 330, 90]),
    ("明年先修哪一样", "社区公共收益明年可以安排一个项目，请每户投一票。", "household",
     ["楼道灯", "无障碍坡道", "儿童滑梯", "充电棚"], "6 days", "20 days", None),
)  # fmt: skip
COUNCILS = (
    ("hearing", "老楼加装电梯听证会", "一层和高层的居民、物业、设计单位都到了。一层担心采光和"
     "噪声，高层愿意多摊费用。大家同意先做三号楼，井道用玻璃。", "18 days", (
        ("三号楼先行试点，井道用玻璃", "居委会、设计单位", 30, "open", None),
        ("一层住户的补偿方案，业委会拟出后公示", "业委会", -3, "done", "已公示七天，没有异议"),
     )),
    ("coordination", "停车位协调会", "晚上车位不够，白天空着。街对面的单位愿意夜里借出车位。",
     "45 days", (
        ("夜间 19:00 到次日 7:30 共享车位 40 个", "物业企业", -20, "done", "已启用，先登记先用"),
        ("消防通道划线，禁停", "物业企业", -30, "done", "已划线"),
        ("非机动车棚加装充电桩 12 个", "居委会", 15, "open", None),
     )),
)  # fmt: skip
QUESTIONS = (
    ("cadre", "独居老人吃饭", "我母亲 82 岁，一个人住，老年食堂能不能送餐，怎么收费？", 1, None),
    ("cadre", "楼道堆物", "三楼楼道长期堆着纸箱，劝过几次没有用，社区能不能帮忙协调？", 4, None),
    ("party_member", "孩子升学", "孩子明年上小学，我们是租房住，需要准备什么？", 12,
     "租房的按居住证登记。请在 4 月底前办好居住证和租房备案，5 月带户口簿、接种证到街道登记；"
     "拿不准的，来党群服务中心，我们一起看材料。"),
    ("cadre", "高龄津贴", "父亲下个月满 80 岁，在外地的户口能不能在这里领？", 20,
     "高龄津贴由户籍所在地发放，可以请当地社区网上办理，不用回去。需要我们帮忙联系的，请留"
     "电话。"),
)  # fmt: skip
VOLUNTEERS = (
    ("沈愿", "15499990001", ["陪诊", "送餐"], "周六 09:00-12:00；周日 14:00-17:00"),
    ("郝助", "15499990002", ["水电维修"], "周三 19:00-21:00"),
    ("葛新", "15499990003", ["辅导作业", "英语"], "周六 14:00-17:00"),
)


def add(db: Session, *, seal: Seal, now: datetime) -> None:
    """Add the pages of every community, and what residents of the first ones asked."""
    places, hours = zip(*HOURS, strict=True)
    db.execute(sa.text(_OPENING), {"names": list(places), "hours": list(hours)})
    for kind, guides in (("service", SERVICES), ("convenience", CONVENIENCES)):
        db.execute(sa.text(_GUIDE), [_guide(kind, one) for one in guides])
    for title, body in TOWN_NOTICES:
        db.execute(sa.text(_TOWN_NOTICE), {"title": title, "body": body, "now": now})
    for notice in NOTICES:
        told = dict(zip(("audience", "title", "body", "since", "until"), notice, strict=True))
        db.execute(sa.text(_NOTICE), told | {"now": now})
    for poll in POLLS:
        names = ("title", "body", "of", "options", "opens", "closes", "shares")
        told = dict[str, Any](zip(names, poll, strict=True))
        shares = told.pop("shares")
        db.execute(sa.text(_POLL), told | {"now": now})
        if shares:
            db.execute(sa.text(_BALLOTS), {"shares": shares, "now": now})
    _sit_together(db, now)
    _ask(db, seal, now)
    data.db.bump(db, "community")


def _guide(kind: str, one: Guide) -> dict[str, Any]:
    return vars(one) | {
        "kind": kind,
        "materials": list(one.materials),
        "phone": one.phone or None,
        "initials": gis.community.initials(one.title),
    }


def _sit_together(db: Session, now: datetime) -> None:
    for *council, decisions in COUNCILS:
        told = dict(zip(("kind", "title", "body", "ago"), council, strict=True))
        db.execute(sa.text(_COUNCIL), told | {"now": now})
        names = ("words", "who", "days", "state", "outcome")
        db.execute(
            sa.text(_DECIDED),
            [
                dict(zip(names, one, strict=True)) | {"title": told["title"], "now": now}
                for one in decisions
            ],
        )


_FIRST_CELLS = """
    SELECT c.id, c.division_code FROM grid_cell c JOIN post p ON p.cell_id = c.id
    WHERE p.role = 'grid_worker' GROUP BY c.id ORDER BY c.code COLLATE "C" LIMIT 4
"""


def _ask(db: Session, seal: Seal, now: datetime) -> None:
    cells = db.execute(sa.text(_FIRST_CELLS)).all()
    for (adviser, topic, words, days, answer), cell in zip(QUESTIONS, cells, strict=False):
        asked_at = now - timedelta(days=days)
        told = {"adviser": adviser, "topic": topic, "words": words}
        person = {"name": None, "phone": VOLUNTEERS[0][1] if answer else None}
        number = _asked(db, Asked.QUESTION, told, person, cell, asked_at, seal)
        if answer:
            data.questions.answer(
                db, Asked.QUESTION, number, state=AskState.ANSWERED, words=answer, account=0,
                now=asked_at + timedelta(days=2),
            )  # fmt: skip
    for (name, phone, skills, times), cell in zip(VOLUNTEERS, cells, strict=False):
        offered: dict[str, Any] = {"skills": skills, "times": times}
        applicant: dict[str, str | None] = {"name": name, "phone": phone}
        _asked(db, Asked.APPLICATION, offered, applicant, cell, now - timedelta(days=1), seal)


def _asked(
    db: Session,
    kind: Asked,
    told: dict[str, Any],
    person: dict[str, str | None],
    cell: sa.Row[Any],
    asked_at: datetime,
    seal: Seal,
) -> int:
    row = told | {
        "cell_id": cell.id,
        "division_code": cell.division_code,
        "request_id": None,
        "asked_at": asked_at,
        "due_at": data.questions.due(db, asked_at),
    }
    return data.questions.ask(db, kind, row | data.questions.sealed(person, seal))[0]
