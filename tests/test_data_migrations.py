"""The schema goes up and down, and is what the models say."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers

import data.db
import data.models_accounts
import data.models_care
import data.models_cases
import data.models_community
import data.models_desk
import data.models_network
import data.models_partners
import data.models_plans
import data.models_register
import data.models_tiles
from data.models import Base
from gis.errors import Unavailable


def _tables(store: sa.Engine) -> set[str]:
    with store.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        return {row[0] for row in rows} - {"spatial_ref_sys", "alembic_version"}


def test_every_migration_goes_down_and_up_again(store: sa.Engine) -> None:
    has, newest = data.db.schema_state(store)
    assert has == newest
    data.db.migrate(store, "base")
    assert (_tables(store), data.db.schema_state(store)) == (set(), (None, newest))
    data.db.migrate(store)
    assert _tables(store) == set(Base.metadata.tables)


def test_the_migrated_schema_is_what_the_models_say(store: sa.Engine) -> None:
    with store.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": alembic_helpers.include_object}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_generated_columns_are_computed_by_the_store(store: sa.Engine) -> None:
    square = "SRID=4326;MULTIPOLYGON(((111 30,111.001 30,111.001 30.001,111 30.001,111 30)))"
    with store.begin() as connection:
        connection.execute(sa.text("INSERT INTO grid_plan (name) VALUES ('p')"))
        connection.execute(
            sa.text("INSERT INTO grid_cell (plan_id, code, name, geom) SELECT id, '1', '一', :g "
                    "FROM grid_plan"),
            {"g": square},
        )  # fmt: skip
        area, srid = connection.execute(
            sa.text("SELECT area_m2, ST_SRID(geom_3857) FROM grid_cell")
        ).one()
    assert srid == 3857
    assert area == pytest.approx(96.49 * 110.86, rel=0.002)  # metres of a milli-degree at 30 N


def test_only_one_plan_can_be_in_force(store: sa.Engine) -> None:
    insert = sa.text("INSERT INTO grid_plan (name, state) VALUES (:name, 'published')")
    with pytest.raises(sa.exc.IntegrityError), store.begin() as connection:
        connection.execute(insert, [{"name": "a"}, {"name": "b"}])


def test_a_schema_from_a_newer_program_is_refused_in_words(store: sa.Engine) -> None:
    with store.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="9999 is newer than this program knows"):
        data.db.ready(store)


def test_an_empty_database_is_made_ready_once(copy_of: object, cluster: object) -> None:
    store = data.db.engine(copy_of("template0"))  # type: ignore[operator]
    data.db.ready(store)
    data.db.ready(store)
    assert _tables(store) == set(Base.metadata.tables)
    store.dispose()
