"""How soon a page can be used on a slow phone, and how smoothly the desk's map moves.

The program itself serves a demo town (`--size`, the city of 20,000 cells unless told otherwise) to
a real Chromium that is made four times slower and put on a line of 1.6 Mbit/s and 150 ms.

- worker: from the address to the moment the list of the day is painted and can be used (the page
  marks it `usable`, and the bench presses a line of it to see that it is); the first time with
  nothing kept, and again from what the phone keeps, of several runs the median; the kilobytes that
  crossed the line before it could be used
- desk: the longest time between two frames while a dispatcher of the whole city drags the map about
  over its cells and open cases, four times slower; of several runs the median. Beside it the same
  at full speed, and dragging an empty sheet of the same size four times slower: what the machine
  itself takes, where it has no graphics card
- outside: requests to any other host
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench._served import commanded, served
from bench._side_by_side import last_line, table

SLOWER = 4
RUNS = 5
YIELDS = 10
"""The program and its store yield to the browser: in life they are another machine."""
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
WANTED = {"worker_first_s": 3.0, "worker_cached_s": 1.0, "worker_kib": 300.0,
          "desk_worst_frame_ms": 50.0, "outside_requests": 0.0}  # fmt: skip
USABLE = "performance.getEntriesByName('usable')[0]?.startTime"
FRAMES = """() => { window.frames_seen = []; let last = performance.now(); const one = (now) => {
    window.frames_seen.push(now - last); last = now; requestAnimationFrame(one); };
    requestAnimationFrame(one); }"""
SHEET = """<body style="margin:0"><canvas width="1440" height="900"></canvas><script>
    const sheet = document.querySelector('canvas'); let at = null;
    sheet.getContext('2d').fillRect(200, 200, 900, 500);
    onmousedown = (one) => { at = one; }; onmouseup = () => { at = null; };
    onmousemove = (one) => { if (at) sheet.style.transform =
      `translate3d(${one.x - at.x}px, ${one.y - at.y}px, 0)`; };</script>"""
SEEN = "() => window.frames_seen.splice(0)"


class Watched:
    """A page whose line is slow, with what crossed it and whom it asked."""

    def __init__(self, page: Page, base: str, *, slower: int = SLOWER, line: bool = True) -> None:
        self.page, self.base, self.bytes, self.outside = page, base, 0, 0
        page.on("request", self._asked)
        tools = page.context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.on("Network.loadingFinished", self._received)
        if line:
            tools.send("Network.emulateNetworkConditions", LINE)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": slower})

    def _asked(self, request: Any) -> None:
        self.outside += not request.url.startswith((self.base, "data:", "blob:"))

    def _received(self, told: dict[str, Any]) -> None:
        self.bytes += told["encodedDataLength"]

    def usable_s(self, path: str) -> float:
        """Seconds until the page says that it can be used."""
        self.page.goto(self.base + path, wait_until="commit")
        for _ in range(1200):
            if (at := self.page.evaluate(USABLE)) is not None:
                return float(at) / 1000
            self.page.wait_for_timeout(25)
        raise SystemExit(f"{path} was not usable after 30 s")


def _signed_in(browser: Browser, base: str, role: str, **how: Any) -> BrowserContext:
    context = browser.new_context(**how)
    page = context.new_page()
    page.goto(f"{base}/sign-in")
    page.locator(f'form[action="/sign-in/demo"] button[value*="{role}"]').first.click()
    page.wait_for_url(f"{base}/**")
    page.close()
    return context


def worker(browser: Browser, base: str) -> dict[str, Any]:
    """The phone: first and from what it keeps."""
    context = _signed_in(browser, base, "worker", **PHONE)
    first = Watched(context.new_page(), base)
    first_s = first.usable_s("/worker")
    kib = first.bytes / 1024
    first.page.locator("[data-stop]").first.click()
    first.page.wait_for_timeout(6000)  # what it keeps comes in behind
    first.page.close()
    again, cached = [], []
    for _ in range(RUNS):
        again.append(Watched(context.new_page(), base))
        cached.append(again[-1].usable_s("/worker"))
        again[-1].page.wait_for_timeout(2000)
        again[-1].page.close()
    context.close()
    return {"worker_first_s": first_s, "worker_kib": kib, "cached": sorted(cached),
            "outside": sum(one.outside for one in (first, *again))}  # fmt: skip


def desk(browser: Browser, base: str, *, slower: int) -> dict[str, float]:
    """The desk: the map dragged to and fro over cells and cases."""
    context = _signed_in(browser, base, "dispatcher", **DESK)
    watched = Watched(context.new_page(), base, slower=slower, line=False)
    watched.page.goto(f"{base}/desk")
    watched.page.wait_for_timeout(6000)
    frames = _dragged(watched.page)
    context.close()
    return {"worst": frames[-1], "p99": frames[int(len(frames) * 0.99)],
            "outside": watched.outside}  # fmt: skip


def nothing(browser: Browser) -> float:
    """The worst frame of dragging an empty sheet about."""
    context = browser.new_context(**DESK)
    watched = Watched(context.new_page(), "about:", line=False)
    watched.page.set_content(SHEET)
    worst = _dragged(watched.page)[-1]
    context.close()
    return worst


def _dragged(page: Page) -> list[float]:
    """Milliseconds between frames while the page is dragged to and fro, the shortest first."""
    page.evaluate(FRAMES)
    page.mouse.move(800, 500)
    frames: list[float] = []
    for _ in range(3):  # closer each time; what counts is the dragging and what comes in behind it
        page.evaluate(SEEN)
        for step_x, step_y in ((-300, 0), (0, -250), (300, 250), (0, 250)):
            page.mouse.down()
            page.mouse.move(800 + step_x, 500 + step_y, steps=30)
            page.mouse.up()
            page.wait_for_timeout(700)
            page.mouse.move(800, 500)
        frames += page.evaluate(SEEN)
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(1500)
    return sorted(round(one, 1) for one in frames)


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--size", default="city", help="small, district or city")
    words.add_argument("--home", type=Path, help="a store made before, kept; else one is made")
    words.add_argument("--port", type=int, default=8765)
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    home = asked.home or Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    home.chmod(0o755)
    try:
        with served(home, size=asked.size, port=asked.port, yields=YIELDS) as base:
            commanded(home, "accounts", "charge", "dispatcher", "--everything")
            figures = _measured(base)
    finally:
        if asked.home is None:
            shutil.rmtree(home, ignore_errors=True)
    last_line(figures, wanted=asked.json)


def _measured(base: str) -> dict[str, float]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        phone, empty = worker(browser, base), nothing(browser)
        full, *slow = (desk(browser, base, slower=one) for one in (1, *[SLOWER] * RUNS))
        browser.close()
    worst = sorted(one["worst"] for one in slow)
    figures = {
        "worker_first_s": phone["worker_first_s"],
        "worker_cached_s": median(phone["cached"]),
        "worker_kib": phone["worker_kib"],
        "desk_worst_frame_ms": median(worst),
    }
    figures["outside_requests"] = phone["outside"] + sum(one["outside"] for one in (full, *slow))
    table([
        ("", "measured", "wanted at most"),
        *((name, f"{value:.2f}", f"{WANTED[name]:g}") for name, value in figures.items()),
        ("worker, each cached run, s", " ".join(f"{one:.2f}" for one in phone["cached"]), ""),
        ("desk, worst of each run, ms", " ".join(f"{one:.0f}" for one in worst), ""),
        ("desk, 99 of 100 frames, ms", f"{median(one['p99'] for one in slow):.1f}", ""),
        ("an empty sheet, worst, ms", f"{empty:.1f}", ""),
        ("desk worst at full speed, ms", f"{full['worst']:.1f}", ""),
    ])  # fmt: skip
    return figures


if __name__ == "__main__":
    main()
