"""What every store has from the start, until a city says otherwise: catalogue and holidays.

Written when the schema is made ready. What is there already is left alone, so a city's own
changes stay. The files are sheets like any other; reading them here loads no pandas.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import orjson
import sqlalchemy as sa

_FOLDER = Path(__file__).parent / "catalogues"
_CALENDAR = Path(__file__).parent / "calendars" / "cn.csv"

_LOAD = """
WITH told AS (
    SELECT t.*, row_number() OVER (PARTITION BY system, kind, code ORDER BY place) AS number
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t (
        place int, system text, kind text, major_code text, major_name text, code text, name text,
        filing text, "limit" float8, clock text, closing text, unit_kinds text, skills text,
        basis text)
), added AS (
    INSERT INTO case_class (system, kind, code, name, major_code, major_name, skills)
    SELECT DISTINCT ON (system, kind, code) system, kind, code, name, major_code, major_name,
           array_remove(string_to_array(skills, '、'), '')
    FROM told ORDER BY system, kind, code, place
    ON CONFLICT DO NOTHING RETURNING id, system, kind, code
), conditions AS (
    INSERT INTO case_condition
        (class_id, number, filing, amount, clock, closing, unit_kinds, basis)
    SELECT added.id, number, filing, "limit", clock, closing, string_to_array(unit_kinds, '、'),
           basis
    FROM told JOIN added USING (system, kind, code)
    ORDER BY system, kind, code, number
)
INSERT INTO data_version (layer, version) SELECT 'catalogue', 1 FROM added LIMIT 1
ON CONFLICT (layer) DO UPDATE SET version = data_version.version + 1
"""

_LOAD_DAYS = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t (day date, kind text, name text)
), added AS (
    INSERT INTO calendar_day (day, kind, name) SELECT * FROM told t
    WHERE NOT EXISTS (SELECT FROM calendar_day d
                      WHERE date_trunc('year', d.day) = date_trunc('year', t.day))
    ON CONFLICT DO NOTHING RETURNING day
)
INSERT INTO data_version (layer, version) SELECT 'calendar', 1 FROM added LIMIT 1
ON CONFLICT (layer) DO UPDATE SET version = data_version.version + 1
"""


def load(connection: sa.Connection) -> None:
    """Add the public classes that the store has not, and the holidays of years it knows none of."""
    rows = [{**row, "place": place} for place, row in enumerate(public_rows())]
    connection.execute(sa.text(_LOAD), {"rows": orjson.dumps(rows).decode()})
    with _CALENDAR.open(encoding="utf-8", newline="") as file:
        days = list(csv.DictReader(file))
    connection.execute(sa.text(_LOAD_DAYS), {"rows": orjson.dumps(days).decode()})


def public_rows() -> Iterator[dict[str, str]]:
    """Read the rows of the catalogues that come along; the file's name is the system's code."""
    for path in sorted(_FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield {"system": path.stem, **row}
