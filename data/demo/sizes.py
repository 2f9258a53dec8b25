"""How large a demo town is, and the figures that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

STEP_M = 20
"""The lattice on which the town is planned, in metres."""


@dataclass(frozen=True)
class Size:
    """One size of town. Lengths named `_steps` count lattice steps of `STEP_M` metres.

    The river runs west to east; `reaches` are the stretches between two bridges. A reach has
    a quarter on each bank, and `streets` says how many streets (街道) share one quarter;
    0 means that all quarters of a bank together are one street.
    """

    cells: int
    households: int
    residents: int
    facilities: int
    cases: int
    width_steps: int
    north_steps: int
    south_steps: int
    river_steps: int
    reaches: tuple[float, ...]
    counties_across: int
    banks_are_counties: bool
    streets: int
    communities: tuple[int, ...]
    community_rank: int
    meander_m: float

    @property
    def height_steps(self) -> int:
        """The whole town from south to north, river included."""
        return self.north_steps + self.river_steps + self.south_steps

    @property
    def middle_steps(self) -> int:
        """The row in the middle of the river, where the cells of both banks meet."""
        return self.south_steps + self.river_steps // 2


TOWNS = {
    # 60 cells of about 400 households: a town that fits on one screen
    "small": Size(
        cells=60,
        households=24_000,
        residents=60_000,
        facilities=1_500,
        cases=3_000,
        width_steps=112,
        north_steps=36,
        south_steps=33,
        river_steps=8,
        reaches=(0.40, 0.26, 0.34),
        counties_across=1,
        banks_are_counties=False,
        streets=0,
        communities=(2, 1, 1),
        community_rank=1,
        meander_m=2_300,
    ),
    # 1,000 cells of about 400 households: one county-level district
    "district": Size(
        cells=1_000,
        households=400_000,
        residents=1_000_000,
        facilities=25_000,
        cases=50_000,
        width_steps=444,
        north_steps=136,
        south_steps=124,
        river_steps=10,
        reaches=(0.15, 0.13, 0.15, 0.12, 0.15, 0.14, 0.16),
        counties_across=1,
        banks_are_counties=False,
        streets=1,
        communities=(9,),
        community_rank=2,
        meander_m=4_200,
    ),
    # 20,000 cells of about 200 households (500 people): a city of ten districts
    "city": Size(
        cells=20_000,
        households=4_000_000,
        residents=10_000_000,
        facilities=300_000,
        cases=1_100_000,
        width_steps=1_900,
        north_steps=590,
        south_steps=540,
        river_steps=20,
        reaches=(0.05,) * 20,
        counties_across=5,
        banks_are_counties=True,
        streets=5,
        communities=(13,),
        community_rank=2,
        meander_m=9_000,
    ),
}
SIZES = tuple(TOWNS)
"""The sizes a demo town comes in."""
