"""OGC's own test suite over a served town, where its jar is; how its results are counted."""

from pathlib import Path

import pytest
from conformance import run

RESULTS = """<testng-results><suite><test><class>
<test-method is-config="true" status="FAIL" name="setUp"/>
<test-method status="PASS" name="landingPage"/><test-method status="PASS" name="items"/>
<test-method status="SKIP" name="times"/>
<test-method status="FAIL" name="boxes"><exception><message> two, not one </message></exception></test-method>
</class></test></suite></testng-results>"""


def test_the_suite_of_ogc_finds_nothing_wrong(still_base: str) -> None:
    jar = run.known_jar()
    if jar is None:
        pytest.skip("OGC'S SUITE ABSENT: name its all-in-one jar in WANGGE_ETS_JAR")
    told = run.run(jar, f"{still_base}/ogc")
    assert told["failed"] == 0, told["why"]
    assert told["passed"]


def test_results_are_counted_without_what_sets_up(tmp_path: Path) -> None:
    path = tmp_path / "testng-results.xml"
    path.write_text(RESULTS)
    assert run.counted(path) == {
        "passed": 2, "failed": 1, "skipped": 1, "why": ["boxes: two, not one"],
    }  # fmt: skip
