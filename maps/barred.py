"""What stands where a page would be, for somebody whose role may not open it."""

from __future__ import annotations

import maps.shell
from gis.access import RIGHTS, Right, Role
from maps.shell import Shell

_NAMED = {
    "/desk": "page.nav.desk",
    "/plan": "page.nav.plan",
    "/register": "page.nav.register",
    "/editors": "page.nav.community",
}


def page(shell: Shell, role: Role, right: Right) -> str:
    """Render it: which page it would be, whose it is, where one may go; no script is in it."""
    return maps.shell.page(
        "barred.html",
        shell,
        themes=(),
        called=shell.say(_NAMED[shell.path]) if shell.path in _NAMED else shell.path,
        role=role,
        roles=[one for one in Role if right in RIGHTS.get(one, ())],
        work=maps.shell.page_of(role),
    )
