"""The page at `/sign-in`: a form that works without a script; signed in, one's own account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import maps.shell
from gis.access import Role
from maps.shell import Shell


@dataclass(frozen=True)
class Demo:
    """An account of the demo town, which one button signs in."""

    login: str
    name: str
    role: Role
    charge: str


@dataclass(frozen=True)
class Me:
    """Whoever is signed in, in words."""

    login: str
    name: str
    role: Role
    charge: Sequence[str]
    has_password: bool


@dataclass(frozen=True)
class Asked:
    """What the page was asked: where to go on to, what was typed, what went wrong or well."""

    next: str = "/"
    login: str = ""
    fault: str = ""
    done: str = ""


def page(
    shell: Shell,
    asked: Asked,
    *,
    me: Me | None = None,
    demo: Sequence[Demo] = (),
    oidc: str | None = None,
    keeps_cookie: bool = True,
) -> str:
    """Render the page; every value is escaped, no script is in it."""
    return maps.shell.page(
        "sign_in.html", shell, themes=(), asked=asked, me=me, demo=demo, oidc=oidc,
        keeps_cookie=keeps_cookie,
    )  # fmt: skip


POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
"""Its content policy: no script at all."""
