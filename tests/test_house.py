"""The rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import api.cli
import api.settings
import gis.care_sheet
import gis.case_sheet
import gis.community_sheet
import gis.facilities
import gis.grid
import gis.register

ROOT = Path(__file__).parents[1]
ROOMS = ("gis", "data", "maps", "api")
VENDOR = ROOT / "maps/static/vendor"


def _tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def _own_text() -> Iterator[tuple[Path, str]]:
    for path in _tracked():
        if VENDOR in path.parents or path.suffix in {".png", ".lock"} or path == Path(__file__):
            continue
        yield path, path.read_text(encoding="utf-8")


def _python() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_functions_are_short_and_files_hold_one_thing() -> None:
    long_files = [p.name for p in _python() if len(p.read_text().splitlines()) > 400]
    assert long_files == []
    commands = ROOT / "api/commands"  # a command is as long as its options are many
    long_functions = [
        f"{path.relative_to(ROOT)} {node.name}"
        for path in _python()
        if commands not in path.parents
        for node in _functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert long_functions == []


def test_only_one_file_commits() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in _python()
        if re.search(r"\.commit\(", path.read_text())
    ]
    assert guilty == ["data/db.py"]


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) if n.module}
    return {name.partition(".")[0] for name in names}


def _named_but_not_imported(scope: ast.AST, known: frozenset[str] = frozenset()) -> Iterator[str]:
    """Modules of ours that a file names as `data.locate` and nothing around there imports."""
    inner, here = [], [*ast.iter_child_nodes(scope)]
    named: set[str] = set()
    for node in here:  # grows: all but the functions inside
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inner.append(node)
            continue
        here.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            known |= {alias.name for alias in node.names if not alias.asname}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            named.add(f"{node.value.id}.{node.attr}")
    parents = {name.rpartition(".")[0] for name in known} | known
    rooms = {name for name in parents if name in ROOMS}
    for name in sorted(named - parents):
        room, _, module = name.partition(".")
        if room in rooms and (ROOT / room / f"{module}.py").is_file():
            yield name
    for function in inner:
        yield from _named_but_not_imported(function, frozenset(known))


def test_a_module_that_is_named_is_imported_there() -> None:
    found = {
        str(path.relative_to(ROOT)): missing
        for path in _python()
        if (missing := list(_named_but_not_imported(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("fastapi", {"api"}),
        ("starlette", {"api"}),
        ("typer", {"api"}),
        ("geoalchemy2", {"data"}),
        ("pyogrio", {"data"}),
        ("folium", {"maps"}),
    ],
)
def test_a_library_stays_in_its_room(library: str, rooms: set[str]) -> None:
    users = {path.relative_to(ROOT).parts[0] for path in _python() if library in _imports(path)}
    assert users == rooms


def test_no_drawer_for_what_was_not_thought_through() -> None:
    drawers = {"utils", "util", "common", "helpers", "helper", "service", "services", "manager"}
    assert [p.name for p in _python() if p.stem in drawers or p.parent.name in drawers] == []


def test_no_address_of_a_package_registry_or_of_a_foreign_map_server_in_pages() -> None:
    registry = re.compile(
        "|".join(("pypi" r"\.org", "python" r"hosted\.org", "npmjs" r"\.", "unpkg" r"\.com"))
    )
    assert [str(path) for path, text in _own_text() if registry.search(text)] == []
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text()
    assert not (ROOT / "uv.lock").exists()


def test_locks_pin_every_package_by_hash() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        for entry in re.split(r"\n(?=[a-z])", lock.read_text().strip()):
            assert re.match(r"[a-z0-9._-]+==", entry), entry[:60]
            assert "--hash=sha256:" in entry, entry[:60]


def test_vendored_files_are_the_ones_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    told = {entry["file"]: entry["sha256"] for entry in _entries(manifest)}
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in {"manifest.json", "LICENSES.txt"}
    }
    assert found == told


def _entries(node: object) -> Iterator[dict[str, str]]:
    if isinstance(node, dict) and "sha256" in node:
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _entries(value)
    elif isinstance(node, list):
        for value in node:
            yield from _entries(value)


def test_the_guide_to_importing_names_every_field_and_header() -> None:
    guide = (ROOT / "docs/import.md").read_text(encoding="utf-8")
    kinds = (
        gis.grid.CELLS,
        gis.grid.divisions(local_codes=False),
        gis.register.BUILDINGS,
        gis.register.residents(date(2026, 1, 1)),
        gis.facilities.FIELDS,
        gis.case_sheet.fields("Asia/Shanghai"),
        gis.care_sheet.fields(date(2026, 1, 1)),
        gis.community_sheet.FIELDS,
    )
    rows = {
        f"| `{one.name}`{' (required)' if one.required else ''} | {'、'.join(one.headers) or '—'} |"
        for fields in kinds
        for one in fields
        if one.name != "osm"  # what an OSM extract says of itself, not a column to bring
    }
    assert [row for row in rows if row not in guide] == []


def test_the_settings_page_names_every_setting() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    names = [f"WANGGE_{name.upper()}" for name in api.settings.Settings.model_fields]
    assert [name for name in names if f"`{name}`" not in page] == []


def _commands(app: typer.Typer, *before: str) -> Iterator[list[str]]:
    """The words of every command, and of every group with the commands in it."""
    yield list(before)
    for one in app.registered_commands:
        yield [*before, one.name or one.callback.__name__]
    for group in app.registered_groups:
        yield from _commands(group.typer_instance, *before, group.name)


@pytest.mark.parametrize("words", list(_commands(api.cli.app)), ids=" ".join)
def test_every_command_explains_itself(words: list[str]) -> None:
    told = CliRunner().invoke(api.cli.app, [*words, "--help"])
    assert told.exit_code == 0
    assert "Usage:" in told.output


def test_no_text_waits_to_be_filled_in() -> None:
    waiting = [str(p) for p, text in _own_text() if p.suffix == ".md" if "{{" in text]
    assert waiting == []


def test_the_readmes_name_only_commands_that_exist() -> None:
    known = {words[0] for words in _commands(api.cli.app) if words}
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"^\./wangge (\w+)", text, re.MULTILINE)) <= known
