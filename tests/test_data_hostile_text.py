"""Hostile text: characters that are none, garbage, columns without end, depth without end."""

from __future__ import annotations

import json
import random
from pathlib import Path

import hostile
import pytest
from hostile import SQUARE, collection, feature, saved

FILES = hostile.Files()


# Text


@FILES.hostile("NUL")
def nul_escaped(folder: Path) -> Path:
    return saved(folder, "nul.geojson", collection(feature(SQUARE, code="A\0B")))


@FILES.hostile("NUL|none of the formats")
def nul_raw(folder: Path) -> Path:
    padding = feature(None, note="x" * 200_000)
    content = collection(padding, feature(SQUARE, code="A@B")).replace(b"@", b"\0")
    return saved(folder, "nul.geojson", content)


@FILES.hostile("NUL")
def nul_in_csv(folder: Path) -> Path:
    rows = b"".join(b'"P%d","x\0y","POINT (1 1)"\n' % n for n in range(100_000))
    return saved(folder, "nul.csv", b"code,name,wkt\n" + b'"a","b","POINT (1 1)"\n' * 5_000 + rows)


@FILES.hostile("surrogate")
def lone_surrogate(folder: Path) -> Path:
    return saved(folder, "half.geojson", collection(feature(SQUARE, code="\ud800A")))


@FILES.hostile("surrogate|not valid JSON")
def lone_surrogate_in_table(folder: Path) -> Path:
    return saved(folder, "half.json", json.dumps([{"code": "\udc00", "lon": 1, "lat": 2}]).encode())


@FILES.hostile("UTF-8")
def surrogate_in_utf8(folder: Path) -> Path:
    content = collection(feature(SQUARE, code="@")).replace(b"@", b"\xed\xa0\x80")
    return saved(folder, "half.geojson", content)


@FILES.hostile("UTF-16")
def utf16(folder: Path) -> Path:
    return saved(folder, "wide.csv", "code,lon,lat\nA,1,2\n".encode("utf-16"))


@FILES.hostile("header|one line|columns")
def garbage_of_one_line(folder: Path) -> Path:
    return saved(folder, "garbage.csv", b"abcdefghij" * 5_000_000)


@FILES.hostile("none of the formats|text")
def garbage_bytes(folder: Path) -> Path:
    return saved(folder, "garbage.csv", random.Random(1).randbytes(50_000_000))


@FILES.hostile("text")
def garbage_late(folder: Path) -> Path:
    return saved(
        folder, "garbage.csv", b"code,lon,lat\n" + b"A,1,2\n" * 8_000_000 + b"\xff\xff\xff\n"
    )


@FILES.hostile("cannot be read|not valid|UTF-8")
def garbage_json(folder: Path) -> Path:
    return saved(folder, "garbage.json", b'{"features":[' + b"x" * 50_000_000)


@FILES.hostile("100,000 columns")
def csv_of_columns(folder: Path) -> Path:
    header = ",".join(f"c{n}" for n in range(100_000))
    return saved(folder, "wide.csv", f"{header}\n{',' * 99_999}\n".encode())


@FILES.hostile("columns|values")
def json_of_columns(folder: Path) -> Path:
    rows = [{f"k{n}": n} for n in range(100_000)]
    return saved(folder, "wide.json", json.dumps(rows).encode())


@FILES.hostile("columns|values")
def json_of_one_row(folder: Path) -> Path:
    return saved(folder, "wide.json", b"[[" + b"1," * 3_000_000 + b"1]]")


@FILES.hostile("values")
def json_of_lists(folder: Path) -> Path:
    return saved(folder, "lists.json", b"[" + b"[]," * 15_000_000 + b"[]]")


@FILES.hostile("columns|fields")
def geojson_of_columns(folder: Path) -> Path:
    features = [feature(None, **{f"k{n}": n}) for n in range(20_000)]
    return saved(folder, "wide.geojson", collection(*features))


@FILES.hostile("cannot be read|not valid|deep")
def nested_json(folder: Path) -> Path:
    return saved(folder, "deep.json", b"[" * 1_000_000)


@FILES.hostile("cannot be read|no geometry|deep")
def nested_geojson(folder: Path) -> Path:
    deep = b'{"type":"GeometryCollection","geometries":[' * 20_000 + b"]}" * 20_000
    content = collection(feature(0, code="A")).replace(b": 0", b": " + deep)
    return saved(folder, "deep.geojson", content)


@FILES.hostile("cannot be read|no geometry|deep|columns")
def nested_properties(folder: Path) -> Path:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    return saved(
        folder, "deep.geojson", collection(feature(SQUARE, code=0)).replace(b": 0", b": " + deep)
    )


@FILES.hostile("too short to be the rows")
def csv_of_letters(folder: Path) -> Path:
    return saved(folder, "letters.csv", b"code,lon,lat\n" + b"a\n" * 20_000_000)


@pytest.mark.parametrize("name", FILES)
def test_is_refused_in_words_cheaply_and_before_a_store_is_started(
    name: str, tmp_path: Path
) -> None:
    hostile.is_refused(*FILES[name], tmp_path)
