"""Pages of features: what takes too long is told, and not counted."""

from datetime import timedelta

import psycopg
import pytest
from town import wait_for

import data.ogc
import data.ogc_items
import gis.cql
from data.ogc_items import Page, Wanted
from gis.access import ANYBODY
from gis.errors import BadInput

SLOW = " AND ".join(f"NOT ACCENTI(CASEI(name)) LIKE '%{number}%a%b%'" for number in range(40))


async def _page(url: str, **asked: object) -> Page:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        one = await data.ogc.one_of(connection, ANYBODY, "facilities")
        tree = gis.cql.read(SLOW, "cql2-text")
        return await data.ogc_items.page(connection, Wanted(one, filter=tree, **asked))  # type: ignore[arg-type]


def test_a_page_that_takes_too_long_to_find_is_refused_in_words(town_url: str) -> None:
    with pytest.raises(BadInput, match=r"after 0\.001 s this was not found: ask for a smaller"):
        wait_for(_page(town_url, limit=10_000, patience_ms=1))


def test_what_takes_too_long_to_count_is_not_counted(
    town_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wait_for(_page(town_url, limit=1)).matched == 1500
    monkeypatch.setattr(data.ogc_items, "COUNTING_MS", 1)
    hasty = wait_for(_page(town_url, limit=1))
    assert (hasty.returned, hasty.matched) == (1, None)


async def _standing(url: str) -> tuple[int | None, int | None]:
    """How many facilities stand a second before the day one of them is no more, and from it on."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        closing = "UPDATE facility SET valid_to = '2030-01-01' WHERE id = 1 RETURNING valid_to::timestamptz"
        row = await (await connection.execute(closing)).fetchone()
        assert row is not None
        one = await data.ogc.one_of(connection, ANYBODY, "facilities")
        before, after = [
            await data.ogc_items.page(connection, Wanted(one, span=(since, None), limit=1))
            for since in (row[0] - timedelta(seconds=1), row[0])
        ]
        return before.matched, after.matched


def test_a_facility_stands_until_the_day_on_which_it_is_no_more(town_url: str) -> None:
    assert wait_for(_standing(town_url)) == (1500, 1499)
