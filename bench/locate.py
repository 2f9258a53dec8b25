"""How many questions for the cell of a place a second one server answers.

The program serves a demo town, and beside its own routes one that answers nothing: what a request
costs it before anything is asked. Another server of the same kind has that route alone. All are
asked by as many readers at once, in turn, after every cell was asked for once.

- own route: the same server with all that stands before its routes (headers, hosts, the guard)
- bare route: a Starlette application of one route, without any of that
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from statistics import median

import bench._serve_peers
from bench._serve_load import loaded
from bench._served import served
from bench._side_by_side import last_line, table

NOTHING = "/nothing"
PROGRAM = f"""
from starlette.responses import Response
from api.rules import RULES, Door
from api.routes.locate import router
RULES["GET", "{NOTHING}"] = Door.PUBLIC
@router.get("{NOTHING}")
async def nothing() -> Response:
    return Response(b"")
from api.cli import main
main()
"""
READERS, SECONDS, ROUNDS, PLACES = 32, 4.0, 5, 5000


def measured(base: str, bare: str) -> dict[str, float]:
    """Requests a second of the three, medians of `ROUNDS`."""
    with urllib.request.urlopen(f"{base}/overview") as answer:
        west, south, east, north = json.load(answer)["bbox"]
    draw = random.Random(7)
    paths = [
        f"/locate?lon={draw.uniform(west, east):.6f}&lat={draw.uniform(south, north):.6f}"
        for _ in range(PLACES)
    ]
    asked = [(base, paths), (base, [NOTHING]), (bare, ["/"])]
    for where, one in asked:
        loaded(where, one, seconds=SECONDS, readers=READERS)
    rates: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for rate, (where, one) in zip(rates, asked, strict=True):
            told = loaded(where, one, seconds=SECONDS, readers=READERS)
            if told.refused:
                raise SystemExit(f"{told.refused} of {told.asked} requests were refused")
            rate.append(told.per_s)
    ours, own, empty = map(median, rates)
    table([
        ("", "a second", "us beside it"),
        ("GET /locate", f"{ours:,.0f}", ""),
        ("an empty route of the same server", f"{own:,.0f}", f"{ours / own:.2f}"),
        ("an empty route alone on a server", f"{empty:,.0f}", f"{ours / empty:.2f}"),
    ])  # fmt: skip
    return {"locate_per_s": ours, "locate_vs_own_route": ours / own,
            "locate_vs_bare_route": ours / empty}  # fmt: skip


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--size", default="city", help="small, district or city")
    words.add_argument("--home", type=Path, help="a store made before, kept; else one is made")
    words.add_argument("--port", type=int, default=8770)
    words.add_argument("--json", action="store_true", help="end with one line of JSON")
    asked = words.parse_args()
    home = asked.home or Path(tempfile.mkdtemp(prefix="wangge-bench-"))
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    home.chmod(0o755)
    program = [sys.executable, "-c", PROGRAM]
    try:
        with (
            served(home, size=asked.size, port=asked.port, program=program) as base,
            bench._serve_peers.empty(asked.port + 1) as bare,
        ):
            figures = measured(base, bare)
    finally:
        if asked.home is None:
            shutil.rmtree(home, ignore_errors=True)
    last_line(figures, wanted=asked.json)


if __name__ == "__main__":
    main()
