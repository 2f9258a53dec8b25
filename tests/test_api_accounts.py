"""`wangge accounts`: accounts by the command line, as the first administrator is made."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa
from town import TESTER, inhabit

import api.actions.accounts as acts
import api.cli
import data.db
import data.grid
from api.actions.accounts import Patience

PATIENCE = Patience(5, timedelta(minutes=15))


@pytest.fixture
def wangge(
    store: sa.Engine,
    empty_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: object,
):
    """Run a command on the store; return its exit code, what it printed, what it said."""
    with data.db.transaction(store) as db:
        inhabit(db)
        data.grid.number_areas(db)
    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    monkeypatch.setenv("WANGGE_REGISTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")

    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        import io

        monkeypatch.setattr(sys, "argv", ["wangge", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            api.cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, " ".join(told.err.split())

    return run


def add(wangge, login: str, *words: str, role: str = "administrator", stdin: str = ""):
    return wangge("accounts", "add", login, "--role", role, "--name", "王五", *words, stdin=stdin)


def test_the_first_administrator_is_made_and_signs_in(wangge, store: sa.Engine) -> None:
    code, printed, said = add(wangge, "wang", "--everything", "--random")
    assert (code, "kept nowhere" in said) == (0, True)
    password, line, charge = printed.splitlines()
    assert line == "wang  王五  administrator 管理员  open"
    assert charge == "    in charge of 全部 everything"
    acts.sign_in(store, "wang", password, patience=PATIENCE)
    with data.db.transaction(store) as db:
        lines = db.execute(sa.text("SELECT actor, act, subject, detail FROM journal ORDER BY id"))
        first, *_ = [tuple(line) for line in lines]
    assert first[0].startswith("cli")
    assert first[1:3] == ("account-add", "wang")
    assert password not in str(first)


def test_a_charge_is_told_in_words_with_its_end(wangge) -> None:
    told = ["--area", "420106001", "--cell", "D", "--until", "2999-12-31", "--password-stdin"]
    code, printed, _ = add(wangge, "li", *told, role="leader", stdin="a long password\n")
    assert code == 0
    assert printed.splitlines()[1:] == [
        "    in charge of 望江街道 420106001000 → 2999-12-31",
        "    in charge of D网格 D → 2999-12-31",
    ]
    code, printed, _ = wangge("accounts", "charge", "li", "--cell", "A", "--only")
    assert printed.splitlines()[1:] == ["    in charge of A网格 A"]
    code, printed, _ = wangge("accounts", "charge", "li", "--only")
    assert printed.splitlines()[1:] == ["    in charge of nothing"]
    code, printed, _ = wangge("accounts", "list")
    assert printed == "li  王五  leader  nothing\n"


def test_an_account_is_changed_closed_and_opened_again(wangge, store: sa.Engine) -> None:
    add(wangge, "li", "--password-stdin", stdin="a long password\n")
    acts.sign_in(store, "li", "a long password", patience=PATIENCE)
    assert "signed in 1 times" in wangge("accounts", "show", "li")[1]
    assert wangge("accounts", "sign-out", "li")[2] == "li is signed out; 1 sessions ended"
    assert wangge("accounts", "unlock", "li")[2] == "li may try again"
    assert wangge("accounts", "close", "li")[2] == "li is closed; 0 sessions ended"
    assert "closed" in wangge("accounts", "list")[1]
    assert "open" in wangge("accounts", "change", "li", "--role", "planner", "--name", "李")[1]
    code, printed, said = wangge("accounts", "password", "li", "--random")
    assert (code, "signed out everywhere" in said) == (0, True)
    acts.sign_in(store, "li", printed.strip(), patience=PATIENCE)
    known = acts.known(store, login="li", by=TESTER)[0]
    assert (known.role, known.name, known.active) == ("planner", "李", True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add", "x y", "--role", "worker", "--name", "一", "--random"], "'x y' is no login"),
        (["add", "x1", "--role", "worker", "--name", " ", "--random"], "is no name"),
        (["add", "x1", "--role", "worker", "--name", "一"], "nobody can be asked"),
        (["add", "x1", "--role", "worker", "--name", "一", "--password-stdin"], "10 to 200"),
        (["add", "x1", "--role", "worker", "--name", "一", "--random", "--area", "9"], "'9' is not"),
        (["add", "x1", "--role", "worker", "--name", "一", "--no-password", "--until",
          "2000-01-01", "--everything"], "before it begins"),
        (["show", "nobody"], "there is no account 'nobody'"),
        (["charge", "nobody"], "say of what"),
        (["password", "nobody", "--random"], "there is no account 'nobody'"),
    ],
)  # fmt: skip
def test_refusals_are_sentences(wangge, words: list[str], says: str) -> None:
    code, _, said = wangge("accounts", *words, stdin="short\n")
    assert (code, says in said) == (2, True)
    assert wangge("accounts", "list")[1] == ""
