"""A client of Wangge's HTTP interface for programs: `Wangge(address)`, typed answers, clear errors.

It needs httpx only; layers and exports as frames need geopandas. Refusals of the server are raised
as what they are (`gis.errors`), with its sentence and facts. docs/api-guide.md shows every call.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from api.client_told import Case, Followed, Located, Me, Near, Post, Reported, Step
from gis import errors

if TYPE_CHECKING:
    import geopandas

__all__ = [
    "Case", "Followed", "Located", "Me", "Near", "Post", "Reported", "Step", "Wangge",
]  # fmt: skip
TIMEOUT_S = 60.0
TRIES, AGAIN_S = 4, 1.0
MOST_OF_A_PAGE = 10_000
_KINDS: dict[int, type[errors.WanggeError]] = {
    400: errors.BadInput,
    401: errors.NotAllowed,
    403: errors.NotAllowed,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.TooLarge,
    422: errors.BadInput,
    429: errors.TooOften,
    503: errors.Unavailable,
}


class Wangge:
    """A Wangge at an address, asked as nobody, or with a token as whoever made it."""

    def __init__(
        self, address: str, *, token: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.address, self.token = _checked(address), token
        if not (token or "").isascii():
            raise errors.BadInput("a token has no letters but a-z")
        self._http = httpx.Client(base_url=self.address, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the token goes on."""
        self._http.close()

    @classmethod
    def sign_in(
        cls, address: str, login: str, password: str, *, label: str = "client", days: int = 1
    ) -> Self:
        """Sign in, make a token for that many days, and ask with it from then on.

        Raises:
            NotAllowed: a wrong login or password.
        """
        address = _checked(address)
        same = {"Origin": address, "Accept": "application/json"}
        asking = httpx.Client(base_url=address, headers=same, timeout=TIMEOUT_S)
        with _reaching(address), asking as browser:
            answer = browser.post("/sign-in", data={"login": login, "password": password})
            if answer.status_code != 303:
                raise _refusal(answer, "the sign-in was refused")
            made = browser.post("/tokens", json={"label": label, "days": days})
            if made.is_error:
                raise _refusal(made)
            browser.post("/sign-out")
        return cls(address, token=made.json()["token"])

    # Asking

    def me(self) -> Me:
        """Who the server takes us for."""
        told = self.get("/me")
        return Me(
            told["login"] or "", told["name"] or "", told["role"] or "",
            tuple(told["rights"]), tuple(told["charge"]),
        )  # fmt: skip

    def locate(
        self,
        lon: float,
        lat: float,
        *,
        datum: str = "wgs84",
        accuracy_m: float = 0.0,
        on: date | None = None,
    ) -> Located:
        """Tell the cell of a place, who answers for it, and what cells it may be in, too."""
        told = self.get("/locate", lon=lon, lat=lat, datum=datum, accuracy_m=accuracy_m, on=on)
        cell = told["cell"] or {}
        return Located(
            cell=cell.get("code"),
            name=cell.get("name"),
            community=(cell.get("community") or {}).get("code"),
            street=(cell.get("street") or {}).get("code"),
            posts=_posts(told["posts"]),
            near=tuple(Near(one["code"], one["name"], one["distance_m"])
                       for one in told["candidates"]),
        )  # fmt: skip

    def catalogue(self) -> list[dict[str, Any]]:
        """List the classes that may be reported, with their conditions and limits."""
        found: list[dict[str, Any]] = self.get("/catalogue")
        return found

    # Cases

    def report(  # noqa: PLR0913 - the fields of a report; a misspelt one is to be noticed
        self,
        description: str = "",
        *,
        kind: str | None = None,
        class_code: str = "",
        lon: float | None = None,
        lat: float | None = None,
        datum: str = "wgs84",
        accuracy_m: float | None = None,
        address: str = "",
        contact: str = "",
        reported_at: datetime | None = None,
        request_id: str | None = None,
    ) -> Reported:
        """Report; sent again until it is answered, and yet one case: by its `request_id`.

        `contact` is a telephone, kept sealed; `accuracy_m` is how far off the place may be.

        Raises:
            BadInput: naming in `facts["faults"]` all that is wrong with it.
        """
        body = {
            "description": description, "kind": kind, "class": class_code, "lon": lon, "lat": lat,
            "datum": datum, "accuracy_m": accuracy_m, "address": address, "contact": contact,
            "reported_at": reported_at, "request_id": request_id or str(uuid.uuid4()),
        }  # fmt: skip
        told = _json(self._again("POST", "/cases", json=_plain(body)))
        return Reported(
            code=told["code"],
            follow=told["follow"],
            state=told["state"],
            cell=(told["cell"] or {}).get("code"),
            desk=(told["desk"] or {}).get("code"),
            similar=told["similar"]["count"],
            posts=_posts(told["posts"]),
        )

    def follow(self, code: str) -> Followed:
        """Tell where a case stands, by the code its report was answered with.

        Raises:
            NotFound: no such code.
        """
        told = self.get(f"/follow/{_quoted(code)}")
        return Followed(
            code=told["code"],
            state=told["state"],
            reported_at=_moment(told["reported_at"]),
            due_at=_moment(told["due_at"]),
            closed_at=_moment(told["closed_at"]),
            steps=tuple(
                Step(one["move"], one["state"], _at(one["at"])) for one in told["steps"] or []
            ),
        )

    def cases(self, **wanted: Any) -> Iterator[Case]:
        """List cases in one's charge, the newest first, page by page as they are asked for.

        `wanted` are `state`, `open`, `area`, `cell`, `kind`, `class`, `mine`, `overdue`, `desk`.
        """
        after: int | None = None
        while True:
            page = self.get("/cases", **{"limit": 200, **wanted, "after": after})
            yield from map(_case, page["cases"])
            after = page["next"]
            if after is None:
                return

    def case(self, code: str) -> dict[str, Any]:
        """Show the card of a case, with all that happened to it."""
        card: dict[str, Any] = self.get(f"/cases/{_quoted(code)}")
        return card

    def move(self, code: str, move: str, *, version: int | None = None, **said: Any) -> Any:
        """Make a move: `file`, `dispatch` …; what each needs, `GET /cases/{code}/moves` tells.

        Raises:
            Conflict: somebody was faster; `facts["since"]` tells what happened.
        """
        body = {"move": move, "version": version, "request_id": str(uuid.uuid4()), **_plain(said)}
        return _json(self._again("POST", f"/cases/{_quoted(code)}/moves", json=body))

    # Layers, collections, files

    def layer(self, name: str, **wanted: Any) -> geopandas.GeoDataFrame:
        """Read a layer (cells, facilities, cases, divisions …) in WGS-84.

        `wanted` are `bbox` (west, south, east, north), `area`, `limit`, `plan`.
        """
        import geopandas

        told = self.get(f"/layers/{_quoted(name)}.geojson", **_boxed(wanted))
        frame: geopandas.GeoDataFrame = geopandas.GeoDataFrame.from_features(
            told["features"], crs="EPSG:4326"
        )
        return frame

    def items(
        self, collection: str, *, most: int | None = None, **wanted: Any
    ) -> geopandas.GeoDataFrame:
        """Read a collection of OGC API (cells, facilities, buildings, divisions), in WGS-84.

        Page after page, until all or `most` are here. `wanted` are `bbox`, `datetime`, `filter`
        (CQL2), `limit` of a page, and a property's value by its name.
        """
        import geopandas

        path, features = f"/ogc/collections/{_quoted(collection)}/items", []
        params = {
            "limit": min(most or MOST_OF_A_PAGE, MOST_OF_A_PAGE),
            **_boxed(wanted),
            "f": "json",
        }
        while params:
            page = self.get(path, **params)
            features += page["features"]
            is_enough = most is not None and len(features) >= most
            after = [one["href"] for one in page["links"] if one["rel"] == "next" and not is_enough]
            params = dict(parse_qsl(urlsplit(after[0]).query)) if after else {}
        frame: geopandas.GeoDataFrame = geopandas.GeoDataFrame.from_features(
            features[:most], crs="EPSG:4326"
        )
        return frame

    def table(self, kind: str, **wanted: Any) -> geopandas.GeoDataFrame:
        """Read an export (cells, facilities, cases, statistics …) as a frame."""
        import geopandas

        answer = self._again("GET", f"/export/{_quoted(kind)}.parquet", params=_plain(wanted))
        frame: geopandas.GeoDataFrame = geopandas.read_parquet(io.BytesIO(answer.content))
        return frame

    def save(self, kind: str, path: Path, **wanted: Any) -> Path:
        """Write an export to a file, in the format of its suffix, piece by piece."""
        suffix = ".shp.zip" if path.name.endswith(".shp.zip") else path.suffix
        part, asked = path.with_name(path.name + ".part"), f"/export/{_quoted(kind)}{suffix}"
        answering = self._http.stream("GET", asked, params=_plain(wanted))
        try:
            with part.open("wb") as file, _reaching(self.address), answering as answer:
                if not answer.is_success:
                    answer.read()
                    raise _refusal(answer)
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            return part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    # Any other path

    def get(self, path: str, **params: Any) -> Any:
        """Ask for JSON; what is None is not told."""
        return _json(self._again("GET", path, params=_plain(params)))

    def _again(self, method: str, path: str, **told: Any) -> httpx.Response:
        """Ask what may be asked twice; while nobody answers, again."""
        for left in reversed(range(TRIES)):
            try:
                with _reaching(self.address):
                    answer = self._http.request(method, path, **told)
                if answer.is_success:
                    return answer
                raise _refusal(answer)
            except errors.Unavailable:
                if not left:
                    raise
                time.sleep(AGAIN_S)
        raise AssertionError


def _checked(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        raise errors.BadInput(f"{address!r} is no address of a server; write https://host")
    return address.rstrip("/")


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """Say whom it was that did not answer."""
    try:
        yield
    except httpx.TransportError as error:
        said = str(error) or type(error).__name__
        raise errors.Unavailable(f"{address} does not answer: {said}") from error


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        kind = answer.headers.get("content-type", "nothing")
        raise errors.WanggeError(f"{answer.url} answered {kind}, not JSON") from error


def _refusal(answer: httpx.Response, sentence: str = "") -> errors.WanggeError:
    """What the server refused, as it said it."""
    kind = _KINDS.get(answer.status_code, errors.WanggeError)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    facts: dict[str, Any] = answer.json() if is_problem else {}
    to = f", to {answer.headers['location']}" if "location" in answer.headers else ""
    said = facts.pop("detail", "") or sentence or f"the server answered {answer.status_code}{to}"
    return kind(said, **facts)


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are sent: instants and days as ISO texts, nothing for None."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in told.items()
        if value is not None
    }


def _boxed(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A `bbox` of four numbers as it is asked for."""
    told, box = dict(wanted), wanted.get("bbox", "")
    return told if isinstance(box, str) else told | {"bbox": ",".join(map(str, box))}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _posts(told: list[dict[str, Any]]) -> tuple[Post, ...]:
    return tuple(Post(one["role"], one["name"], one["phone"]) for one in told)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _moment(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _case(told: dict[str, Any]) -> Case:
    plain = ("code", "version", "state", "title", "kind", "class_code", "cell", "lon", "lat")
    return Case(
        **{name: told[name] for name in plain},
        reported_at=_moment(told["reported_at"]),
        due_at=_moment(told["due_at"]),
        told=told,
    )
