"""The grid worker's phone in a real browser, and cases that lie with him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from accessible import faults
from conftest import Base
from psycopg.rows import dict_row
from test_walk_cases import City
from walking import PHONE, heard, until

SMALL = """() => [...document.querySelectorAll('a, button, summary, textarea, label.camera, input:not([type=file])')]
    .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest('.leaflet-container, .skip'))
    .map((e) => [(e.matches('[type=checkbox], [type=radio]') ? e.closest('label') : e).getBoundingClientRect(), e.outerHTML.slice(0, 90)])
    .filter(([box]) => box.height < 43.5 || box.width < 43.5).map(([, html]) => html)"""


STILL = "document.getAnimations().every(({ playState }) => playState !== 'running')"


THUMB = ".under-thumb .main"


CLOCK = """(() => { // of the page alone: so nothing may wake the service worker, which has the right one
    delete ServiceWorkerRegistration.prototype.sync;
    const [Right, ahead] = [Date, %d];
    globalThis.Date = class extends Right {
        constructor(...told) { if (told.length) super(...told); else super(Right.now() + ahead); }
        static now() { return Right.now() + ahead; }
    };
})()"""


class Worker(City):
    """The demo town, and cases that lie with its worker."""

    def __init__(self, base: Base, url: str) -> None:
        super().__init__(base, url)
        (self.his,) = self.rows(
            """SELECT w.code, c.code AS cell, c.name, ST_X(p) AS lon, ST_Y(p) AS lat
               FROM account a JOIN worker w ON w.id = a.worker_id JOIN post o ON o.worker_id = w.id
               JOIN grid_cell c ON c.id = o.cell_id, ST_PointOnSurface(c.geom) p
               WHERE a.login = 'worker' ORDER BY c.code COLLATE "C" LIMIT 1"""
        )

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the town's store."""
        with psycopg.connect(self.url, row_factory=dict_row) as store:
            return store.execute(query, values).fetchall()

    def give(self, words: str = "单元门口垃圾没有入桶", **told: Any) -> str:
        """Report a case in his cell and dispatch it to him, due today at any hour; its code."""
        place = {"lon": self.his["lon"], "lat": self.his["lat"]}
        code = self.report(description=words, **{"class": "0110", **place, **told})
        self.move(code, "file", condition=1)
        self.move(code, "dispatch", worker=self.his["code"])
        self.do(
            "UPDATE case_file SET due_at = (date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai') "
            "+ interval '23:59:59') AT TIME ZONE 'Asia/Shanghai' WHERE code = %s",
            code,
        )
        return code

    def state(self, code: str) -> str:
        return str(self.rows("SELECT state FROM case_file WHERE code = %s", code)[0]["state"])


@contextmanager
def phone(
    town: Worker,
    browser: Any,
    *,
    login: str = "worker",
    forgive: str = "",
    ahead: timedelta = timedelta(),
    **how: Any,
) -> Iterator[Any]:
    """`/worker` of a demo account, signed in as people are; by default on a phone.

    No script error, no policy violation, no other host; the console may say what `forgive` is part
    of. `page.sent` is what left the phone, whose clock is `ahead`.
    """
    context = browser.new_context(**{**PHONE, **how})
    context.add_init_script(CLOCK % (ahead / timedelta(milliseconds=1)))
    if login:
        form, same = {"login": login, "next": "/style"}, {"Origin": str(town.base)}
        assert context.request.post(f"{town.base}/sign-in/demo", form=form, headers=same).ok
    page = context.new_page()
    said = heard(page)
    page.sent = []
    page.on("request", lambda request: page.sent.append((request.url, request.post_data_buffer)))
    page.goto(f"{town.base}/worker")
    yield page
    assert [line for line in said if not forgive or forgive not in line] == []
    ours = (str(town.base), "data:", "blob:")
    assert [url for url, _ in page.sent if not url.startswith(ours)] == []
    context.close()


def usable(page: Any) -> None:
    until(page, "performance.getEntriesByName('usable').length > 0")


def view(page: Any, name: str) -> None:
    """Wait until a view is there, and hold it to: all can be pressed by a thumb and told aloud."""
    until(page, f"document.body.dataset.view === '{name}' && {STILL}")
    assert page.evaluate(SMALL) == []
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def queued(page: Any) -> list[str]:
    return list(page.evaluate("""() => import('/static/worker/queue.js').then(({ all }) => all())
        .then((items) => items.map(({ state }) => state))"""))  # fmt: skip


def sent(page: Any, number: int, *, conflicts: int = 0) -> None:
    """Wait until so many have arrived and so many met a conflict, and nothing else waits."""
    wanted = ["conflict"] * conflicts + ["done"] * number
    for _ in range(1200):
        if sorted(queued(page)) == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {wanted}; {queued(page)}")
