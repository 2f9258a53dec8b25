"""What a phone keeps of the program, computed from the page and the files it leads to.

A page names its styles, scripts and icons; a module names what it imports, a style sheet its
pictures. Whatever is reached that way is kept, so nothing has to be listed by hand and nothing can
be forgotten. The version is made of the hashes of it all.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import maps.frame
from maps.frame import STATIC

PAGE = "/worker"
_FOLDER = Path(__file__).parent / "static"
_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^'"();=]*?(['"])(?P<name>[^'"\n]+)\1""", re.MULTILINE
)
_LATER = re.compile(r"""\bimport\(\s*(['"])(?P<name>[^'"\n]+)\1""")
_BESIDE = re.compile(r"""\bnew URL\(\s*(['"])(?P<name>[^'"\n]+)\1,\s*import\.meta""")
_NAMED = re.compile(rf"""['"`](?P<name>{STATIC}/[\w./-]+\.(?:js|css))['"`]""")
_PICTURE = re.compile(r"""url\(\s*['"]?(?P<name>(?!data:|#)[^'")]+)""")


@dataclass(frozen=True)
class Kept:
    """The paths a phone keeps, and what they are known by together."""

    paths: tuple[str, ...]
    version: str


def kept(pages: Sequence[str], *, more: Iterable[str] = ()) -> Kept:
    """What the page needs that `pages` are the HTML of, one for each language.

    `more` are paths that it reaches by other ways.

    Raises:
        FileNotFoundError: something leads to a file that is not there.
    """
    paths = list(dict.fromkeys([*_of_pages(pages), *more]))
    for path in paths:
        paths.extend(one for one in _leads_to(path) if one not in paths)
    whole = hashlib.sha256()
    for page in pages:
        whole.update(hashlib.sha256(page.encode()).digest())
    for path in sorted(paths):
        whole.update(path.encode() + hashlib.sha256(_content(path)).digest())
    return Kept((PAGE, *sorted(paths)), whole.hexdigest()[:16])


@cache
def imports(paths: tuple[str, ...]) -> tuple[str, ...]:
    """All modules that must be there before modules at `paths` run, these first."""
    found = list(paths)
    for path in found:
        names = (one["name"] for one in _IMPORT.finditer(_content(path).decode()))
        found.extend(one for name in names if (one := _resolved(name, path)) not in found)
    return tuple(found)


def stamp() -> int:
    """When anything that pages are made of was changed last; until then a version stays right."""
    room = _FOLDER.parent
    return max(file.stat().st_mtime_ns for file in room.rglob("*"))


def _of_pages(pages: Sequence[str]) -> Iterator[str]:
    for page in pages:
        inside = maps.frame.Inside(page)
        yield from (path for path in inside.paths if path.startswith(f"{STATIC}/"))
        for script in inside.scripts:
            yield from _modules(script, PAGE)


def _leads_to(path: str) -> Iterator[str]:
    """The paths that a module or a style sheet names."""
    if path.endswith(".js"):
        yield from _modules(_content(path).decode(), path)
    elif path.endswith(".css"):
        for found in _PICTURE.finditer(_content(path).decode()):
            yield _resolved(found["name"], path)


def _modules(text: str, path: str) -> Iterator[str]:
    for how in (_IMPORT, _LATER, _BESIDE, _NAMED):
        yield from (_resolved(found["name"], path) for found in how.finditer(text))


def _resolved(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _content(path: str) -> bytes:
    return (_FOLDER / path.removeprefix(f"{STATIC}/")).read_bytes()


# The icon on the phone's screen

ICONS = (
    ("icon-192.png", 192, "any"),
    ("icon-512.png", 512, "any"),
    ("icon-maskable-512.png", 512, "maskable"),
)


def manifest(language: str) -> dict[str, object]:
    """The web application manifest, in a language."""
    import maps.words

    return {
        "id": PAGE,
        "name": maps.words.say(language, "offline.long_name"),
        "short_name": maps.words.say(language, "offline.name"),
        "description": maps.words.say(language, "offline.about"),
        "lang": maps.words.TAGS[language],
        "start_url": PAGE,
        "scope": PAGE,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#1d5f82",
        "icons": [
            {
                "src": f"{STATIC}/worker/{name}",
                "sizes": f"{side}x{side}",
                "type": "image/png",
                "purpose": purpose,
            }
            for name, side, purpose in ICONS
        ],
    }
