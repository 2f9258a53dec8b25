"""自检: named checks of the store; each docstring is what a failing check tells to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.case_sheet
import data.db
import data.grid
import data.guards
import data.journal
import data.locate
import gis.geometry

MIN_FREE_GIB = 2


@dataclass(frozen=True)
class Finding:
    """A check's answer: `ok` is True, False, or None when it only remarks on something."""

    name: str
    ok: bool | None
    said: str
    advice: str = ""


def run(store: sa.Engine, *, home: Path | None) -> list[Finding]:
    """Run every check over an open store; `home` is the private store's, if it is one."""
    findings = [Finding("server reachable", True, _server(store))]
    findings += [_disk(home)] if home else []
    with data.db.transaction(store, keep=False) as db:
        findings += [_run(db, check) for check in CHECKS]
    return findings


def _server(store: sa.Engine) -> str:
    with store.connect() as connection:
        return str(connection.scalar(sa.text("SHOW server_version")))


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free / 2**30
    enough = free >= MIN_FREE_GIB
    advice = "" if enough else f"Free some space on the disk of {home}."
    return Finding("disk free", enough, f"{free:,.1f} GiB", advice)


def _run(db: Session, check: Callable[[Session], tuple[bool | None, str]]) -> Finding:
    ok, said = check(db)
    name = check.__name__.replace("_", " ")
    advice = " ".join((check.__doc__ or "").split())
    return Finding(name, ok, said, "" if ok else advice)


def postgis_version(db: Session) -> tuple[bool | None, str]:
    """Install PostGIS 3.1 or newer for this server."""
    version = str(db.scalar(sa.text("SELECT postgis_lib_version()")))
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major, minor) >= (3, 1), version


def text_is_utf8(db: Session) -> tuple[bool | None, str]:
    """Create the database again with ENCODING 'UTF8'; Chinese text needs it."""
    encoding = str(db.scalar(sa.text("SHOW server_encoding")))
    return encoding == "UTF8", encoding


def schema_current(db: Session) -> tuple[bool | None, str]:
    """Run any wangge command that opens the store: it brings the schema up to date."""
    has, newest = data.db.schema_state(db.get_bind())  # type: ignore[arg-type]
    return has == newest, f"{has}" if has == newest else f"{has}, newest is {newest}"


def plan_in_force(db: Session) -> tuple[bool | None, str]:
    """Import cells (wangge import cells FILE) or put a draft in force (wangge join --plan NAME)."""
    plan = data.grid.plan_in_force(db)
    count = data.grid.count_in_force(db)
    return plan is not None, f"{plan.name}, {count:,} cells" if plan else "none"


def coverage_sound(db: Session) -> tuple[bool | None, str]:
    """Mend overlaps, gaps and slits in the drawing and import it again; a gap may be a lake."""
    plan = data.grid.plan_in_force(db)
    if plan is None:
        return None, "no cells"
    _, shapes = data.grid.cell_shapes(db, plan)
    flaws = gis.geometry.flaws(shapes)
    overlaps = [flaw for flaw in flaws if flaw.kind == "overlap"]
    gaps = len(flaws) - len(overlaps)
    area = sum(flaw.area_m2 for flaw in flaws)
    said = f"{len(overlaps):,} overlaps, {gaps:,} gaps and slits" + (
        f", {area:,.2f} m²" if flaws else ""
    )
    return (None if gaps and not overlaps else not flaws), said


def every_record_joined(db: Session) -> tuple[bool | None, str]:
    """Run: wangge join. It files every record again by the plan in force."""
    wrong = data.locate.misfiled(db)
    said = ", ".join(f"{count:,} {kind}" for kind, count in wrong.items() if count)
    return not said, said or "all where their place says"


def tallies_true(db: Session) -> tuple[bool | None, str]:
    """Run: wangge join. It counts again what stands in each cell."""
    wrong = data.locate.wrong_tallies(db)
    return wrong == 0, f"{wrong:,} cells differ" if wrong else "as counted now"


def cases_true(db: Session) -> tuple[bool | None, str]:
    """Somebody changed cases behind the program: compare them with a backup."""
    wrong = data.case_sheet.untrue(db)
    return wrong == 0, f"{wrong:,} differ" if wrong else "all where their last event led"


def records_placed(db: Session) -> tuple[bool | None, str]:
    """See them with: wangge unplaced. Give them coordinates, or draw cells where they stand."""
    found = data.locate.count_unplaced(db)
    said = ", ".join(f"{count:,} {kind}" for kind, count in found.items() if count)
    return (None if said else True), said or "none unplaced"


def division_tree_whole(db: Session) -> tuple[bool | None, str]:
    """Import the missing upper divisions: wangge import divisions FILE."""
    orphans = data.grid.orphans(db)
    return (None if orphans else True), f"{orphans:,} without their parent" if orphans else "whole"


def journal_whole(db: Session) -> tuple[bool | None, str]:
    """Somebody changed the journal behind the program: compare it with a backup. Write the head
    down elsewhere now and then; a forged chain is told only by that."""
    chain = data.journal.verify(db)
    said = f"{chain.lines:,} lines, head {chain.head[:16] or 'none'}"
    return not chain.fault, f"{said}; {chain.fault}" if chain.fault else said


def application_kept_in(db: Session) -> tuple[bool | None, str]:
    """Take that from the role as a superuser: ALTER ROLE wangge_app NOSUPERUSER NOBYPASSRLS;
    REVOKE the memberships; ALTER TABLE … OWNER TO the store's owner."""
    ways = data.guards.ways_around(db)
    return not ways, ", ".join(ways) or "wangge_app cannot pass by the row policies"


def rows_protected(db: Session) -> tuple[bool | None, str]:
    """Restore a backup, or as the owner: ALTER TABLE … ENABLE ROW LEVEL SECURITY."""
    bare = data.guards.unprotected(db)
    said = f"without row policies: {', '.join(bare)}" if bare else "policies on every table"
    return not bare, f"{said} of {len(data.guards.PROTECTED)}" if not bare else said


def spatial_index_in_use(db: Session) -> tuple[bool | None, str]:
    """As a superuser: ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF. It cannot
    raise, so it tells nothing; pg_dump forgets the mark. Without it the map is slower."""
    marked = data.guards.overlaps_leakproof(db)
    return marked or None, "beside row policies" if marked else "not beside row policies"


CHECKS = (
    postgis_version,
    text_is_utf8,
    schema_current,
    plan_in_force,
    coverage_sound,
    every_record_joined,
    tallies_true,
    cases_true,
    records_placed,
    division_tree_whole,
    journal_whole,
    application_kept_in,
    rows_protected,
    spatial_index_in_use,
)
