"""Homes, households and people, in chunks: ages, names, ids and phones that belong to nobody.

Ids obey GB 11643 (birthday, sex, check character) but carry the area codes 9901xx, which no
place has. Phones begin with 154: no operator was ever given that range, so nobody's phone rings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.demo import words
from data.demo.buildings import Buildings, within
from data.demo.ground import Ints

PHONE_BASE = 15_400_000_000
WORK_PHONE_BASE = 15_490_000_000
_HOMES_PER_CHUNK = 80_000
_SINGLE_NAMES = 18
_OLDEST_DAYS = 40_000
_HEAD, _SPOUSE, _CHILD, _FATHER, _MOTHER, _MATE, _NOBODY = range(7)
_RELATIONS = ("户主", "配偶", "子", "女", "父亲", "母亲", "合租人")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = tuple("10X98765432")
_SIZE_SHARES = (0.22, 0.345, 0.24, 0.13, 0.045, 0.02)

# Who lives together: (share among households of that size, roles, age of the head from, to,
# share of households from elsewhere). H head, S spouse, C child, F father, M mother, O mate.
_TYPES = (
    (0.40, "H", 21, 36, 0.36),
    (0.24, "H", 34, 66, 0.16),
    (0.36, "H", 62, 99, 0.02),
    (0.22, "HS", 24, 38, 0.30),
    (0.30, "HS", 44, 68, 0.12),
    (0.24, "HS", 62, 93, 0.02),
    (0.13, "HC", 28, 52, 0.12),
    (0.11, "HO", 20, 34, 0.78),
    (0.83, "HSC", 26, 66, 0.15),
    (0.11, "HSM", 35, 60, 0.08),
    (0.06, "HOO", 20, 33, 0.80),
    (0.62, "HSCC", 28, 50, 0.16),
    (0.38, "HSCM", 30, 60, 0.06),
    (0.70, "HSCFM", 28, 48, 0.04),
    (0.30, "HSCCM", 30, 52, 0.05),
    (1.00, "HSCCFM", 29, 48, 0.04),
)


@dataclass(frozen=True)
class Homes:
    """All homes and households by their numbers from 0; households are in the order of homes."""

    building: NDArray[np.int32]
    within_building: NDArray[np.int32]
    household_home: NDArray[np.int32]
    household_number: NDArray[np.int8]
    sizes: NDArray[np.int8]


def settle(buildings: Buildings, households: Ints, residents: int, seed: int) -> Homes:
    """Give each cell its households: one a home, a few homes empty, the sum exact."""
    rng = np.random.default_rng([seed, 7])
    count = buildings.homes
    building = np.repeat(np.arange(len(count), dtype=np.int32), count)
    cell = buildings.cell[building]
    order = np.lexsort((rng.random(len(cell), dtype=np.float32), cell))
    per_cell = np.bincount(cell, minlength=len(households))
    place = np.empty(len(cell), np.int32)
    place[order] = within(per_cell)
    # where the homes do not suffice, some hold a second household
    living = 1 * (place < households[cell]) + (place < (households - per_cell)[cell])
    home = np.repeat(np.arange(len(cell), dtype=np.int32), living)
    sizes = _sizes(len(home), residents, rng)
    numbers = (within(living) + 1).astype(np.int8)
    return Homes(building, within(count).astype(np.int32), home, numbers, sizes)


def _sizes(count: int, total: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Draw household sizes 1 to 6 whose sum is `total`."""
    sizes = rng.choice(np.arange(1, 7, dtype=np.int8), count, p=_SIZE_SHARES)
    while (miss := total - int(sizes.sum(dtype=np.int64))) != 0:
        fit = np.flatnonzero((sizes > 1) & (sizes < 4))
        chosen = rng.permutation(fit)[: abs(miss)]
        sizes[chosen] += np.int8(np.sign(miss))
    return sizes


class People:
    """Makes the people chunk by chunk; remembers which ids are given."""

    def __init__(self, today: date, counties: list[int], seed: int) -> None:
        self.today, self.seed = today, seed
        self.rng = np.random.default_rng([seed, 8])
        self.counties = np.array(counties, np.int64)
        self.given = np.zeros(len(counties) * _OLDEST_DAYS * 2, np.int16)
        self.first = 0
        surnames = list(words.SURNAMES)
        shares = np.array(list(words.SURNAMES.values()), float)
        self.surname_cut = np.cumsum(shares / shares.sum())
        self.surnames = pa.array(surnames)
        tables = [words.given_names(letters) for pair in words.GENERATIONS for letters in pair]
        self.given_starts = np.cumsum([0, *(len(t) for t in tables)])[:-1]
        self.given_sizes = np.array([len(t) for t in tables])
        self.given_names = pa.array([name for table in tables for name in table])

    def chunk(self, sizes: NDArray[np.int8], county: Ints) -> dict[str, Any]:
        """Make the people of households of these sizes, in these counties (by number).

        Returns the resident's columns; `household` counts from 0 inside the chunk.
        """
        kind, head_age = self._heads(sizes)
        household = np.repeat(np.arange(len(sizes)), sizes)
        seat = within(sizes.astype(np.int64))
        role = _ROLE_TABLE[kind[household], seat]
        age = self._ages(role, seat, head_age[household], sizes)
        male = self._sexes(role, household, len(sizes))
        birth = np.datetime64(self.today, "D") - np.maximum((age * 365.2425).astype(np.int64), 1)
        number = self.first + np.arange(len(role))
        self.first += len(role)
        phone = PHONE_BASE + (number * 48_271 + 12_345) % 90_000_000
        floating = self.rng.random(len(sizes)) < _FLOATING[kind]
        return {
            "household": household,
            "name": self._names(role, household, male, age, len(sizes)),
            "id_number": self._ids(county[household], birth, male),
            "sex": pa.array(["female", "male"]).take(pa.array(male.astype(np.int8))),
            "birth_date": pa.array(birth),
            "phone": pa.array(phone, mask=age < 14).cast(pa.string()),
            "relation": pa.array(_RELATIONS).take(pa.array(_relation(role, male))),
            "floating": pa.array(floating[household]),
        }

    def _heads(self, sizes: NDArray[np.int8]) -> tuple[Ints, NDArray[np.float64]]:
        cut = self.rng.random(len(sizes))
        kind = np.zeros(len(sizes), np.int64)
        for size in range(1, 7):
            here = sizes == size
            kinds = np.flatnonzero(size == _SIZE_OF_TYPE)
            edges = np.cumsum([_TYPES[k][0] for k in kinds])
            kind[here] = kinds[np.minimum(np.searchsorted(edges, cut[here]), len(kinds) - 1)]
        young, old = _HEAD_AGES[kind].T
        return kind, self.rng.triangular(young, (young + old) / 2, old)

    def _ages(
        self, role: Ints, seat: Ints, head: NDArray[np.float64], sizes: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Give ages in years that fit the head's: children after parents, siblings apart."""
        wide = self.rng.normal(0, 1, len(role))
        first_child = np.repeat(np.clip(self.rng.normal(-26.5, 3, len(sizes)), -42, -20.5), sizes)
        later = (seat - 2) * (2.2 + np.abs(wide))
        gaps = [
            0 * head,
            np.clip(wide * 2.5 - 1, -4, 5),
            first_child - later,
            wide * 3 + 27,
            wide * 3 + 25.5,
            wide * 3,
        ]
        gap = np.choose(role, gaps)
        age = np.clip(head + gap, 0, 104)
        adult = (role != _CHILD) & (age < 19)
        age = np.where(adult, 19 + np.abs(wide), age)
        newborn = (role == _CHILD) & (age <= 0.05)
        return np.where(newborn, self.rng.uniform(0.02, 3, len(role)), age)

    def _sexes(self, role: Ints, household: Ints, count: int) -> NDArray[np.bool_]:
        head = self.rng.random(count) < 0.6
        drawn = self.rng.random(len(role)) < 0.52
        male = np.where(role == _HEAD, head[household], drawn)
        male = np.where(role == _SPOUSE, ~head[household], male)
        return np.where(role == _FATHER, True, np.where(role == _MOTHER, False, male))

    def _names(
        self, role: Ints, household: Ints, male: Any, age: NDArray[np.float64], count: int
    ) -> Any:
        """Name people: children after their father, the rest by their own family."""
        own = np.searchsorted(self.surname_cut, self.rng.random(len(role))).clip(
            0, len(self.surnames) - 1
        )
        head, spouse = np.zeros(count, np.int64), np.full(count, -1)
        head[household[role == _HEAD]] = own[role == _HEAD]
        spouse[household[role == _SPOUSE]] = own[role == _SPOUSE]
        head_male = np.zeros(count, bool)
        head_male[household[role == _HEAD]] = male[role == _HEAD]
        father = np.where(head_male | (spouse < 0), head, spouse)
        family = np.where(role == _CHILD, father[household], own)
        family = np.where(role == _FATHER, head[household], family)
        return pc.binary_join_element_wise(
            self.surnames.take(pa.array(family)),
            self.given_names.take(pa.array(self._given(male, age))),
            "",
        )

    def _given(self, male: Any, age: NDArray[np.float64]) -> Ints:
        table = np.where(age > 58, 0, np.where(age > 24, 2, 4)) + ~male
        single = self.rng.random(len(age)) < 0.16
        reach = np.where(single, _SINGLE_NAMES, self.given_sizes[table])
        return np.asarray(
            self.given_starts[table] + (self.rng.random(len(age)) * reach).astype(np.int64)
        )

    def _ids(self, county: Ints, birth: NDArray[np.datetime64], male: Any) -> Any:
        """Give 18-character ids: the next free number of that county, birthday and sex."""
        before = (np.datetime64(self.today, "D") - birth).astype(np.int64)
        key = (county * _OLDEST_DAYS + before) * 2 + ~male
        order = np.argsort(key, kind="stable")
        found, counts = np.unique(key[order], return_counts=True)
        place = np.empty(len(key), np.int64)
        place[order] = within(counts) + np.repeat(self.given[found], counts)
        self.given[found] += counts.astype(np.int16)
        sequence = 2 * place + 1 + ~male
        assert sequence.max() < 1000, "more people on one birthday than the id has numbers for"
        day = birth.astype("datetime64[D]")
        year = day.astype("datetime64[Y]").astype(int) + 1970
        month = day.astype("datetime64[M]").astype(int) % 12 + 1
        of_month = (day - day.astype("datetime64[M]")).astype(int) + 1
        body = (
            (self.counties[county] * 10_000 + year) * 10_000 + month * 100 + of_month
        ) * 1000 + sequence
        check = pa.array(_ID_CHECKS).take(pa.array(_check(body)))
        return pc.binary_join_element_wise(pa.array(body).cast(pa.string()), check, "")


def _check(body: Ints) -> Ints:
    """Weigh the 17 digits of ids; the remainder chooses the check character."""
    rest, total = body.copy(), np.zeros(len(body), np.int64)
    for weight in reversed(_ID_WEIGHTS):
        rest, digit = np.divmod(rest, 10)
        total += weight * digit
    return total % 11


def _relation(role: Ints, male: Any) -> Ints:
    """Say what somebody is to the head, as a place in `_RELATIONS`."""
    return np.asarray(np.choose(role, [0, 1, 2 + ~male, 4, 5, 6]))


def _role_table() -> Ints:
    letters = "HSCFMO"
    rows = [[letters.index(x) for x in roles] for _, roles, *_ in _TYPES]
    return np.array([row + [_NOBODY] * (6 - len(row)) for row in rows])


_ROLE_TABLE = _role_table()
_SIZE_OF_TYPE = np.array([len(row[1]) for row in _TYPES])
_HEAD_AGES = np.array([(row[2], row[3]) for row in _TYPES], float)
_FLOATING = np.array([row[4] for row in _TYPES])


def chunks(homes: Homes) -> Iterator[tuple[slice, slice]]:
    """Cut the homes, and the households in them, into runs that fit in memory."""
    for start in range(0, len(homes.building), _HOMES_PER_CHUNK):
        end = min(start + _HOMES_PER_CHUNK, len(homes.building))
        first, last = np.searchsorted(homes.household_home, [start, end])
        yield slice(start, end), slice(int(first), int(last))


def home_numbers(buildings: Buildings, building: Any, place: Any) -> Any:
    """Number homes by stairwell, floor and door: 2-1503."""
    per_stair = buildings.homes_per_stair[building]
    per_floor = buildings.stairs[building] * per_stair
    floor, rest = np.divmod(place, per_floor)
    stair, door = np.divmod(rest, per_stair)
    room = pa.array((floor + 1) * 100 + door + 1).cast(pa.string())
    return pc.binary_join_element_wise(pa.array(stair + 1).cast(pa.string()), room, "-")
