"""Where PostgreSQL and its PostGIS are on this machine, and words for when they are not."""

import glob
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gis.errors import Unavailable

PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # rpm packages
    "/opt/homebrew/opt/postgresql@*/bin",  # Homebrew on Apple silicon
    "/usr/local/opt/postgresql@*/bin",  # Homebrew on Intel
)
HOW_TO_INSTALL = (
    "On Debian and Ubuntu: `apt-get install {package}`; on macOS: `brew install postgresql@17 "
    "postgis`. Or name a PostGIS database of your own in WANGGE_DATABASE_URL."
)


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL: its folder of programs, major version, and PostGIS or not."""

    folder: Path
    major: int
    postgis: bool

    def program(self, name: str) -> str:
        """The full path of `initdb`, `postgres` …"""
        return str(self.folder / name)


def installed() -> list[Binaries]:
    """Every PostgreSQL server found, those with PostGIS first, then the newest first.

    WANGGE_PG_BIN names the one folder to look in instead.
    """
    found = [one for folder in _folders() if (one := _inspect(folder))]
    return sorted(found, key=lambda one: (one.postgis, one.major), reverse=True)


def choose(major: int | None = None) -> Binaries:
    """The best installed PostgreSQL, of that major version if one is given.

    Raises Unavailable, with how to install it, when there is none or it lacks PostGIS.
    """
    every = installed()
    fitting = [one for one in every if major in (None, one.major)]
    if not every:
        raise Unavailable(
            f"No PostgreSQL server was found in {_looked_in()}. "
            + HOW_TO_INSTALL.format(package="postgresql postgis 'postgresql-*-postgis-3'"),
            places=_looked_in(),
        )
    if not fitting:
        raise Unavailable(_other_version(major, every), major=major)
    if not fitting[0].postgis:
        raise Unavailable(_without_postgis(fitting[0]), major=fitting[0].major)
    return fitting[0]


def _folders() -> list[Path]:
    if named := os.environ.get("WANGGE_PG_BIN"):
        return [Path(named)]
    folders = [Path(folder) for place in PLACES for folder in glob.glob(place)]
    if config := shutil.which("pg_config"):
        folders += [Path(line) for line in _ask(config, "--bindir")]
    return list(dict.fromkeys(folders))


def _inspect(folder: Path) -> Binaries | None:
    """None when it is no folder of a PostgreSQL server (but, say, of its client only)."""
    if not all((folder / name).exists() for name in ("postgres", "initdb", "pg_config")):
        return None
    answer = _ask(str(folder / "pg_config"), "--version", "--sharedir")
    version = re.search(r"\d+", answer[0]) if len(answer) == 2 else None
    if version is None:
        return None
    control = Path(answer[1], "extension", "postgis.control")
    return Binaries(folder, int(version[0]), postgis=control.exists())


def _ask(program: str, *questions: str) -> list[str]:
    answer = subprocess.run([program, *questions], capture_output=True, text=True, check=False)
    return answer.stdout.splitlines()


def _looked_in() -> str:
    return os.environ.get("WANGGE_PG_BIN") or ", ".join((*PLACES, "the folder pg_config names"))


def _other_version(major: int | None, every: list[Binaries]) -> str:
    have = ", ".join(str(one.major) for one in every)
    return (
        f"The database was written by PostgreSQL {major}, but only {have} is installed here. "
        f"Install postgresql-{major} with postgresql-{major}-postgis-3 beside it; or carry the "
        f"data over with pg_upgrade, or pg_dump on a machine that has {major}; "
        "or start empty with --reset, which deletes all that is kept."
    )


def _without_postgis(binaries: Binaries) -> str:
    package = f"postgresql-{binaries.major}-postgis-3"
    return (
        f"PostgreSQL {binaries.major} is in {binaries.folder}, but its PostGIS extension is "
        f"missing. {HOW_TO_INSTALL.format(package=package)}"
    )
