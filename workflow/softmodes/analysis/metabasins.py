"""Metabasins: stretches of a sequence of inherent structures between which none comes back.

Doliwa & Heuer, PRE 67, 030501 (2003): the interval of time from the first to the last visit of
each structure; overlapping intervals are merged. A sequence is (V,) numbers of the structures
found at equally spaced times, from 0, each number used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.errors import InputError


@dataclass(frozen=True)
class Metabasins:
    """The metabasins of a sequence, one after another.

    Attributes:
        first, last: (B,), visits that each begins and ends with; the first one's beginning and
            the last one's end are those of the sequence.
        of_structure: (I,), the metabasin that each structure belongs to.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    of_structure: NDArray[np.int64]

    @property
    def changes(self) -> int:
        """From one metabasin to the next."""
        return len(self.first) - 1


@dataclass(frozen=True)
class Transitions:
    """Changes of structure from one visit to the next.

    Attributes:
        visit: (K,), the last visit before each.
        returned: (K,), whether the structure left is visited again.
    """

    visit: NDArray[np.int64]
    returned: NDArray[np.bool_]


def metabasins(sequence: ArrayLike) -> Metabasins:
    """The metabasins of a sequence (V,).

    Raises:
        InputError: if the sequence is empty or leaves out a number.
    """
    sequence = _checked(sequence)
    # a metabasin ends where no structure so far is visited again
    pending = np.maximum.accumulate(_last_visits(sequence)[sequence])
    last = np.flatnonzero(pending == np.arange(len(sequence)))
    first = np.append(0, last[:-1] + 1)
    of_structure = np.empty(sequence.max() + 1, np.int64)
    of_structure[sequence] = np.searchsorted(last, np.arange(len(sequence)))
    return Metabasins(first, last, of_structure)


def transitions(sequence: ArrayLike) -> Transitions:
    """The transitions of a sequence (V,).

    Raises:
        InputError: as `metabasins`.
    """
    sequence = _checked(sequence)
    visit = np.flatnonzero(np.diff(sequence))
    return Transitions(visit, _last_visits(sequence)[sequence[visit]] > visit)


def mean_lifetime(found: Metabasins, interval: float) -> float:
    """Time between two changes of metabasin: that observed over their number.

    Unlike the mean over metabasins seen whole, it does not miss the long ones that the sequence
    begins or ends in.

    Args:
        found: of a sequence.
        interval: between visits.

    Returns:
        In the unit of the interval; NaN where there was no change.
    """
    return interval * float(found.last[-1]) / found.changes if found.changes else np.nan


def _last_visits(sequence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each structure (I,)."""
    last = np.empty(sequence.max() + 1, np.int64)
    # of several values for one place the last stays
    last[sequence] = np.arange(len(sequence))
    return last


def _checked(sequence: ArrayLike) -> NDArray[np.int64]:
    sequence = np.asarray(sequence, np.int64)
    if sequence.ndim != 1 or not len(sequence):
        raise InputError(f"sequence: shape {sequence.shape} given, (V,) with V > 0 expected")
    numbers = np.unique(sequence)
    if not np.array_equal(numbers, np.arange(len(numbers))):
        raise InputError(
            f"sequence: structures {numbers[:5]} given, the numbers from 0 expected, each used"
        )
    return sequence
