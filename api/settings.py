"""Every knob, each with its help line. Read from the environment as WANGGE_<NAME>."""

from __future__ import annotations

import os
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Basemap(StrEnum):
    """What lies under the cells."""

    NONE = "none"
    TIANDITU = "tianditu"
    AMAP = "amap"
    OSM = "osm"


def _default_home() -> Path:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Path("/var/lib/wangge") if is_root else Path.home() / ".local/share/wangge"


class Settings(BaseSettings):
    """The settings of one running Wangge."""

    model_config = SettingsConfigDict(env_prefix="WANGGE_", env_ignore_empty=True)

    home: Path = Field(default_factory=_default_home, description="where the private store lives")
    database_url: str | None = Field(
        None, description="postgresql://… of a PostGIS of your own, instead of the private one"
    )
    app_database_url: str | None = Field(
        None,
        description="the same database for the role wangge_app, which the pages connect as; "
        "without it they take that role inside each transaction",
    )
    pooler: bool = Field(
        False,
        description="whether the addresses lead to a pooler that hands out connections by "
        "transaction, as PgBouncer does: then no statement is prepared",
    )
    register_key: SecretStr | None = Field(
        None,
        description="key that seals names, ids and phones: base64 of 32 bytes; without it one "
        "is made and kept in the home",
    )
    host: str = Field("127.0.0.1", description="address the pages are served on")
    port: int = Field(8000, ge=0, le=65535, description="port the pages are served on")
    allowed_hosts: str = Field(
        "", description="further names this server is asked by, separated by commas"
    )
    lock_after: int = Field(
        5, ge=1, le=100, description="failures to sign in, in a row, that lock an account"
    )
    lock_minutes: int = Field(15, ge=1, description="for how many minutes it stays locked")
    oidc_issuer: str | None = Field(
        None, description="https address of the city's OpenID Connect provider, to sign in there"
    )
    oidc_client_id: str | None = Field(None, description="what that provider calls this program")
    oidc_client_secret: SecretStr | None = Field(None, description="the secret it shares with us")
    oidc_name: str = Field("统一身份认证", description="what the button to it is called")
    basemap: Basemap = Field(Basemap.NONE, description="none, tianditu, amap or osm")
    tianditu_key: str | None = Field(None, description="key for 天地图 tiles, a browser key")
    time_zone: str = Field(
        "Asia/Shanghai",
        description="zone of the working calendar, of all times on pages, and of times in files "
        "that name no offset",
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no time zone; write Asia/Shanghai …")
        return name

    def today(self) -> date:
        """The day it is in the town."""
        return datetime.now(ZoneInfo(self.time_zone)).date()

    @property
    def hosts(self) -> frozenset[str]:
        """The names this server answers to."""
        told = {name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip()}
        return frozenset({"127.0.0.1", "localhost", "[::1]", self.host.lower()} | told)
