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
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from softmodes.cell import Cell
from softmodes.errors import InputError
from softmodes.neighbours import neighbour_pairs

TOP_FRACTION = 0.25
MINIMUM_CLUSTER = 3


def neighbour_bonds(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
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
    """
    first, second, _ = neighbour_pairs(positions, cell, np.asarray(neighbour_distances), species)
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
    n_particles = len(field)
    if not 0.0 < top_fraction <= 1.0:
        raise InputError(f"top_fraction: {top_fraction} given, 0 < top_fraction <= 1 expected")
    if minimum_cluster < 1:
        raise InputError(f"minimum_cluster: {minimum_cluster} given, 1 or more expected")
    for name, ends in (("first", first), ("second", second)):
        if np.any((ends < 0) | (ends >= n_particles)):
            raise InputError(f"{name}: bonds of other particles than the field's {n_particles}")

    selected = np.zeros(n_particles, dtype=bool)
    # a stable sort leaves equal values in the order of their index
    largest_first = np.argsort(-field, kind="stable")
    selected[largest_first[: number_selected(n_particles, top_fraction)]] = True

    joined = selected[first] & selected[second]
    bonds = (np.ones(np.count_nonzero(joined)), (first[joined], second[joined]))
    graph = coo_array(bonds, shape=(n_particles, n_particles))
    _, cluster = connected_components(graph, directed=False)
    return selected & (np.bincount(cluster)[cluster] >= minimum_cluster)


def overlap(theta_a: NDArray[np.bool_], theta_b: NDArray[np.bool_]) -> float:
    """O_AB = 2 Σ_i Θ_A,i Θ_B,i / (N_A + N_B): 1 for the same particles, 0 for none in common.

    Args:
        theta_a, theta_b: (N,).

    Returns:
        The overlap; NaN if neither selects a particle.

    Raises:
        InputError: if the indicators differ in shape.
    """
    if np.shape(theta_a) != np.shape(theta_b):
        raise InputError(
            f"theta_b: shape {np.shape(theta_b)} given, {np.shape(theta_a)} of theta_a expected"
        )
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

    Each shuffle finds Θ_B again, cluster rule included: a set of scattered particles overlaps less
    than `top_fraction`.

    Args:
        theta_a: (N,).
        field_b: (N,).
        first, second: (P,), the bonds of field B's configuration.
        rng: source of the permutations.
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
    groups = [np.flatnonzero(group_of == group) for group in np.unique(group_of)]

    overlaps = np.empty(n_shuffles)
    shuffled = np.empty_like(field_b)
    for k in range(n_shuffles):
        for members in groups:
            shuffled[members] = field_b[rng.permutation(members)]
        theta_b = top_clusters(shuffled, first, second, top_fraction, minimum_cluster)
        overlaps[k] = overlap(theta_a, theta_b)
    return float(overlaps.mean())


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
