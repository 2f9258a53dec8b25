"""社区云, the rules: opening hours, search, what is written, follow codes, polls."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gis.community
import gis.follow
import gis.pinyin
import gis.polls
from gis.calendar import Calendar, CalendarDay
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.follow import ALPHABET, Followed
from gis.polls import PollState
from gis.terms import DayKind
from gis.terms_community import PollOf

OFFICE = "Mo-Fr 08:30-12:00,14:00-17:30; Sa 09:00-12:00; PH off"
MONDAY = datetime(2026, 11, 23, 9, 0)


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, MONDAY, True),
        (OFFICE, MONDAY.replace(hour=12), False),
        (OFFICE, MONDAY + timedelta(days=5), True),
        (OFFICE, MONDAY + timedelta(days=6), False),
        ("24/7", MONDAY, True),
        ("22:00-06:00", MONDAY.replace(hour=5), True),
        ("Su 22:00-06:00", MONDAY.replace(hour=5), True),
        ("Mo 22:00-06:00", MONDAY.replace(hour=5), False),
        ("Fr-Mo 08:00-24:00", MONDAY.replace(hour=23, minute=59), True),
        ("Mo-Su 08:00-20:00; Mo off", MONDAY, False),
        ("Tu,Th 08:30-11:30", MONDAY, False),
        ("周一至周五", MONDAY, None),
        ("Mo-Fr 25:00-26:00", MONDAY, None),
        ("Mo-Fr", MONDAY, None),
        ("Mo 09:00-09:00", MONDAY, None),
        ("", MONDAY, None),
        (None, MONDAY, None),
    ],
)
def test_open_now(hours: str | None, at: datetime, expected: bool | None) -> None:
    assert gis.community.is_open(hours, at) is expected


SATURDAY = MONDAY + timedelta(days=5)


@pytest.mark.parametrize(
    ("hours", "at", "kind", "is_open", "doubt"),
    [
        (OFFICE, MONDAY, DayKind.HOLIDAY, False, False),
        ("Mo 08:00-10:00", MONDAY, DayKind.HOLIDAY, True, True),
        ("Mo off; PH 08:00-10:00", MONDAY, DayKind.HOLIDAY, True, False),
        ("24/7", MONDAY, DayKind.HOLIDAY, True, False),
        ("周一", MONDAY, DayKind.HOLIDAY, None, False),
        ("Mo-Fr 08:00-17:00", SATURDAY, DayKind.WORKDAY, True, True),
        ("Mo-Fr 08:00-17:00; PH off", SATURDAY, None, False, False),
        (OFFICE, SATURDAY.replace(hour=15), DayKind.WORKDAY, False, True),
        ("Mo-Su 08:00-17:00", SATURDAY, DayKind.WORKDAY, True, False),
        (
            "Mo-Fr 22:00-06:00",
            SATURDAY.replace(hour=5) + timedelta(1),
            DayKind.WORKDAY,
            False,
            True,
        ),
    ],
)
def test_a_holiday_and_a_shifted_work_day_are_as_told_or_it_is_said_that_they_may_differ(
    hours: str, at: datetime, kind: DayKind | None, is_open: bool | None, doubt: bool
) -> None:
    days = {at.date(): kind} if kind else {}
    assert gis.community.is_open(hours, at, days=days) is is_open
    assert gis.community.may_differ(hours, at.date(), days=days) is (kind if doubt else None)


@pytest.mark.parametrize(
    ("word", "name", "is_found"),
    [
        ("wjsq", "江北街道 望江社区", True), ("cql", "重庆路", True), ("zql", "重庆路", True), ("cq", "重阳", False),
        ("ky", "KY广场", False), ("ky", "ky广场", True),
    ],
)  # fmt: skip
def test_a_pattern_finds_letters_and_characters(word: str, name: str, is_found: bool) -> None:
    assert bool(re.search(str(gis.pinyin.pattern(word)), name)) is is_found


@pytest.mark.parametrize("word", ["", "w", "x" * 13, "望江", "w.", "w1", "é" * 2])
def test_what_is_no_word_of_letters_has_no_pattern(word: str) -> None:
    assert gis.pinyin.pattern(word) is None


@given(st.text(alphabet="MoTuSPH 0123456789:-,;off/", max_size=40))
def test_no_text_of_hours_is_too_strange(hours: str) -> None:
    known = gis.community.week(hours)
    assert known is None or len(known) == 8


GUIDES = [
    {"title": title, "initials": gis.community.initials(title), "words": f"{title} {words}"}
    for title, words in [
        ("居民医保参保", "新生儿三个月内"),
        ("居住证办理", "先到社区登记"),
        ("老人居住补贴", "带居住证"),
        ("新生儿落户", "出生医学证明"),
    ]
]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("居住证", ["居住证办理", "老人居住补贴"]),
        ("jzz", ["居住证办理"]),
        ("JMYB", ["居民医保参保"]),
        ("新生儿", ["新生儿落户", "居民医保参保"]),
        ("新生儿 三个月", ["居民医保参保"]),
        ("护照", []),
        ("", [one["title"] for one in GUIDES]),
    ],
)
def test_guides_are_found_by_words_and_initials_the_best_first(q: str, expected: list[str]) -> None:
    assert [one["title"] for one in gis.community.ranked(GUIDES, q)] == expected


def test_all_that_is_wrong_with_a_text_is_told_at_once() -> None:
    told = {
        "title": " ",
        "body": "一\n\n二\x00",
        "options": ["好", "坏" * 101],
        "words": "x" * 2001,
    }
    with pytest.raises(BadInput) as refused:
        gis.community.checked(told, needed=("title",))
    faults = refused.value.facts["faults"]
    assert [one["field"] for one in faults] == ["title", "body", "options", "words"]  # type: ignore[attr-defined]
    # telephones put turning characters around what is copied
    copied = {"name": "\u2068张三\u2069", "contact": "\u202d15490000001\u202c"}
    assert gis.community.checked(copied) == {"name": "张三", "contact": "15490000001"}
    assert gis.community.checked({"title": " 停水 ", "place": " ", "materials": [" 证 ", ""]}) == {
        "title": "停水",
        "place": None,
        "materials": ["证"],
    }


def test_an_answer_is_due_after_so_many_days_of_work() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    holiday = CalendarDay(date(2026, 11, 25), DayKind.HOLIDAY, "假")
    friday = datetime(2026, 11, 20, 10, 0, tzinfo=zone)
    due = gis.community.answer_due(friday, 5, Calendar(days=[holiday]))
    assert due == datetime(2026, 11, 30, 10, 0, tzinfo=zone)


# Follow codes

DIGEST = bytes(range(200, 216))


@given(st.sampled_from(Followed), st.integers(0, 2**44))
def test_a_follow_code_reads_as_it_was_written(kind: Followed, number: int) -> None:
    code = gis.follow.code(kind, number, DIGEST)
    assert set(code) <= set(ALPHABET) | {"-"}
    typed = code.lower().replace("-", " ")
    read_kind, read_number, digest = gis.follow.read(typed)
    assert (read_kind, read_number) == (kind, number)
    assert gis.follow.is_true(digest, DIGEST)
    assert not gis.follow.is_true(digest, bytes(16))


@pytest.mark.parametrize("told", ["", "C", "X222-2222-2222-2222", "C222-2222-2222-222O", "C" * 40])
def test_no_other_text_is_a_follow_code(told: str) -> None:
    with pytest.raises(NotFound, match="look at its letters again"):
        gis.follow.read(told)


# Polls


def test_a_poll_is_coming_open_and_closed() -> None:
    opens, closes = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC)
    states = [
        gis.polls.state(opens, closes, now)
        for now in (opens - timedelta(seconds=1), opens, closes - timedelta(seconds=1), closes)
    ]
    assert states == [PollState.COMING, PollState.OPEN, PollState.OPEN, PollState.CLOSED]


def test_a_poll_nobody_could_vote_in_is_refused_with_all_its_faults() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    poll = {"options": ["好", "好"] * 11, "opens_at": now, "closes_at": now}
    with pytest.raises(BadInput, match=r"22 options.*the same.*closes before it opens"):
        gis.polls.check(poll, now=now)
    over = {"options": ["好", "坏"], "opens_at": now - timedelta(2), "closes_at": now}
    with pytest.raises(BadInput, match="over already"):
        gis.polls.check(over, now=now)


@pytest.mark.parametrize(
    ("outcome", "error", "words"),
    [
        ("voted", Conflict, "your household has voted"),
        ("closed", Conflict, "closed"),
        ("elsewhere", NotAllowed, "live in its community"),
        ("no choice", BadInput, "no such choice"),
        ("unknown", NotFound, "no such poll"),
    ],
)
def test_a_vote_is_refused_in_words(outcome: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        raise gis.polls.refusal(outcome, PollOf.HOUSEHOLD)


def test_a_result_of_few_votes_would_tell_who_voted_what() -> None:
    told = gis.polls.result(["好", "坏"], {1: 4, 2: 0})
    assert (told["votes"], told["hidden"]) == (None, True)
    assert [one["votes"] for one in told["options"]] == [None, None]
    told = gis.polls.result(["好", "坏"], {1: 4, 2: 1})
    assert [one["votes"] for one in told["options"]] == [4, 1]
    assert gis.polls.result(["好", "坏"], {})["votes"] == 0
