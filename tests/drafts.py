"""A draft of a plan as the server tells it and as its page shows it, for who walks over that page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from test_walk_cases import City
from walking import settled, until

from gis.access import Role

CROWDED, BESIDE = "990101001004009", "990101001004005"
"""A cell of the demo town with too many households, and one of its neighbours."""
STATE = "import('/static/plan/state.js')"
AT = """([lon, lat]) => import('/static/plan/place.js').then(({ map, pixel }) => {
    const [x, y] = pixel([lon, lat]);
    const { left, top } = map.getContainer().getBoundingClientRect();
    return [x + left, y + top];
})"""
CHOOSE = "(codes) => import('/static/plan/choose.js').then(({ choose }) => choose(codes))"
LOOK = """([lon, lat]) => import('/static/plan/place.js').then(({ map, onMap }) =>
    map.setView(onMap(lon, lat), 19, { animate: false }))"""
ZOOM = "(target) => import('/static/plan/place.js').then(({ zoomTo }) => zoomTo(target))"
MIDDLE = """(code) => Promise.all([import('/static/plan/state.js'), import('/static/plan/shapes.js')])
    .then(([{ state }, { middle }]) => middle(state.cells.get(code).geometry).at)"""
EDGE = """([one, other]) => Promise.all(['grips', 'state', 'place'].map((name) =>
    import(`/static/plan/${name}.js`))).then(([{ gripsOf, sharing }, { state }, { map, onMap }]) => {
    const both = gripsOf(state.cells.get(one)).edges.map(({ middle }) => middle)
        .filter((at) => sharing(at).some(({ properties }) => properties.code === other));
    const at = both[Math.floor(both.length / 2)];
    map.setView(onMap(...at), 19, { animate: false });
    return at;
})"""
"""Brings an edge that two cells share into view; its middle."""


class Drafted:
    """A draft, as the server tells it and as the page shows it."""

    def __init__(self, city: City, name: str, by: Role = Role.PLANNER) -> None:
        self.city, self.name, self.by = city, name, by
        city.ask(by, "POST", "/plans", json={"name": name})
        self.path = f"/plans/{quote(name)}"

    def tell(self, path: str = "") -> Any:
        return self.city.ask(self.by, "GET", self.path + path)

    def cells(self) -> dict[str, Any]:
        return {one["properties"]["code"]: one for one in self.tell("/cells")["features"]}

    def households(self) -> dict[str, int]:
        return {code: one["properties"]["households"] for code, one in self.cells().items()}

    def edits(self) -> list[str]:
        return [one["kind"] for one in self.tell()["edits"]]

    def edit(self, by: Role, **operation: Any) -> Any:
        told = {"operation": operation, "seen": self.tell()["version"], "keep": True}
        return self.city.ask(by, "POST", f"{self.path}/edits", json=told)

    def opened(self, page: Any) -> None:
        """Wait until the page shows this draft, all of it as it is."""
        page.wait_for_selector("#bench h2")
        until(page, lambda: page.locator("#plan-pick").input_value() == self.name)
        self.kept(page, self.tell()["version"])

    def kept(self, page: Any, version: int) -> None:
        """Wait until the page has come to a version, and knows what can be undone then."""
        until(page, f"{STATE}.then(({{ state }}) => state.version === {version} && !state.busy "
                    f"&& state.plan?.version === {version})")  # fmt: skip


def pixel(page: Any, place: list[float]) -> list[float]:
    return page.evaluate(AT, place)


def middle(page: Any, code: str) -> list[float]:
    return pixel(page, page.evaluate(MIDDLE, code))


def click(page: Any, x: float, y: float, **how: Any) -> None:
    page.mouse.move(x, y)
    page.mouse.click(x, y, **how)


def look_at(page: Any, *codes: str) -> None:
    page.evaluate(ZOOM, [*codes])
    settled(page)


def box(cell: Any) -> tuple[float, float, float, float]:
    ring = cell["geometry"]["coordinates"]
    while isinstance(ring[0][0], list):
        ring = ring[0]
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    return min(lons), min(lats), max(lons), max(lats)


def bars(page: Any) -> dict[str, str]:
    """What the card says of cells, by the ends of their codes."""
    lines = page.locator("#bench .live-bars li")
    return {
        lines.nth(n).locator("b").inner_text(): lines.nth(n).locator(".many").inner_text()
        for n in range(lines.count())
    }


def keep(page: Any, draft: Drafted) -> None:
    """Press Enter once there is something to keep, and wait until it is kept."""
    until(page, "document.querySelector('[data-do=keep]:not(:disabled)') !== null")
    before = draft.tell()["version"]
    page.keyboard.press("Enter")
    draft.kept(page, before + 1)


def corners(geometry: Any) -> set[tuple[float, ...]]:
    parts = geometry["coordinates"]
    rings = parts if geometry["type"] == "Polygon" else [ring for part in parts for ring in part]
    return {tuple(at) for ring in rings for at in ring}


def draft_chosen(page: Any) -> list[str]:
    return page.evaluate(f"{STATE}.then(({{ state }}) => [...state.chosen])")


def leaves(page: Any, *, stay: bool) -> list[str]:
    """Go to another page by the bar, or stay when asked; what was asked."""
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss() if stay else dialog.accept()

    page.once("dialog", answer)
    page.click("#nav a[data-page=map]", no_wait_after=True)
    if stay:
        until(page, lambda: asked)
    return asked
