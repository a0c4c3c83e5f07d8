"""Whether fields stay where they are from one structure to another: pairs and what they share.

A system has I structures, each with a field of which Θ is known, and was found in one of them at
each visit of a sequence. Where there are more pairs than are asked for, equally spaced ones of
their list stand for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from softmodes.analysis.metabasins import Metabasins
from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.distance import displacement_between, mobile_distance, rms_distance

PAIRS_AT_A_TIME = 100
"""Whose displacements are held in memory."""

DISTANCE_EDGES = np.geomspace(1e-3, 10.0, 33)
"""Of the bins of distances, in σ11: 8 to a decade."""

EQUAL_DISTANCE_EDGES = np.geomspace(1e-3, 10.0, 97)
"""Of bins in which distances count as equal, in σ11: 24 to a decade."""

OVERLAP_EDGES = np.linspace(0.0, 1.0, 21)
"""Of the bins of overlaps."""


@dataclass(frozen=True)
class Distances:
    """How far the structures of pairs are from each other, in σ11.

    Attributes:
        rms: (P,), `rms_distance` of the particles.
        mobile: (P,), `mobile_distance`, of those that moved farthest.
    """

    rms: NDArray[np.float64]
    mobile: NDArray[np.float64]


def spread(number: int, most: int) -> NDArray[np.int64]:
    """Equally spaced ones (K,) of the numbers from 0 to `number` - 1: all, or `most` of them."""
    kept = min(number, most)
    return np.arange(kept) * number // max(kept, 1)


def lagged_pairs(sequence: NDArray[np.int64], lag: int, most: int) -> NDArray[np.int64]:
    """Structures (P, 2) that a sequence (V,) has at visits a lag apart.

    Args:
        sequence: of the structures.
        lag: in visits, shorter than the sequence.
        most: pairs.

    Raises:
        InputError: if the lag is not.
    """
    if not 0 <= lag < len(sequence):
        raise InputError(f"lag: {lag} given, a number from 0 to {len(sequence) - 1} expected")
    start = spread(len(sequence) - lag, most)
    return np.stack([sequence[start], sequence[start + lag]], axis=1)


def pairs_within(
    found: Metabasins, most: int, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Pairs (P, 2) of different structures of one metabasin.

    Args:
        found: the metabasins of a sequence.
        most: pairs.
        kept: (B,), metabasins to take; None: all.
    """
    members, start, size = _members(found, kept)
    basin, place = _unravelled(size * (size - 1) // 2, most)
    # pairs (second, first < second) in the order of the second
    second = ((1.0 + np.sqrt(1.0 + 8.0 * place)) / 2.0).astype(np.int64)
    first = place - second * (second - 1) // 2
    return members[start[basin][:, None] + np.stack([first, second], axis=1)]


def pairs_between(
    found: Metabasins, most: int, kept: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Pairs (P, 2) of structures of metabasins that follow each other, among those kept.

    Arguments as of `pairs_within`.
    """
    members, start, size = _members(found, kept)
    basin, place = _unravelled(size[:-1] * size[1:], most)
    first, second = np.divmod(place, size[basin + 1])
    return np.stack([members[start[basin] + first], members[start[basin + 1] + second]], axis=1)


def pair_overlaps(selected: NDArray[np.bool_], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """O (P,) of the Θ of pairs of structures, as `overlap.overlap`.

    Args:
        selected: (I, N), Θ of each structure.
        pairs: (P, 2).

    Returns:
        NaN where neither selects a particle.
    """
    size = np.count_nonzero(selected, axis=1)
    common = _in_parts(
        pairs, lambda one, other: np.count_nonzero(selected[one] & selected[other], axis=1)
    )
    total = size[pairs].sum(axis=1)
    with np.errstate(invalid="ignore"):
        return 2.0 * common / total


def pair_distances(
    positions: NDArray[np.float64], cell: Cell, pairs: NDArray[np.int64]
) -> Distances:
    """Distances of the structures (I, N, 2) of pairs (P, 2)."""

    def both(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
        moved = displacement_between(positions[other], positions[one], cell)
        return np.stack([rms_distance(moved), mobile_distance(moved)], axis=1)

    found = _in_parts(pairs, both).reshape(-1, 2)
    return Distances(found[:, 0], found[:, 1])


def difference_at_equal_distance(
    pairs: tuple[ArrayLike, ArrayLike], others: tuple[ArrayLike, ArrayLike]
) -> float:
    """Mean of some pairs' values less that of others, as far as both have pairs at one distance.

    Means are taken in the bins of EQUAL_DISTANCE_EDGES; the difference in one counts as
    n n'/(n + n') of its numbers of pairs, which gives the smallest error.

    Args:
        pairs: their distances (P,), in σ11, and values (P,), of which NaN is left out.
        others: likewise.

    Returns:
        NaN where no distance is in common.
    """
    one, other = (_binned(*map(np.asarray, some)) for some in (pairs, others))
    both = (one[0] > 0) & (other[0] > 0)
    (n, total), (of_n, of_total) = one[:, both], other[:, both]
    if not n.size:
        return math.nan
    return float(np.average(total / n - of_total / of_n, weights=n * of_n / (n + of_n)))


def _binned(distances: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of values and their sums (2, K) in the bins of EQUAL_DISTANCE_EDGES."""
    known = np.isfinite(values)
    return np.stack(
        [
            np.histogram(distances[known], EQUAL_DISTANCE_EDGES, weights=weights)[0]
            for weights in (np.ones(known.sum()), values[known])
        ]
    )


def relative_ranks(field: ArrayLike) -> NDArray[np.float64]:
    """Ranks (N,) of a field (N,) over N, from 0 for the lowest to 1; of equal values the mean."""
    field = np.asarray(field)
    return (rankdata(field) - 0.5) / len(field)


def rank_changes(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """|Δ rank| (N,) between two fields (N,) over N/3, its mean for independent ones."""
    return 3.0 * np.abs(relative_ranks(after) - relative_ranks(before))


def _members(found: Metabasins, kept: NDArray[np.bool_] | None) -> tuple[NDArray[np.int64], ...]:
    """Structures ordered by metabasin, where each metabasin begins, and how many it has."""
    kept = np.ones(len(found.first), bool) if kept is None else kept
    members = np.argsort(found.of_structure, kind="stable")
    members = members[kept[found.of_structure[members]]]
    size = np.bincount(found.of_structure, minlength=len(kept))[kept]
    return members, np.cumsum(size) - size, size


def _unravelled(
    numbers: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of lists of these lengths in a row, equally spaced entries: which list, and place in it."""
    end = np.cumsum(numbers)
    entry = spread(int(end[-1]) if len(end) else 0, most)
    which = np.searchsorted(end, entry, side="right")
    return which, entry - (end - numbers)[which]


def _in_parts(pairs: NDArray[np.int64], of_pairs: Callable[..., NDArray]) -> NDArray:
    """What a function of first and second structures gives, pair by pair."""
    parts = [
        of_pairs(*pairs[at : at + PAIRS_AT_A_TIME].T)
        for at in range(0, len(pairs), PAIRS_AT_A_TIME)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
