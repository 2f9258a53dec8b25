"""Loops that numpy has no words for, compiled when they are first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """A function of numbers and arrays as machine code, which other threads need not wait for.

    The code is kept beside the file, or in the user's cache folder where that cannot be written.
    """
    return cast(Loop, numba.njit(cache=True, nogil=True, error_model="numpy")(loop))
