"""Which particles a field singles out, and how far two such selections coincide.

A field is one number per particle: Debye-Waller factor, propensity, soft-mode participation or
length of the nonaffine displacement. `top_clusters` turns it into the indicator Θ, `overlap`
compares two indicators, and `shuffled_overlap` says what the comparison would give if the second
field knew nothing of the particles it sits on, or their species alone. A field is clustered on the
configuration it belongs to, so each field comes with its own bonds. `corrected_overlap` estimates
what the comparison would give if a field that is an average over runs were known exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtri, owens_t

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel
from softmodes.system.configuration import Bonds

TOP_FRACTION = 0.25
MINIMUM_CLUSTER = 3
MINIMUM_RELIABILITY = 0.25
"""Below it a correlation would be more than doubled by the correction, and its error with it."""


def number_selected(n_particles: int, top_fraction: float) -> int:
    """`top_fraction` of `n_particles`, rounded half up."""
    # 0.29 * 50 falls one bit short of 14.5; the inner rounding restores such halves.
    return math.floor(round(top_fraction * n_particles, 9) + 0.5)


def top_clusters(
    field: ArrayLike,
    bonds: Bonds,
    *,
    top_fraction: float = TOP_FRACTION,
    minimum_cluster: int = MINIMUM_CLUSTER,
) -> NDArray[np.bool_]:
    """Θ: the particles of largest field, as far as they sit together.

    The `number_selected` particles of largest field are taken, among equal values those of lower
    index. Those that bonds join form clusters, and clusters of fewer than `minimum_cluster`
    particles are dropped: Mosayebi et al., PRL 112, 105503 (2014) keep clusters of more than two.

    Args:
        field: (N,).
        bonds: (P,) and (P,), of the configuration that the field belongs to.
        top_fraction: fraction of the particles taken.
        minimum_cluster: particles in the smallest cluster kept.

    Returns:
        (N,), True for the particles kept.

    Raises:
        InputError: if the field is not one finite number per particle, the fraction is outside
            (0, 1], the cluster size below one, or a bond names a particle the field lacks.
    """
    field = _checked(field, "field")
    selected = _largest(field, top_fraction)
    return _kept_clusters(selected, *_checked_bonds(bonds, len(field), minimum_cluster))


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
    bonds: Bonds,
    *,
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
        bonds: (P,) and (P,), of field B's configuration.
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
    checked_bonds = _checked_bonds(bonds, len(field_b), minimum_cluster)
    selected = _largest(field_b, top_fraction)

    groups = [np.flatnonzero(group_of == group) for group in np.unique(group_of)]
    sizes = np.array([len(members) for members in groups])
    n_selected = np.array([np.count_nonzero(selected[members]) for members in groups])
    draws = rng.random((n_shuffles, n_selected.sum()))
    overlaps = _overlaps_with_random_sets(
        np.asarray(theta_a), np.concatenate(groups), sizes, n_selected, draws, *checked_bonds
    )
    return float(overlaps.mean())


def chance_overlap(theta_a: NDArray[np.bool_], theta_b: NDArray[np.bool_]) -> float:
    """Mean overlap of two sets of these sizes that know nothing of each other.

    Unlike `shuffled_overlap` it does not find the clusters anew: the sets keep their sizes.

    Args:
        theta_a, theta_b: (N,).

    Returns:
        2 N_A N_B / N (N_A + N_B); NaN if neither selects a particle.

    Raises:
        InputError: if the indicators differ in shape.
    """
    _check_shapes(theta_a, theta_b)
    in_a, in_b = np.count_nonzero(theta_a), np.count_nonzero(theta_b)
    if in_a + in_b == 0:
        return math.nan
    return 2.0 * in_a * in_b / (np.size(theta_a) * (in_a + in_b))


def latent_correlation(overlap: float, chance: float, top_fraction: float = TOP_FRACTION) -> float:
    """Correlation of two normal variables whose largest values coincide as two sets do.

    The largest values, a fraction q, of two normal variables of correlation ρ = cos φ overlap by
    q + (1 - q) h(ρ), h = 1 - 2 T(z, tan φ/2) / q (1 - q), with Owen's T and Φ(z) = 1 - q: from
    q (independent) to 1 (equal). Found is the ρ at which h is (O - O_chance) / (1 - O_chance), what
    the sets overlap beyond chance; for one half as q it is sin(π h / 2). Turning counts into such a
    correlation is Pearson's tetrachoric one (Phil. Trans. R. Soc. A 195, 1, 1900).

    Args:
        overlap, chance: of two indicators, and of independent ones (`chance_overlap`).
        top_fraction: q.

    Returns:
        Within [-1, 1], where overlaps farther from chance than any correlation gives become the
        bounds; NaN if there is no overlap or it is complete by chance.

    Raises:
        InputError: if the fraction is outside (0, 1).
    """
    if not 0.0 < top_fraction < 1.0:
        raise InputError(f"top_fraction: {top_fraction} given, 0 < top_fraction < 1 expected")
    if not chance < 1.0 or math.isnan(overlap):
        return math.nan
    beyond = (overlap - chance) / (1.0 - chance)
    if beyond <= _beyond_chance(math.pi, top_fraction):
        return -1.0
    if beyond >= 1.0:
        return 1.0
    angle = brentq(lambda angle: _beyond_chance(angle, top_fraction) - beyond, 0.0, math.pi)
    return math.cos(angle)


def half_reliability(
    theta_first: NDArray[np.bool_],
    theta_second: NDArray[np.bool_],
    top_fraction: float = TOP_FRACTION,
) -> float:
    """Reliability of a field measured with half the runs, from the overlap of the two halves.

    The reliability is the variance without noise over that with it, which is the correlation of
    two measurements of the same; here it is the halves' `latent_correlation`.

    Args:
        theta_first, theta_second: (N,), of the field of either half of the runs.
        top_fraction: fraction of the particles that clusters form from.

    Returns:
        Within [0, 1], 0 for halves that coincide less than by chance; NaN if none selects any.

    Raises:
        InputError: as `latent_correlation` and `overlap`.
    """
    found, chance = overlap(theta_first, theta_second), chance_overlap(theta_first, theta_second)
    return max(latent_correlation(found, chance, top_fraction), 0.0)


def spearman_brown(half: float) -> float:
    """Reliability 2ρ / (1 + ρ) of an average over all runs, from that of half of them, ρ >= 0.

    Spearman, Br. J. Psychol. 3, 271 (1910); Brown, ibid. 296.
    """
    return 2.0 * half / (1.0 + half)


def attenuation(reliability: float) -> float:
    """By what noise multiplies a correlation, the square root of the reliability.

    Spearman, Am. J. Psychol. 15, 72 (1904). Of two measured fields it is that of the product.

    Returns:
        NaN below MINIMUM_RELIABILITY.
    """
    return math.sqrt(reliability) if reliability >= MINIMUM_RELIABILITY else math.nan


def corrected_overlap(
    overlap: float, chance: float, reliability: float, *, top_fraction: float = TOP_FRACTION
) -> float:
    """What two fields would overlap by, were they free of the noise of a finite number of runs.

    The overlap becomes a `latent_correlation`, is divided by the `attenuation` and becomes an
    overlap again. Simpler ways were further off, on synthetic fields like Debye-Waller factors of
    reliability 0.5 to 0.95 whose overlap without noise is 0.5: the overlap beyond chance divided by
    the root of the halves' own comes out higher by 0.03 to 0.07, the extrapolation in one over the
    number of runs lower by up to 0.07, this higher by 0.01. A correlation above one, as noise can
    make it, counts as one.

    Args:
        overlap: of the fields as measured.
        chance: of independent sets (`chance_overlap`).
        reliability: of the measured field (`half_reliability`, then `spearman_brown`); of two
            measured fields, the product.
        top_fraction: fraction of the particles that clusters form from.

    Returns:
        The overlap; NaN where the reliability is below MINIMUM_RELIABILITY, or no overlap given.

    Raises:
        InputError: as `latent_correlation`.
    """
    true = latent_correlation(overlap, chance, top_fraction) / attenuation(reliability)
    return _overlap_of(true, chance, top_fraction)


def attainable_overlap(
    chance: float, reliability: float, *, top_fraction: float = TOP_FRACTION
) -> float:
    """What a measured field overlaps by with itself free of noise: no predictor can do better.

    Their correlation is the `attenuation`. Arguments as in `corrected_overlap`, which makes it 1.
    """
    return _overlap_of(attenuation(reliability), chance, top_fraction)


def standard_ranks(field: ArrayLike) -> NDArray[np.float64]:
    """Ranks (N,) of a field (N,), of mean zero and variance one; equal values share the mean rank.

    Returns:
        NaN everywhere for a field that is the same everywhere.

    Raises:
        InputError: if the field is not one finite number per particle.
    """
    _, group, sizes = np.unique(_checked(field, "field"), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - 0.5 * (sizes - 1))[group]
    deviation = ranks.std()
    if deviation == 0.0:
        return np.full(len(ranks), math.nan)
    return (ranks - ranks.mean()) / deviation


def rank_correlation(ranks_a: NDArray[np.float64], ranks_b: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two fields, from their `standard_ranks` (N,) each.

    Raises:
        InputError: if they differ in shape.
    """
    _check_shapes(ranks_a, ranks_b)
    # no matrix product, whose bits depend on the number of threads
    return float((ranks_a * ranks_b).mean())


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


def _overlap_of(correlation: float, chance: float, top_fraction: float) -> float:
    """The overlap whose `latent_correlation` is this one; NaN of NaN."""
    if math.isnan(correlation):
        return math.nan
    angle = math.acos(min(1.0, max(-1.0, correlation)))
    return chance + (1.0 - chance) * _beyond_chance(angle, top_fraction)


def _beyond_chance(angle: float, top_fraction: float) -> float:
    """h of `latent_correlation` at the correlation cos `angle`."""
    missed = owens_t(ndtri(1.0 - top_fraction), math.tan(0.5 * angle))
    return 1.0 - 2.0 * float(missed) / (top_fraction * (1.0 - top_fraction))


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
    bonds: Bonds, n_particles: int, minimum_cluster: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """The cluster rule's part of the arguments, once the kernels may rely on it."""
    if minimum_cluster < 1:
        raise InputError(f"minimum_cluster: {minimum_cluster} given, 1 or more expected")
    for name, ends in zip(("first", "second"), bonds, strict=True):
        if len(ends) and (ends.min() < 0 or ends.max() >= n_particles):
            raise InputError(f"{name}: bonds of other particles than the field's {n_particles}")
    first, second = (ends.astype(np.int32, copy=False) for ends in bonds)
    return first, second, minimum_cluster


def _check_shapes(theta_a: ArrayLike, theta_b: ArrayLike) -> None:
    if np.shape(theta_a) != np.shape(theta_b):
        raise InputError(
            f"theta_b: shape {np.shape(theta_b)} given, {np.shape(theta_a)} of theta_a expected"
        )
