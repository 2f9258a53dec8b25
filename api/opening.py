"""What every command opens: the settings, the store, and the name of who works here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gis.errors import BadInput

if TYPE_CHECKING:
    from api.running import Opened
    from api.settings import Settings
    from gis.access import Viewer


def settings(**given: object) -> Settings:
    """Read the settings; what is given on the command line goes before the environment."""
    from pydantic import ValidationError

    from api.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"WANGGE_{str(f['loc'][0]).upper()}: {f['msg']}" for f in error.errors()]
        raise BadInput("; ".join(faults)) from error


@contextmanager
def opened(settings: Settings, *, supervise: bool = False) -> Iterator[Opened]:
    """Open the store for one command, and close it cleanly."""
    import api.running
    import api.show

    api.running.stop_on_sigterm()
    with api.running.opened(settings, say=api.show.say, supervise=supervise) as opened:
        yield opened


def operator() -> Viewer:
    """Who works at this machine, as the operating system knows him."""
    import getpass

    import gis.access

    try:
        return gis.access.operator(f"cli:{getpass.getuser()}")
    except (KeyError, OSError):
        return gis.access.operator("cli")
