"""Signing in at the city's OpenID Connect provider: code flow with PKCE, state and nonce.

What must be remembered between leaving and coming back is in a short cookie that only we can
read or make. Nothing of the provider's tokens is kept.
"""

from __future__ import annotations

import secrets
import time
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from api.settings import Settings
from data.seal import Seal
from gis.errors import NotAllowed, NotFound, Unavailable

COOKIE = "wangge_oidc"
PATH = "/sign-in/oidc"
LASTS_S = 600
TIMEOUT_S = 10
CLOCKS_DIFFER_S = 60
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"]
"""Signatures with a key pair only: never `none`, never one made with our own secret."""


@dataclass(frozen=True)
class Leaving:
    """Where to send the browser, and the cookie that remembers why."""

    address: str
    cookie: str


@dataclass(frozen=True)
class Claimed:
    """Whom the provider vouches for, under which names, and where he wanted to go."""

    subject: str
    names: list[str]
    next: str


def is_set(settings: Settings) -> bool:
    """Whether there is a provider to sign in at."""
    return bool(settings.oidc_issuer and settings.oidc_client_id)


def leave(settings: Settings, seal: Seal, *, back: str, next_path: str) -> Leaving:
    """Begin: make the address of the provider's sign-in page.

    Raises:
        NotFound: no provider is set. Unavailable: it does not answer.
    """
    known = _discovered(settings)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with _client(settings, back) as client:
        address, _ = client.create_authorization_url(
            known["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": next_path}
    sealed = seal.seal("oidc", [orjson.dumps({**kept, "at": time.time()}).decode()])[0]
    assert sealed is not None
    return Leaving(address, sealed.hex())


def come_back(
    settings: Settings, seal: Seal, *, back: str, asked: dict[str, str], cookie: str
) -> Claimed:
    """End: exchange the code, and check what the provider says of whom.

    Raises:
        NotAllowed: the answer is not for this browser, too late, or not truly the provider's.
        Unavailable: the provider does not answer.
    """
    kept = _remembered(seal, cookie)
    if not secrets.compare_digest(asked.get("state", "").encode(), kept["state"].encode()):
        raise NotAllowed("this answer of the sign-in is not for this browser; begin again")
    if "error" in asked:
        raise NotAllowed(f"the provider refused: {asked['error'][:80]}")
    known = _discovered(settings)
    token = _exchanged(settings, known, back, asked.get("code", ""), kept["verifier"])
    claims = _verified(settings, known, str(token.get("id_token", "")), kept["nonce"])
    names = [claims["preferred_username"]] if claims.get("preferred_username") else []
    if claims.get("email") and claims.get("email_verified") is True:
        names.append(claims["email"])
    subject = f"{known['issuer']} {claims['sub']}"
    return Claimed(subject, [str(name) for name in names], kept["next"])


def _remembered(seal: Seal, cookie: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = orjson.loads(seal.open("oidc", bytes.fromhex(cookie)) or "{}")
    except (ValueError, Unavailable):
        kept = {}
    if time.time() - kept.get("at", 0) > LASTS_S:
        raise NotAllowed("the sign-in took too long, or began in another browser; begin again")
    return kept


def _client(settings: Settings, back: str) -> Any:
    from authlib.deprecate import (  # type: ignore[import-untyped]
        AuthlibDeprecationWarning,
    )

    # it wishes for another HTTP library, which would be one more to pin; the flow is the same
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]

    secret = settings.oidc_client_secret
    return OAuth2Client(
        settings.oidc_client_id,
        secret.get_secret_value() if secret else None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        scope="openid profile email",
        redirect_uri=back,
        code_challenge_method="S256",
        timeout=TIMEOUT_S,
    )


def _discovered(settings: Settings) -> dict[str, Any]:
    if not is_set(settings):
        raise NotFound("no identity provider is set; see WANGGE_OIDC_ISSUER in docs/settings.md")
    issuer = str(settings.oidc_issuer).rstrip("/")
    known = _json(f"{issuer}/.well-known/openid-configuration")
    if str(known.get("issuer", "")).rstrip("/") != issuer:
        raise Unavailable(f"the identity provider calls itself {known.get('issuer')!r}, "
                          f"not {issuer!r}")  # fmt: skip
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if urlsplit(str(known.get(name))).scheme not in {"https", urlsplit(issuer).scheme}:
            raise Unavailable(f"the identity provider tells no safe {name}")
    return known


def _json(address: str) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.get(address, timeout=TIMEOUT_S)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(
            f"the identity provider does not answer at {address}: {type(error).__name__}"
        ) from error
    return found


def _exchanged(
    settings: Settings, known: dict[str, Any], back: str, code: str, verifier: str
) -> dict[str, Any]:
    import httpx
    from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]

    try:
        with _client(settings, back) as client:
            token: dict[str, Any] = client.fetch_token(
                known["token_endpoint"], code=code, code_verifier=verifier
            )
    except AuthlibBaseError as error:
        raise NotAllowed(f"the provider does not take the code: {error.error}") from error
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable("the identity provider does not answer") from error
    return token


def _verified(
    settings: Settings, known: dict[str, Any], id_token: str, nonce: str
) -> dict[str, Any]:
    """Check the signature by the provider's keys, and for whom, by whom and when it was made."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    keys = _json(known["jwks_uri"])
    try:
        token = jwt.decode(
            id_token,
            KeySet.import_key_set(keys),  # type: ignore[arg-type]
            algorithms=ALGORITHMS,
        )
        jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=CLOCKS_DIFFER_S,
            iss={"essential": True, "value": known["issuer"]},
            aud={"essential": True, "value": str(settings.oidc_client_id)},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
    except (JoseError, ValueError, KeyError) as error:
        raise NotAllowed(
            f"the provider's word cannot be trusted: {type(error).__name__}"
        ) from error
    azp = token.claims.get("azp")
    if azp is not None and azp != settings.oidc_client_id:
        raise NotAllowed("the provider's word was meant for another program")
    return dict(token.claims)
