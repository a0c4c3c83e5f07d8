"""Which particles a field singles out, and how far two such selections coincide.

A field is one number per particle: Debye-Waller factor, propensity, soft-mode participation or
length of the nonaffine displacement. `top_clusters` turns it into the indicator Θ, `overlap`
compares two indicators, and `shuffled_overlap` says what the comparison would give if the second
field knew nothing of the particles it sits on, or their species alone. A field is clustered on the
configuration it belongs to, so each field comes with its own bonds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.cell import Cell
from softmodes.compilation import kernel
from softmodes.errors import InputError
from softmodes.neighbours import neighbour_pairs

TOP_FRACTION = 0.25
MINIMUM_CLUSTER = 3


def neighbour_bonds(
    positions: ArrayLike,
    species: ArrayLike,
    cell: Cell,
    neighbour_distances: ArrayLike,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Bonds between neighbours: pairs closer than the distance set for their pair type.

    Args:
        positions: (N, 2), wrapped or not.
        species: (N,), 0 small, 1 large.
        cell: the periodic cell, tilted or not.
        neighbour_distances: (3,) by pair type (small-small, mixed, large-large), in σ11: the
            first minima of g_ab(r).

    Returns:
        The particles first (P,) and second (P,) that each bond joins.

    Raises:
        InputError: as `neighbour_pairs` does.
    """
    first, second, _ = neighbour_pairs(positions, cell, neighbour_distances, species)
    return first, second


def number_selected(n_particles: int, top_fraction: float) -> int:
    """`top_fraction` of `n_particles`, rounded half up."""
    # 0.29 * 50 falls one bit short of 14.5; the inner rounding restores such halves.
    return math.floor(round(top_fraction * n_particles, 9) + 0.5)


def top_clusters(
    field: ArrayLike,
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    top_fraction: float = TOP_FRACTION,
    minimum_cluster: int = MINIMUM_CLUSTER,
) -> NDArray[np.bool_]:
    """Θ: the particles of largest field, as far as they sit together.

    The `number_selected` particles of largest field are taken, among equal values those of lower
    index. Those that bonds join form clusters, and clusters of fewer than `minimum_cluster`
    particles are dropped: Mosayebi et al., PRL 112, 105503 (2014) keep clusters of more than two.

    Args:
        field: (N,).
        first, second: (P,), the bonds of the configuration that the field belongs to.
        top_fraction: share of the particles taken.
        minimum_cluster: particles in the smallest cluster kept.

    Returns:
        (N,), True for the particles kept.

    Raises:
        InputError: if the field is not one finite number per particle, the fraction is outside
            (0, 1], the cluster size below one, or a bond names a particle the field lacks.
    """
    field = _checked(field, "field")
    selected = _largest(field, top_fraction)
    return _kept_clusters(selected, *_checked_bonds(first, second, len(field), minimum_cluster))


def overlap(theta_a: NDArray[np.bool_], theta_b: NDArray[np.bool_]) -> float:
    """O_AB = 2 Σ_i Θ_A,i Θ_B,i / (N_A + N_B): 1 for the same particles, 0 for none in common.

    Args:
        theta_a, theta_b: (N,).

    Returns:
        The overlap; NaN if neither selects a particle.

    Raises:
        InputError: if the indicators differ in shape.
    """
    _check_shapes(theta_a, theta_b)
    total = np.count_nonzero(theta_a) + np.count_nonzero(theta_b)
    if total == 0:
        return math.nan
    return 2.0 * np.count_nonzero(np.logical_and(theta_a, theta_b)) / total


def shuffled_overlap(
    theta_a: NDArray[np.bool_],
    field_b: ArrayLike,
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    rng: np.random.Generator,
    n_shuffles: int,
    within: NDArray[np.integer] | None = None,
    top_fraction: float = TOP_FRACTION,
    minimum_cluster: int = MINIMUM_CLUSTER,
) -> float:
    """Mean overlap of A with B after B's values have been dealt out anew.

    Which particles get the largest values is all that counts, and of values without ties every
    set of particles of that number gets them equally often (within species: every set of as many
    small and large ones as before). So random sets are drawn, not values. Each shuffle finds Θ_B
    again, cluster rule included: a set of scattered particles overlaps less than `top_fraction`.

    Args:
        theta_a: (N,).
        field_b: (N,).
        first, second: (P,), the bonds of field B's configuration.
        rng: source of the sets.
        n_shuffles: how many shuffles to average.
        within: None deals over all particles, the random line; species (N,) deals among the
            particles of equal species, which keeps the part that composition alone explains.
        top_fraction, minimum_cluster: as in `top_clusters`.

    Returns:
        The mean; NaN if a shuffle leaves neither side a particle.

    Raises:
        InputError: as `top_clusters` and `overlap`; if `within` differs from field B in shape; for
            fewer than one shuffle.
    """
    field_b = _checked(field_b, "field_b")
    if n_shuffles < 1:
        raise InputError(f"n_shuffles: {n_shuffles} given, 1 or more expected")
    group_of = np.zeros(len(field_b), dtype=np.int8) if within is None else np.asarray(within)
    if group_of.shape != field_b.shape:
        raise InputError(f"within: shape {group_of.shape} given, {field_b.shape} expected")
    _check_shapes(theta_a, field_b)
    bonds = _checked_bonds(first, second, len(field_b), minimum_cluster)
    selected = _largest(field_b, top_fraction)

    groups = [np.flatnonzero(group_of == group) for group in np.unique(group_of)]
    sizes = np.array([len(members) for members in groups])
    n_selected = np.array([np.count_nonzero(selected[members]) for members in groups])
    draws = rng.random((n_shuffles, n_selected.sum()))
    overlaps = _overlaps_with_random_sets(
        np.asarray(theta_a), np.concatenate(groups), sizes, n_selected, draws, *bonds
    )
    return float(overlaps.mean())


@kernel()
def _root(parent: NDArray[np.int32], particle: int) -> int:
    """The particle that stands for a particle's cluster; shortens the way there."""
    while parent[particle] != particle:
        parent[particle] = parent[parent[particle]]
        particle = parent[particle]
    return particle


@kernel()
def _kept_clusters(
    selected: NDArray[np.bool_],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    minimum_cluster: int,
) -> NDArray[np.bool_]:
    """The selected particles (N,) in clusters, joined by bonds (P,), of the minimum size or more.

    Clusters are trees in `parent`, merged bond by bond (union-find).
    """
    n = selected.size
    parent, size = np.empty(n, np.int32), np.zeros(n, np.int32)
    for i in range(n):
        parent[i] = i
    for k in range(first.size):
        if selected[first[k]] and selected[second[k]]:
            parent[_root(parent, first[k])] = _root(parent, second[k])
    for i in range(n):
        size[_root(parent, i)] += 1
    kept = np.zeros(n, np.bool_)
    for i in range(n):
        kept[i] = selected[i] and size[_root(parent, i)] >= minimum_cluster
    return kept


@kernel()
def _overlaps_with_random_sets(
    theta_a: NDArray[np.bool_],
    member: NDArray[np.int64],
    sizes: NDArray[np.int64],
    n_selected: NDArray[np.int64],
    draws: NDArray[np.float64],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    minimum_cluster: int,
) -> NDArray[np.float64]:
    """Overlaps (K,) of Θ_A with the clusters of K random sets.

    `member` (N,) lists the particles group after group, of given `sizes`. Each set takes
    `n_selected` of every group by swapping one of the rest to the group's front at a time, by the
    numbers in [0, 1) of its row of `draws`.
    """
    overlaps = np.empty(draws.shape[0])
    selected = np.empty(theta_a.size, np.bool_)
    for shuffle in range(draws.shape[0]):
        for i in range(selected.size):
            selected[i] = False
        start, used = 0, 0
        for group in range(sizes.size):
            for k in range(n_selected[group]):
                chosen = start + k + int(draws[shuffle, used] * (sizes[group] - k))
                used += 1
                particle = member[chosen]
                member[chosen] = member[start + k]
                member[start + k] = particle
                selected[particle] = True
            start += sizes[group]
        theta_b = _kept_clusters(selected, first, second, minimum_cluster)
        common, total = 0, 0
        for i in range(theta_b.size):
            common += theta_a[i] and theta_b[i]
            total += int(theta_a[i]) + int(theta_b[i])
        overlaps[shuffle] = 2.0 * common / total
    return overlaps


def _largest(field: NDArray[np.float64], top_fraction: float) -> NDArray[np.bool_]:
    """The `number_selected` particles of largest field (N,), as an indicator (N,)."""
    if not 0.0 < top_fraction <= 1.0:
        raise InputError(f"top_fraction: {top_fraction} given, 0 < top_fraction <= 1 expected")
    selected = np.zeros(len(field), dtype=bool)
    # a stable sort leaves equal values in the order of their index
    largest_first = np.argsort(-field, kind="stable")
    selected[largest_first[: number_selected(len(field), top_fraction)]] = True
    return selected


def _checked(field: ArrayLike, name: str) -> NDArray[np.float64]:
    """The field as an array (N,) of finite numbers."""
    field = np.asarray(field, dtype=np.float64)
    if field.ndim != 1:
        raise InputError(f"{name}: shape {field.shape} given, (N,) expected")
    unusable = np.flatnonzero(~np.isfinite(field))
    if unusable.size:
        particle = unusable[0]
        raise InputError(f"{name}: {field[particle]} at particle {particle}, a number expected")
    return field


def _checked_bonds(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    n_particles: int,
    minimum_cluster: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """The cluster rule's part of the arguments, once the kernels may rely on it."""
    if minimum_cluster < 1:
        raise InputError(f"minimum_cluster: {minimum_cluster} given, 1 or more expected")
    for name, ends in (("first", first), ("second", second)):
        if len(ends) and (ends.min() < 0 or ends.max() >= n_particles):
            raise InputError(f"{name}: bonds of other particles than the field's {n_particles}")
    return first.astype(np.int32, copy=False), second.astype(np.int32, copy=False), minimum_cluster


def _check_shapes(theta_a: ArrayLike, theta_b: ArrayLike) -> None:
    if np.shape(theta_a) != np.shape(theta_b):
        raise InputError(
            f"theta_b: shape {np.shape(theta_b)} given, {np.shape(theta_a)} of theta_a expected"
        )
