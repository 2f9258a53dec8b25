"""Streams: few at once, their places given back; numbers are not tried by the thousand."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

import data.db
from api.pace import MOST, Guess, Pace
from api.streaming import MOST_STREAMS, Gate
from gis.access import Viewer
from gis.errors import TooOften, Unavailable


def test_a_gate_lets_so_many_in_and_those_who_left_again() -> None:
    gate = Gate(2)
    gate.enter()
    gate.enter()
    with pytest.raises(Unavailable, match="many downloads"):
        gate.enter()
    gate.leave()
    gate.enter()


def test_the_pace_is_kept_for_each_account_and_act() -> None:
    pace = Pace()
    for _ in range(MOST[Guess.BRING]):
        pace.step(Viewer(1), Guess.BRING)
    with pytest.raises(TooOften, match="bring a sheet more than 60 times an hour"):
        pace.step(Viewer(1), Guess.BRING)
    pace.step(Viewer(2), Guess.BRING)
    pace.step(Viewer(1), Guess.LOOK_UP)


def stalled(base: str, path: str) -> socket.socket:
    """Ask for a long answer and take nothing of it."""
    host, port = base.removeprefix("http://").split(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.connect((host, int(port)))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return line


@pytest.mark.parametrize("path", ["/layers/buildings.geojson", "/export/facilities.geojson"])
def test_clients_that_take_nothing_stop_nobody_else(
    server: Callable[..., Any], town: sa.Engine, town_url: str, path: str
) -> None:
    with data.db.transaction(town) as db:
        for table in ("building", "facility"):  # longer than any buffer of the way
            columns = "name, address, geom, cell_id"
            db.execute(
                sa.text(
                    f"INSERT INTO {table} (code, {columns}) SELECT code || '-' || n, "
                    f"coalesce(name, '') || repeat('长', 300), address, geom, cell_id "
                    f"FROM {table}, generate_series(1, 20) n"
                )
            )
    base = server(town_url)
    lines = [stalled(base, path) for _ in range(MOST_STREAMS)]
    time.sleep(1)
    refused = httpx.get(base + path, timeout=20)
    assert (refused.status_code, "many downloads" in refused.json()["detail"]) == (503, True)
    assert httpx.get(f"{base}/overview", timeout=20).status_code == 200
    assert httpx.get(f"{base}/register/find?q=王", headers=base.headers, timeout=20).is_success
    for line in lines:
        line.close()
    for _ in range(100):
        if httpx.get(base + path, timeout=20).status_code == 200:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the places were not given back")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%' AND pid <> pg_backend_pid()"
    for _ in range(100):
        with data.db.transaction(town, keep=False) as db:
            if db.scalar(sa.text(waiting)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("transactions of clients that left are still open")
