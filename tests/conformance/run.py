"""Run OGC's own executable test suite of OGC API Features (Core and CRS) over a served town.

    python tests/conformance/run.py --json
    python tests/conformance/run.py --url http://localhost:8000/ogc

Without --url the small demo town is served for the run. The suite is the all-in-one jar of
org.opengis.cite:ets-ogcapi-features10 (Java 17): the one that --jar or WANGGE_ETS_JAR names, else
one that Maven has already, else one that Maven fetches. Where no repository has it, `mvn package`
in the source of the suite makes it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from defusedxml import ElementTree

ROOT = Path(__file__).parents[2]
GROUP, ARTIFACT, VERSION = "org.opengis.cite", "ets-ogcapi-features10", "1.9"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
ARGUMENTS = """<?xml version="1.0" encoding="UTF-8"?>
<properties version="1.0">
  <entry key="iut">{url}</entry>
  <entry key="noofcollections">-1</entry>
</properties>
"""
"""Without the usual document type: the suite would fetch it from the network, or fail."""
LONGEST_S = 1800
STATES = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


class Missing(Exception):
    """The suite, or what runs it, is not on this machine."""


def known_jar() -> Path | None:
    """The jar of the suite, as far as it is on this machine."""
    if told := os.environ.get("WANGGE_ETS_JAR"):
        return Path(told)
    kept = Path.home() / ".m2" / "repository" / GROUP.replace(".", "/") / ARTIFACT
    return max(kept.glob("*/*-aio.jar"), default=None)


def fetched_jar(folder: Path) -> Path:
    """Let Maven fetch the jar.

    Raises:
        Missing: Maven is not here, or has no such jar.
    """
    if shutil.which("mvn") is None:
        raise Missing("there is no mvn to fetch the suite with; name its jar in WANGGE_ETS_JAR")
    coordinates = f"{GROUP}:{ARTIFACT}:{VERSION}:jar:aio"
    command = [
        "mvn",
        "-B",
        "-q",
        PLUGIN,
        f"-Dartifact={coordinates}",
        f"-DoutputDirectory={folder}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = next(folder.glob("*-aio.jar"), None)
    if done.returncode or found is None:
        raise Missing(
            f"Maven finds no {coordinates}; make it from its source, and name it by --jar"
        )
    return found


@contextmanager
def served() -> Iterator[str]:
    """Serve the small demo town from a folder of its own; yield its landing page."""
    with tempfile.TemporaryDirectory(prefix="wangge-ets-") as home:
        Path(home).chmod(0o755)  # the store's own user looks into it
        town = subprocess.Popen(
            [sys.executable, "-c", "from api.cli import main; main()", "demo", "--port", "0"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "WANGGE_HOME": home, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        try:
            assert town.stdout is not None
            for line in town.stdout:
                if line.startswith("ready "):
                    yield f"{line.split()[1]}/ogc"
                    return
            raise Missing("the demo town cannot be served here")
        finally:
            town.terminate()
            town.wait(60)


def run(jar: Path, url: str) -> dict[str, object]:
    """Run the suite over the API at `url`; how many tests passed, failed and were skipped."""
    with tempfile.TemporaryDirectory(prefix="wangge-ets-") as folder:
        arguments = Path(folder, "arguments.xml")
        arguments.write_text(ARGUMENTS.format(url=escape(url)))
        command = ["java", "-jar", str(jar), "-o", folder, str(arguments)]
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
        results = next(Path(folder).rglob("testng-results.xml"), None)
        if results is None:
            raise Missing(f"the suite did not run: {(said.stderr or said.stdout)[-500:]}")
        return counted(results)


def counted(results: Path) -> dict[str, object]:
    """Count the tests of a file of results; `why` says of each that failed what was wrong."""
    methods = [
        one
        for one in ElementTree.parse(results).iter("test-method")
        if one.get("is-config") != "true"
    ]
    states = Counter(STATES[one.get("status", "FAIL")] for one in methods)
    why = [
        f"{one.get('name')}: {(one.findtext('.//message') or '').strip()[:300]}"
        for one in methods
        if one.get("status") == "FAIL"
    ]
    return {state: states[state] for state in STATES.values()} | {"why": why}


def main() -> int:
    """Run it; 0 where nothing failed, 1 where something did, 2 where the suite is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", help="landing page of a served API, ending in /ogc")
    parser.add_argument("--jar", type=Path, help="the all-in-one jar of the suite")
    parser.add_argument("--json", action="store_true", help="tell the counts as JSON")
    asked = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="wangge-ets-") as folder:
            jar = asked.jar or known_jar() or fetched_jar(Path(folder))
            if asked.url:
                told = run(jar, asked.url)
            else:
                with served() as url:
                    told = run(jar, url)
    except Missing as error:
        print(error, file=sys.stderr)
        return 2
    why = told.pop("why")
    assert isinstance(why, list)
    print(json.dumps(told) if asked.json else f"{told}")
    print(*why, sep="\n", file=sys.stderr)
    return 1 if told["failed"] or not told["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
