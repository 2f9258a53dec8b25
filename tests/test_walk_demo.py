"""A stranger's first minutes: wangge demo by its real command line, and what may happen to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

WANGGE = str(Path(sys.executable).with_name("wangge"))


@pytest.fixture
def own_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wangge 演示 ", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "家"


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return kept | {"WANGGE_HOME": str(home)}


def _run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [WANGGE, *words],
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def started(own_home: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Start a serving command; answer the process and its address once it says ready."""
    processes = []

    def start(*words: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [WANGGE, *words, "--port", "0"],
            env=_environment(own_home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), process.communicate(timeout=20)
        return process, line.split()[1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)
    _run(own_home, "check")  # a server that was killed leaves its cluster to the next: end it


def _json(address: str) -> object:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return json.load(answer)


def _postmasters(home: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if f"{home}/pg" in " ".join(process.info["cmdline"] or [])
    ]


def _wait_until_gone(home: Path) -> list[int]:
    deadline = time.monotonic() + 10
    while _postmasters(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    return _postmasters(home)


def test_demo_serves_the_town_and_sigterm_stops_all(
    own_home: Path, started: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    process, address = started("demo")
    assert _json(f"{address}/overview")["plan"] == "2026 网格方案"  # type: ignore[index]
    assert len(_postmasters(own_home)) >= 1
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "loaded the demo town (small)" in told
    assert f"demo accounts, one click each: {address}/sign-in" in told
    assert _wait_until_gone(own_home) == []

    again, address = started("demo")
    assert _json(f"{address}/overview")["plan"] == "2026 网格方案"  # type: ignore[index]
    again.send_signal(signal.SIGINT)
    _, told = again.communicate(timeout=30)
    assert "nothing was loaded" in told
    assert _wait_until_gone(own_home) == []


def test_a_killed_application_and_a_killed_database_come_back(
    own_home: Path, started: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    process, _ = started("demo")
    process.kill()
    process.communicate(timeout=30)
    assert _postmasters(own_home) != []  # orphaned
    _, address = started("demo")
    spot = f"{address}/locate?lon=0&lat=0"
    assert _json(spot)["cell"] is None  # type: ignore[index]
    oldest = min(_postmasters(own_home), key=lambda pid: psutil.Process(pid).create_time())
    os.kill(oldest, signal.SIGKILL)
    assert _answers_within(spot, seconds=20)


def _answers_within(address: str, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return _json(address) is not None
        except OSError:  # 503 or a refused connection, for a moment
            time.sleep(0.2)
    return False


def test_other_commands_work_beside_a_serving_one(
    own_home: Path, started: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path
) -> None:
    _, address = started("demo")
    before = _json(f"{address}/overview")
    file = tmp_path / "设施.csv"
    file.write_text("编号,名称,经度,纬度\nX1,新厕所,111.2,30.1\n", encoding="utf-8")
    done = _run(own_home, "import", "facilities", str(file), "--datum", "wgs84")
    assert done.returncode == 0, done.stderr
    assert _json(f"{address}/overview") != before  # the version rose


def test_own_data_is_never_taken_for_the_demo_town(own_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_text("代码,名称\n42,湖北省\n", encoding="utf-8")
    assert _run(own_home, "import", "divisions", str(file)).returncode == 0
    refused = _run(own_home, "demo", "--port", "0")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "1 division rows that are not the demo town's" in refused.stderr
    asked = _run(own_home, "demo", "--port", "0", "--reset")
    assert asked.returncode == 2
    assert "--reset deletes everything in this store, also 1 division rows" in asked.stderr
    assert "1 without their parent" not in _run(own_home, "check").stdout


def test_reset_with_yes_loads_the_town_anew(
    own_home: Path, started: Callable[..., tuple[subprocess.Popen[str], str]], tmp_path: Path
) -> None:
    file = tmp_path / "d.csv"
    file.write_text("代码,名称\n42,湖北省\n", encoding="utf-8")
    assert _run(own_home, "import", "divisions", str(file)).returncode == 0
    _, address = started("demo", "--reset", "--yes")
    assert _json(f"{address}/overview")["plan"] == "2026 网格方案"  # type: ignore[index]


def test_what_is_wrong_is_said_in_one_sentence(own_home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = _run(own_home, "serve", "--port", str(port))
    assert refused.returncode == 2
    assert f"127.0.0.1:{port} cannot be listened on" in refused.stderr
    assert "Traceback" not in refused.stderr
    refused = _run(own_home, "demo", "--size", "huge")
    assert "--size huge: choose from small, district, city" in refused.stderr


def test_a_postgis_of_one_s_own_serves_instead(own_home: Path, empty_url: str) -> None:
    environment = _environment(own_home) | {"WANGGE_DATABASE_URL": empty_url}
    done = subprocess.run(
        [WANGGE, "locate", "-87.6", "41.8"],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == {"cell": None, "posts": [], "candidates": []}
    assert [path.name for path in own_home.iterdir()] == ["register.key"]  # and no cluster


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "WANGGE_DATABASE_URL is no address"),
        ("postgresql://nobody@127.0.0.1:1/none", "the store does not answer"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_in_words(
    own_home: Path, url: str, said: str
) -> None:
    done = subprocess.run(
        [WANGGE, "check"], env=_environment(own_home) | {"WANGGE_DATABASE_URL": url},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
