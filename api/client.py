"""A client of Wangge's HTTP interface for programs: `Wangge(address)`, typed answers, clear errors.

It needs httpx only; layers and exports as frames need geopandas. Refusals of the server are raised
as what they are (`gis.errors`), with its sentence and facts. docs/api-guide.md shows every call.
"""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

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
        self.address, self.token = address.rstrip("/"), token
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
        address = address.rstrip("/")
        same = {"Origin": address, "Accept": "application/json"}
        with httpx.Client(base_url=address, headers=same, timeout=TIMEOUT_S) as browser:
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

    def report(
        self,
        description: str = "",
        *,
        kind: str | None = None,
        class_code: str = "",
        lon: float | None = None,
        lat: float | None = None,
        request_id: str | None = None,
        **more: Any,
    ) -> Reported:
        """Report; sent again until it is answered, and yet one case: by its `request_id`.

        `more` are `datum`, `accuracy_m`, `address`, `contact`, `reported_at`.

        Raises:
            BadInput: naming in `facts["faults"]` all that is wrong with it.
        """
        body = {
            "description": description, "kind": kind, "class": class_code, "lon": lon, "lat": lat,
            "request_id": request_id or str(uuid.uuid4()), **_plain(more),
        }  # fmt: skip
        told = self._again("POST", "/cases", json=body)
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
        told = self.get(f"/follow/{code}")
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
        card: dict[str, Any] = self.get(f"/cases/{code}")
        return card

    def move(self, code: str, move: str, *, version: int | None = None, **said: Any) -> Any:
        """Make a move: `file`, `dispatch` …; what each needs, `GET /cases/{code}/moves` tells.

        Raises:
            Conflict: somebody was faster; `facts["since"]` tells what happened.
        """
        body = {"move": move, "version": version, "request_id": str(uuid.uuid4()), **_plain(said)}
        return self._again("POST", f"/cases/{code}/moves", json=body)

    # Layers and files

    def layer(self, name: str, **wanted: Any) -> geopandas.GeoDataFrame:
        """Read a layer (cells, facilities, cases, divisions …) in WGS-84.

        `wanted` are `bbox` (west, south, east, north), `area`, `limit`, `plan`.
        """
        import geopandas

        if not isinstance(wanted.get("bbox", ""), str):
            wanted["bbox"] = ",".join(map(str, wanted["bbox"]))
        told = self.get(f"/layers/{name}.geojson", **wanted)
        frame: geopandas.GeoDataFrame = geopandas.GeoDataFrame.from_features(
            told["features"], crs="EPSG:4326"
        )
        return frame

    def table(self, kind: str, **wanted: Any) -> geopandas.GeoDataFrame:
        """Read an export (cells, facilities, cases, statistics …) as a frame."""
        import geopandas

        answer = self._answered("GET", f"/export/{kind}.parquet", params=_plain(wanted))
        frame: geopandas.GeoDataFrame = geopandas.read_parquet(io.BytesIO(answer.content))
        return frame

    def save(self, kind: str, path: Path, **wanted: Any) -> Path:
        """Write an export to a file, in the format of its suffix, piece by piece."""
        suffix = ".shp.zip" if path.name.endswith(".shp.zip") else path.suffix
        part = path.with_name(path.name + ".part")
        with self._http.stream(
            "GET", f"/export/{kind}{suffix}", params=_plain(wanted)
        ) as answer, part.open("wb") as file:  # fmt: skip
            if answer.is_error:
                answer.read()
                part.unlink()
                raise _refusal(answer)
            for chunk in answer.iter_bytes():
                file.write(chunk)
        return part.replace(path)

    # Any other path

    def get(self, path: str, **params: Any) -> Any:
        """Ask for JSON; what is None is not told."""
        return self._again("GET", path, params=_plain(params))

    def _again(self, method: str, path: str, **told: Any) -> Any:
        """Ask what may be asked twice; while nobody answers, again."""
        for left in reversed(range(TRIES)):
            try:
                return self._answered(method, path, **told).json()
            except (httpx.TransportError, errors.Unavailable) as error:
                if not left:
                    raise _unreached(self.address, error) from error
                time.sleep(AGAIN_S)
        raise AssertionError

    def _answered(self, method: str, path: str, **told: Any) -> httpx.Response:
        answer = self._http.request(method, path, **told)
        if answer.is_error:
            raise _refusal(answer)
        return answer


def _unreached(address: str, error: Exception) -> errors.WanggeError:
    if isinstance(error, errors.WanggeError):
        return error
    return errors.Unavailable(f"{address} does not answer: {error or type(error).__name__}")


def _refusal(answer: httpx.Response, sentence: str = "") -> errors.WanggeError:
    """What the server refused, as it said it."""
    kind = _KINDS.get(answer.status_code, errors.WanggeError)
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    facts: dict[str, Any] = answer.json() if is_problem else {}
    said = facts.pop("detail", "") or sentence or f"the server answered {answer.status_code}"
    return kind(said, **facts)


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are sent: instants and days as ISO texts, nothing for None."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in told.items()
        if value is not None
    }


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
