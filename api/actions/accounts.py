"""账号 and 登录: making accounts and putting them in charge; signing in and out.

Those in charge of accounts work at the command line of the store's machine; each of the first
acts is theirs. The others are everybody's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

import data.accounts
import data.journal
import data.scope
import data.sign_in
from data.accounts import Charged, Known
from gis.access import Role, Viewer
from gis.errors import BadInput, Conflict, NotAllowed, NotFound

TOKEN_DAYS, TOKEN_DAYS_MOST = 90, 366


# Accounts


def add(  # noqa: PLR0913 - an account has as many facts
    store: sa.Engine,
    login: str,
    *,
    role: Role,
    name: str,
    charges: list[Charged],
    worker: str | None,
    password: str | None,
    by: Viewer,
    unit: str | None = None,
) -> Known:
    """Add an account and put it in charge; without a password it signs in elsewhere (OIDC).

    Raises:
        BadInput, Conflict, NotFound: in words; nothing was added.
    """
    login = data.accounts.read_login(login)
    hashed = None if password is None else data.sign_in.hash_of(password, login=login)
    with data.scope.transaction(store, by) as db:
        number = data.accounts.add(
            db, login, role=role, name=name, worker=worker, unit=unit, password_hash=hashed
        )
        data.accounts.put_in_charge(db, number, charges)
        told = data.accounts.known(db, login=login)[0]
        data.journal.write(
            db, actor=by.login, act="account-add", subject=login, role=role, charge=told.charge
        )
        return told


def put_in_charge(
    store: sa.Engine, login: str, charges: list[Charged], *, only: bool, by: Viewer
) -> Known:
    """Put an account in charge of more, or, with `only`, of nothing else from today."""
    with data.scope.transaction(store, by) as db:
        number = data.accounts.number_of(db, login)
        if only:
            data.accounts.end_charges(db, number)
        data.accounts.put_in_charge(db, number, charges)
        told = data.accounts.known(db, login=data.accounts.read_login(login))[0]
        data.journal.write(
            db, actor=by.login, act="account-charge", subject=told.login, charge=told.charge
        )
        return told


def change(
    store: sa.Engine,
    login: str,
    *,
    role: Role | None = None,
    name: str | None = None,
    worker: str | None = None,
    unit: str | None = None,
    by: Viewer,
) -> Known:
    """Change role, name, worker or unit of an account, and let a closed one in again."""
    with data.scope.transaction(store, by) as db:
        data.accounts.change(db, login, role=role, name=name, worker=worker, unit=unit, active=True)
        told = data.accounts.known(db, login=data.accounts.read_login(login))[0]
        data.journal.write(
            db, actor=by.login, act="account-change", subject=told.login, role=told.role
        )
        return told


def set_password(store: sa.Engine, login: str, password: str, *, by: Viewer) -> None:
    """Give an account a new password; it is signed out everywhere."""
    hashed = data.sign_in.hash_of(password, login=data.accounts.read_login(login))
    with data.scope.transaction(store, by) as db:
        number = data.accounts.number_of(db, login)
        data.accounts.set_password(db, number, hashed)
        ended = data.sign_in.end_all(db, number)
        data.journal.write(
            db, actor=by.login, act="account-password", subject=login, sessions_ended=ended
        )


def close(store: sa.Engine, login: str, *, by: Viewer) -> int:
    """Let nobody in by this account any more; return how many sessions ended at once."""
    with data.scope.transaction(store, by) as db:
        number = data.accounts.change(db, login, active=False)
        ended = data.sign_in.end_all(db, number)
        data.journal.write(
            db, actor=by.login, act="account-close", subject=login, sessions_ended=ended
        )
        return ended


def unlock(store: sa.Engine, login: str, *, by: Viewer) -> None:
    """Take off the lock that failures brought."""
    with data.scope.transaction(store, by) as db:
        data.accounts.unlock(db, data.accounts.number_of(db, login))
        data.journal.write(db, actor=by.login, act="account-unlock", subject=login)


def sign_out_of(store: sa.Engine, login: str, *, by: Viewer) -> int:
    """Sign an account out everywhere, programs too; return how many sessions ended."""
    with data.scope.transaction(store, by) as db:
        ended = data.sign_in.end_all(db, data.accounts.number_of(db, login))
        data.journal.write(db, actor=by.login, act="sign-out", subject=login, sessions_ended=ended)
        return ended


def known(store: sa.Engine, *, login: str | None = None, by: Viewer) -> list[Known]:
    """The accounts, by login; or the one of that login.

    Raises:
        NotFound: no account has that login.
    """
    asked = None if login is None else data.accounts.read_login(login)
    with data.scope.transaction(store, by, keep=False) as db:
        found = data.accounts.known(db, login=asked)
    if asked is not None and not found:
        raise NotFound(f"there is no account {login!r}", field="login", value=login)
    return found


# Signing in


@dataclass(frozen=True)
class Patience:
    """How many failures in a row lock an account, and for how long."""

    failures: int = data.sign_in.FAILURES
    locked_for: timedelta = data.sign_in.LOCKED_FOR


def sign_in(store: sa.Engine, login: str, password: str, *, patience: Patience) -> str:
    """Sign in with a password; return the token for the cookie.

    Who fails is told one sentence, after the same time, whether the login is none, the password
    wrong or the account locked. The password is compared between two transactions: it takes long.

    Raises:
        NotAllowed: that sentence.
    """
    try:
        login = data.accounts.read_login(login)
    except BadInput:
        login = ""  # which no account has
    with data.sign_in.at_door(store) as db:
        knocked = data.sign_in.knock(db, login)
    fits = data.sign_in.fits(knocked.password_hash, password)
    with data.sign_in.at_door(store) as db:
        if fits and data.sign_in.let_in(db, knocked.id):
            return _begin(db, knocked.id, knocked.login, "password")
        if not fits and data.sign_in.turn_away(
            db, knocked.id, failures=patience.failures, locked_for=patience.locked_for
        ):
            data.journal.write(db, actor="door", act="lock", subject=knocked.login)
    minutes = round(patience.locked_for.total_seconds() / 60)
    raise NotAllowed(
        "登录名或密码不对 the login or the password is wrong; "
        f"after {patience.failures} failures in a row an account stays locked for {minutes} minutes"
    )


def _begin(db: sa.orm.Session, account: int, login: str, how: str) -> str:
    _, token = data.sign_in.begin(db, account)
    data.journal.write(db, actor=login, act="sign-in", subject=how)
    return token


def sign_in_demo(store: sa.Engine, login: str) -> str:
    """Sign in as an account of the demo town, which has no password.

    The caller sees to it that this machine asks.

    Raises:
        NotAllowed: it is none of the demo's accounts.
    """
    with data.sign_in.at_door(store) as db:
        account = data.sign_in.demo_account(db, login)
        if account == 0 or not data.sign_in.let_in(db, account):
            raise NotAllowed(f"{login!r} is none of the demo town's accounts")
        return _begin(db, account, login, "demo")


def demo_accounts(store: sa.Engine) -> list[Known]:
    """The accounts of the demo town, if this is one."""
    with data.sign_in.at_door(store) as db:
        return [one for one in data.accounts.known(db) if one.is_demo and one.active]


def sign_in_by_oidc(store: sa.Engine, subject: str, names: list[str]) -> str:
    """Sign in whom the city's identity provider knows as `subject`.

    The first time, the account whose login is one of `names` becomes his, if it has no password
    and belongs to nobody else. No account is made.

    Raises:
        NotAllowed: no account is his.
    """
    with data.sign_in.at_door(store) as db:
        found = data.sign_in.account_of_subject(db, subject, [name.lower() for name in names])
        if found is None or not data.sign_in.let_in(db, found[0]):
            raise NotAllowed(
                "没有您的账号 nobody has made an account for you here; "
                f"the administrator can add one with the login {' or '.join(names) or subject}"
            )
        return _begin(db, *found, "oidc")


def sign_out(store: sa.Engine, session: int, *, by: Viewer, everywhere: bool = False) -> int:
    """End this session, or all of one's own, programs too; return how many."""
    with data.scope.transaction(store, by) as db:
        if everywhere:
            ended = data.sign_in.end_all(db, by.account)
        else:
            ended = int(data.sign_in.end(db, by.account, session))
        data.journal.write(
            db, actor=by.login, act="sign-out", subject=by.login, sessions_ended=ended
        )
        return ended


def change_password(
    store: sa.Engine, session: int, *, old: str, new: str, by: Viewer, patience: Patience
) -> None:
    """Change one's own password; every other session of one's own ends.

    Raises:
        BadInput: the new one is no password. NotAllowed: the old one is wrong; it counts as a
        failure to sign in.
    """
    hashed = data.sign_in.hash_of(new, login=by.login)
    with data.sign_in.at_door(store) as db:
        knocked = data.sign_in.knock(db, by.login)
    fits = knocked.password_hash is not None and data.sign_in.fits(knocked.password_hash, old)
    with data.sign_in.at_door(store) as db:
        if fits and data.sign_in.let_in(db, by.account):
            data.accounts.set_password(db, by.account, hashed)
            data.sign_in.end_all(db, by.account, but=session)
            data.journal.write(db, actor=by.login, act="password", subject=by.login)
            return
        if not fits and data.sign_in.turn_away(
            db, by.account, failures=patience.failures, locked_for=patience.locked_for
        ):
            data.journal.write(db, actor="door", act="lock", subject=by.login)
    raise NotAllowed("原密码不对 the old password is wrong, or the account is locked for a while")


def make_token(
    store: sa.Engine, label: str, *, days: int = TOKEN_DAYS, by: Viewer
) -> tuple[int, str]:
    """Make a token for a program; return its number and itself, which is shown only now.

    Raises:
        BadInput: no label, or too many days. Conflict: too many tokens.
    """
    label = " ".join(label.split())
    if not 0 < len(label) <= 80 or not label.isprintable():
        raise BadInput(f"{label!r} names no token; take 1 to 80 letters", field="label")
    if not 1 <= days <= TOKEN_DAYS_MOST:
        raise BadInput(f"a token lasts 1 to {TOKEN_DAYS_MOST} days, not {days}", field="days")
    with data.scope.transaction(store, by) as db:
        if data.sign_in.tokens(db, by.account) >= data.sign_in.TOKENS_MOST:
            raise Conflict(
                f"you have {data.sign_in.TOKENS_MOST} tokens already; take some back first"
            )
        made = data.sign_in.begin(db, by.account, label=label, lasts=timedelta(days=days))
        data.journal.write(db, actor=by.login, act="token-add", subject=label, days=days)
        return made


def end_token(store: sa.Engine, number: int, *, by: Viewer) -> None:
    """Take back a token of one's own.

    Raises:
        NotFound: it is none of one's own.
    """
    with data.scope.transaction(store, by) as db:
        if not data.sign_in.end(db, by.account, number, kind="bearer"):
            raise NotFound(f"you have no token {number}", field="number", value=number)
        data.journal.write(db, actor=by.login, act="token-end", subject=str(number))


def charges_of(
    areas: list[str], cells: list[str], *, everything: bool, until: date | None
) -> list[Charged]:
    """The charges somebody is told in words: divisions, cells, everything; until a day."""
    return [
        *(Charged(division=code, valid_to=until) for code in areas),
        *(Charged(cell=code, valid_to=until) for code in cells),
        *([Charged(everything=True, valid_to=until)] if everything else []),
    ]
