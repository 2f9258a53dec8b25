"""The guard: who is let through, who is turned away, and how."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from conftest import Base, hashed, owning, signed_in
from fastapi import APIRouter, FastAPI
from town import SEAL, TESTER, wait_for

import api.actions.accounts as acts
import data.accounts
import data.db
import maps.shell
from api import auth
from api.app import create_app
from api.rules import RULES, Door
from api.settings import Settings
from data.accounts import Charged
from gis.access import RIGHTS, Right, Role
from gis.errors import WanggeError

PASSWORD = "correct horse battery"
EVERYTHING = [Charged(everything=True)]
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def base(server: Callable[..., Base], empty_url: str) -> Base:
    with owning(empty_url) as db:
        told = {"role": Role.LEADER, "name": "李四", "password_hash": hashed(PASSWORD)}
        data.accounts.put_in_charge(db, data.accounts.add(db, "li.si", **told), EVERYTHING)
    return server(empty_url, lock_after=3)


@contextmanager
def browsing(base: str) -> Iterator[httpx.Client]:
    """A browser: keeps cookies, and tells where a form is from."""
    with httpx.Client(base_url=base, headers=SAME, timeout=30) as client:
        yield client


def sign_in(client: httpx.Client, password: str = PASSWORD, **form: str) -> httpx.Response:
    return client.post("/sign-in", data={"login": "li.si", "password": password, **form})


# The table


def test_an_application_with_a_route_without_a_rule_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create_app(Settings(), database_url="postgresql://nowhere", seal=SEAL)
    monkeypatch.delitem(auth.RULES, ("GET", "/locate"))
    with pytest.raises(WanggeError, match=r"GET /locate has no rule; say in api/rules\.py"):
        create_app(Settings(), database_url="postgresql://nowhere", seal=SEAL)


def test_no_route_hides_in_a_router_of_a_router() -> None:
    inner, outer = APIRouter(), APIRouter()
    inner.add_api_route("/secret", lambda: 1, methods=["GET"])
    outer.include_router(inner)
    app = FastAPI(openapi_url=None)
    app.include_router(outer)
    with pytest.raises(WanggeError, match="GET /secret has no rule"):
        auth.ways(app.routes)


def test_every_rule_is_of_a_route_there_is() -> None:
    app = create_app(Settings(), database_url="postgresql://nowhere", seal=SEAL)
    routes = {(method, way.template) for way in app.state.ways for method in way.rules}
    assert set(auth.RULES) - routes == set()


ODD_PATHS = [
    *(
        "/",
        "//",
        "/static",
        "/static/",
        "/static/map/main.js",
        "/static/../locate",
        "/openapi.json",
    ),
    *(
        "/tiles/cases/1/0/0.mvt",
        "/tiles/a/b/c/d/1/0/0.mvt",
        "/tiles//1/0/0.mvt",
        "/tiles/1/0/0.mvt",
    ),
    *("/layers/cases.geojson", "/layers/.geojson", "/layers/a/b.geojson", "/layers/cases.geojson/"),
    *("/cells/search", "/cells/search/", "/cells/SEARCH", "/cells/", "/cells", "/cells/a/b/search"),
    *(
        "/export/cases.csv",
        "/export/cases.csv/",
        "/export//cases.csv",
        "/export/",
        "/export/a/b.csv",
    ),
    *(
        "/locate",
        "/locate\n",
        "/locate/",
        "/LOCATE",
        "/sign-in",
        "/sign-in/oidc/back",
        "/me/password",
    ),
    *("/register", "/register/", "/register/find", "/register/residents/1/unmask", "/tokens/1"),
]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"])
def test_the_guard_takes_every_path_for_the_route_that_answers_it(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Else a path could pass by the rule of one route to another."""
    for key in auth.RULES:
        monkeypatch.setitem(auth.RULES, key, auth.Door.OPEN)
    app = create_app(Settings(), database_url="postgresql://nowhere", seal=SEAL)
    endpoints = {
        getattr(route, "endpoint", getattr(route, "app", None)): getattr(route, "path", "")
        for route in auth._flat(app.routes)
    }

    async def answered(path: str) -> str | None:
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "app": app,
            "query_string": b"", "headers": [(b"host", b"localhost")], "scheme": "http",
            "server": ("localhost", 80), "client": ("127.0.0.1", 1), "root_path": "",
            "http_version": "1.1",
        }  # fmt: skip

        async def receive() -> dict[str, object]:
            return {"type": "http.disconnect"}

        async def send(_: object) -> None:
            pass

        scope["state"] = {}
        with suppress(Exception):  # there is no store: what matters is who was asked
            await app(scope, receive, send)
        return endpoints.get(scope.get("endpoint"))

    def guarded(path: str) -> str | None:
        for way in app.state.ways:
            if way.pattern.match(path) and method in way.rules:
                return str(way.template)
        return None

    told = {path: guarded(path) for path in ODD_PATHS}
    assert {path: wait_for(answered(path)) for path in ODD_PATHS} == told
    if method == "GET":
        assert len(set(told.values())) > 12


# Who is asked for, and how he is refused


def _ruled(monkeypatch: pytest.MonkeyPatch, rule: auth.Rule) -> None:
    monkeypatch.setitem(auth.RULES, ("GET", "/overview"), rule)


def test_nobody_is_told_to_sign_in(
    monkeypatch: pytest.MonkeyPatch, server: Callable[..., Base], empty_url: str
) -> None:
    _ruled(monkeypatch, Right.CASES)
    base = server(empty_url)
    answer = httpx.get(f"{base}/overview")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Bearer realm="wangge"',
    )
    assert answer.headers["content-type"] == "application/problem+json"
    for told in ({"Sec-Fetch-Mode": "navigate"}, {"Accept": "text/html,*/*"}):
        page = httpx.get(f"{base}/overview?plan=a%26b", headers=told)
        assert (page.status_code, page.headers["location"]) == (
            303,
            "/sign-in?next=%2Foverview%3Fplan%3Da%2526b",
        )
    script = {"Sec-Fetch-Mode": "cors", "Accept": "text/html"}
    assert httpx.get(f"{base}/overview", headers=script).status_code == 401
    assert httpx.get(f"{base}/overview", headers=base.headers).status_code == 200


def test_who_has_not_the_right_is_told_which(
    monkeypatch: pytest.MonkeyPatch, server: Callable[..., Base], empty_url: str
) -> None:
    _ruled(monkeypatch, Right.CASES)
    base = server(empty_url)
    token = signed_in(empty_url, "plan", Role.PLANNER, EVERYTHING)
    answer = httpx.get(f"{base}/overview", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["right"]) == (403, "cases")
    assert answer.json()["detail"] == (
        "this needs the right cases, which the role planner (规划员) does not have"
    )


def test_a_token_that_is_none_is_refused_even_where_nobody_need_have_one(base: Base) -> None:
    for token in ("nonsense", "x" * 3000, "é"):
        told = {"Authorization": f"Bearer {token}".encode("latin-1")}
        assert httpx.get(f"{base}/overview", headers=told).status_code == 401
        assert httpx.get(f"{base}/", headers=told).status_code == 200


def test_a_cookie_long_over_is_nobodys(base: Base) -> None:
    assert httpx.get(f"{base}/me", cookies={auth.COOKIE: "gone"}).json()["login"] is None


def test_an_export_demands_by_what_it_is(base: Base, empty_url: str) -> None:
    people = (Role.DISPATCHER, Role.PLANNER, Role.DEPARTMENT, Role.WORKER)
    tokens = {role: signed_in(empty_url, f"the-{role}", role, EVERYTHING) for role in people}
    expected = {
        ("cells.csv", None): 200,
        ("statistics.geojson", None): 200,
        ("cases.csv", None): 401,
        ("CASES.GeoJSON", None): 401,
        ("cases.csv", Role.DISPATCHER): 200,
        ("cases.csv", Role.PLANNER): 403,
        ("cases.csv", Role.DEPARTMENT): 403,
        ("dwellings.csv", Role.PLANNER): 200,
        ("dwellings.csv", Role.WORKER): 403,
    }

    def answered(name: str, role: Role | None) -> int:
        headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
        return httpx.get(f"{base}/export/{name}", headers=headers).status_code

    assert {asked: answered(*asked) for asked in expected} == expected


# Signing in and out


def test_a_cookie_is_hardened_and_brings_one_back(base: Base) -> None:
    with browsing(base) as client:
        answer = sign_in(client, next="/locate?lon=1&lat=2")
        assert (answer.status_code, answer.headers["location"]) == (303, "/locate?lon=1&lat=2")
        name, *about = answer.headers["set-cookie"].split("; ")
        assert name.startswith("wangge_session=")
        assert {one.lower() for one in about} == {
            "httponly", "max-age=604800", "path=/", "samesite=lax",
        }  # fmt: skip
        me = client.get("/me")
        assert me.json() == {
            "login": "li.si",
            "name": "李四",
            "role": "leader",
            "role_label": "网格长",
            "rights": sorted(map(str, RIGHTS[Role.LEADER])),
            "charge": ["全部 everything"],
        }
        assert me.headers["cache-control"] == "private, no-store"
        client.post("/sign-out", data={})
        assert client.get("/me").json()["login"] is None


def test_over_https_and_from_afar_the_cookie_is_secure(
    server: Callable[..., Base], store: sa.Engine, empty_url: str
) -> None:
    acts.add(
        store, "li.si", role=Role.LEADER, name="李四", charges=[], worker=None,
        password=PASSWORD, by=TESTER,
    )  # fmt: skip
    base = server(empty_url, allowed_hosts="grid.example")
    for headers in ({"X-Forwarded-Proto": "https"}, {"Host": "grid.example"}):
        answer = httpx.post(
            f"{base}/sign-in",
            data={"login": "li.si", "password": PASSWORD},
            headers=SAME | headers,
        )
        assert "; Secure" in answer.headers["set-cookie"]
    page = httpx.get(f"{base}/sign-in", headers={"Host": "grid.example"}).text
    assert "请通过 https" in page
    assert "请通过 https" not in httpx.get(f"{base}/sign-in").text


def test_nobody_is_sent_on_to_another_site(base: Base) -> None:
    others = ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "evil", ""]
    for path in (*others, "/\t/evil"):
        with browsing(base) as client:
            assert sign_in(client, next=path).headers["location"] == "/work", path


def test_signing_in_at_home_leads_to_the_work_of_ones_role(base: Base) -> None:
    for role in Role:
        rule = RULES["GET", maps.shell.page_of(role)]
        assert rule is Door.OPEN or rule in RIGHTS[role], role
    with browsing(base) as client:
        assert client.get("/work").headers["location"] == "/"
        assert sign_in(client, next="/").headers["location"] == "/work"
        assert client.get("/work").headers["location"] == "/editors"


def test_the_form_says_one_sentence_for_every_failure_and_keeps_the_login(base: Base) -> None:
    with browsing(base) as client:
        pages = [sign_in(client, password="wrong") for _ in range(3)] + [sign_in(client)]
    assert {page.status_code for page in pages} == {401}
    assert len({page.text for page in pages}) == 1
    assert 'value="li.si"' in pages[0].text
    assert "连续错 3 次" in pages[0].text
    assert "set-cookie" not in pages[0].headers
    assert pages[0].headers["content-security-policy"].startswith("default-src 'none'; style-src")


def test_what_was_typed_is_shown_as_text(base: Base) -> None:
    nasty = """"><script>alert(1)</script>"""
    page = httpx.post(
        f"{base}/sign-in", data={"login": nasty, "password": "x", "next": nasty}, headers=SAME
    )
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_page_of_another_site_does_nothing_with_our_cookie(base: Base) -> None:
    with browsing(base) as client:
        sign_in(client)
        cookie = {auth.COOKIE: client.cookies[auth.COOKIE]}
    foreign_pages: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ]
    with httpx.Client(base_url=base, cookies=cookie) as foreign:
        for told, path in itertools.product(
            foreign_pages, ("/sign-out", "/tokens", "/me/password")
        ):
            answer = foreign.post(path, data={}, headers=told)
            assert (answer.status_code, answer.json()["title"]) == (403, "NotAllowed")
            assert foreign.get("/me").json()["login"] == "li.si"
        ours = {"Origin": str(base)}
        assert foreign.post("/sign-out", data={}, headers=ours).status_code == 303


def test_a_form_too_large_or_none_is_refused(base: Base) -> None:
    large = httpx.post(f"{base}/sign-in", data={"login": "a" * 20_000})
    assert (large.status_code, large.json()["title"]) == (413, "TooLarge")
    assert httpx.post(f"{base}/sign-in", json={"login": "a"}).status_code == 400
    assert httpx.post(f"{base}/sign-in", content=b"login=%ff&password=1", headers={
        "Content-Type": "application/x-www-form-urlencoded"}).status_code == 401  # fmt: skip


def test_a_password_is_changed_and_others_are_signed_out(base: Base) -> None:
    with browsing(base) as one, browsing(base) as two:
        sign_in(one)
        sign_in(two)
        wrong = one.post("/me/password", data={"old": "wrong", "new": "a new long one"})
        assert wrong.status_code == 403
        assert "原密码不对" in wrong.text
        done = one.post("/me/password", data={"old": PASSWORD, "new": "a new long one"})
        assert done.headers["location"] == "/sign-in?changed=1&next=%2Fwork"
        assert "密码已修改" in one.get(done.headers["location"]).text
        assert [c.get("/me").json()["login"] for c in (one, two)] == ["li.si", None]


def test_signing_out_everywhere_ends_browsers_and_programs(base: Base) -> None:
    with browsing(base) as one, browsing(base) as two:
        sign_in(one)
        sign_in(two)
        token = one.post("/tokens", json={"label": "report"}).json()["token"]
        program = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{base}/me", headers=program).json()["login"] == "li.si"
        one.post("/sign-out", data={"everywhere": "1"})
        assert two.get("/me").json()["login"] is None
        assert httpx.get(f"{base}/me", headers=program).status_code == 401


# Tokens


def test_tokens_are_made_by_people_and_taken_back(base: Base, store: sa.Engine) -> None:
    with browsing(base) as client:
        sign_in(client)
        made = client.post("/tokens", json={"label": "nightly report", "days": 30})
        assert made.status_code == 201
        number, token = made.json()["number"], made.json()["token"]
        program = {"Authorization": f"Bearer {token}"}
        again = httpx.post(f"{base}/tokens", json={"label": "x"}, headers=program)
        assert (again.status_code, "sign in with a browser" in again.text) == (403, True)
        assert client.post("/tokens", json={"label": "x", "days": 9999}).status_code == 400
        assert client.post("/tokens", json={"label": "a\nb\0"}).status_code in {400}
        with data.db.transaction(store) as db:
            days = db.scalar(
                sa.text(
                    "SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM session "
                    "WHERE label = 'nightly report'"
                )
            )
        assert days == 30
        theirs = httpx.delete(f"{base}/tokens/{number}", headers=base.headers)
        assert (theirs.status_code, theirs.json()["detail"]) == (404, f"you have no token {number}")
        assert client.delete(f"/tokens/{number}").status_code == 204
        assert httpx.get(f"{base}/me", headers=program).status_code == 401
        assert client.get("/me").json()["login"] == "li.si"


# The demo town's accounts


def test_demo_accounts_are_for_this_machine_only(
    server: Callable[..., Base], town_url: str
) -> None:
    base = server(town_url, allowed_hosts="grid.example")
    assert 'value="worker"' in httpx.get(f"{base}/sign-in").text
    entered = httpx.post(f"{base}/sign-in/demo", data={"login": "worker"}, headers=SAME)
    assert (entered.status_code, auth.COOKIE in entered.cookies) == (303, True)
    for afar in ({"Host": "grid.example"}, {"X-Forwarded-For": "10.0.0.9"}, {"Forwarded": "for=x"}):
        assert 'value="worker"' not in httpx.get(f"{base}/sign-in", headers=afar).text
        refused = httpx.post(f"{base}/sign-in/demo", data={"login": "worker"}, headers=SAME | afar)
        assert (refused.status_code, auth.COOKIE in refused.cookies) == (403, False)
    assert (
        httpx.post(f"{base}/sign-in/demo", data={"login": "test-administrator"}).status_code == 403
    )
    assert (
        httpx.post(f"{base}/sign-in", data={"login": "worker", "password": ""}).status_code == 401
    )


def test_accounts_named_demo_without_the_demo_town_let_nobody_in(
    base: Base, store: sa.Engine
) -> None:
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE account SET is_demo = true"))
    assert httpx.post(f"{base}/sign-in/demo", data={"login": "li.si"}).status_code == 403


def test_a_page_that_holds_no_data_opens_while_the_store_is_down(
    base: Base, empty_url: str
) -> None:
    with browsing(base) as client:
        sign_in(client)
        with psycopg.connect(empty_url, autocommit=True) as connection:
            connection.execute("ALTER TABLE session RENAME TO elsewhere")
        assert client.get("/").status_code == 200
        assert client.get("/static/map/main.js").status_code == 200
        lost = client.get("/overview")
        assert (lost.status_code, lost.headers["content-type"]) == (500, "application/problem+json")
