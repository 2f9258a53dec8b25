"""Walking over a page in a real browser: screens, and waiting for what one looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Error

DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
NASTY = """<img src=x onerror="window.hurt=1"></script><script>window.hurt=1</script>'"><b onmouseover=alert(1)>"""

_LOST = "Failed to load resource: net::"
_LOOK_MS, _ALIKE = 100, 4
_SHOWN = """() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(() => shown(
    document.body.innerHTML + document.getAnimations().filter(
        (one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime < Infinity).length))))"""
_COLOURS = """() => {
    const seen = new Set();
    for (const canvas of document.querySelectorAll('canvas.leaflet-tile')) {
        const { width, height } = canvas;
        const pen = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
        pen.drawImage(canvas, 0, 0);
        const { data } = pen.getImageData(0, 0, width, height);
        for (let at = 0; at < data.length; at += 404) if (data[at + 3]) seen.add(`${data[at]},${data[at+1]},${data[at+2]}`);
    }
    return seen.size;
}"""


def heard(page: Any) -> list[str]:
    """What the console says from now on, and scripts that fail.

    Not that a line was lost: tests cut it, and what a page asks for meanwhile is a matter of moments.
    """
    said: list[str] = []
    page.on("console", lambda message: message.text.startswith(_LOST) or said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def until(page: Any, so: str | Callable[[], object], *, seconds: int = 60) -> None:
    """Wait for a JavaScript expression, or for what Python finds on the page.

    Playwright's own waiting needs eval, which our pages forbid. The limit is for a slow machine.
    """
    for _ in range(seconds * 20):
        try:
            if so() if callable(so) else page.evaluate(so):
                return
        except Error as error:  # the page goes on to another just now
            if "context was destroyed" not in error.message:
                raise
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {so}")


def settled(page: Any) -> None:
    """Wait until the page looks the same for a while: nothing comes in, moves or fades."""
    looks: list[str] = []

    def alike() -> bool:
        looks.append(page.evaluate(_SHOWN))
        page.wait_for_timeout(_LOOK_MS)
        return len(looks) >= _ALIKE and len(set(looks[-_ALIKE:])) == 1

    until(page, alike)


def drawn(page: Any, *, whole: bool = True) -> int:
    """Wait until the tiles are painted, or some of them; return how many colours they show."""
    until(page, "document.querySelectorAll('.leaflet-tile-loaded').length > 1")
    if whole:
        until(page, "!document.querySelector('canvas.leaflet-tile:not(.leaflet-tile-loaded)')")
    settled(page)
    colours: int = page.evaluate(_COLOURS)
    return colours
