"""Relaxation of the equilibrated liquid, from frames of its trajectory.

Frames are positions (F, N, 2), unwrapped: a particle that leaves the cell goes on. The total
momentum is zero, so that displacements need no correction for drift. Results come in three rows,
all, small and large particles; a row without particles is NaN.

The frames may come from a run under the thermostat of `dynamics`, which acts on the kinetic energy
as a whole. At N = 500, T = 0.6, 36 samples of 240 τ gave the same F_s as runs at constant energy
from where they ended: at k = 6 within 2.1 standard errors at every time, these being 0.005 near
1/e; τ_e was 2.61 τ and 2.64 τ, the cage-relative time 13.5 τ and 14.2 τ (a standard error: 0.5 τ).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import j0

from softmodes.analysis.structure import checked_frames
from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import LARGE, SMALL

LAGS_PER_DECADE = 8


@dataclass(frozen=True)
class SelfDynamics:
    """How far particles move in a time; rows all, small, large, columns the lags.

    Attributes:
        self_intermediate_scattering: (3, K), F_s(k, t).
        cage_relative_scattering: (3, K), F_s(k, t) of the displacements against the cage.
        mean_squared_displacement: (3, K), in σ11².
        self_intermediate_scattering_halves, cage_relative_scattering_halves: (2, K), of all
            particles, from pairs of frames in the first and in the second half of the time; NaN
            for lags longer than that.
    """

    self_intermediate_scattering: NDArray[np.float64]
    cage_relative_scattering: NDArray[np.float64]
    mean_squared_displacement: NDArray[np.float64]
    self_intermediate_scattering_halves: NDArray[np.float64]
    cage_relative_scattering_halves: NDArray[np.float64]


def time_origins(times: NDArray[np.integer]) -> NDArray[np.int64]:
    """The finest equally spaced frames, the first among them: indices (M,) of `times`.

    Args:
        times: (F,) of the frames, whole numbers in any unit, ascending.

    Raises:
        InputError: if there are fewer than two, or they do not ascend.
    """
    elapsed = _checked_times(times) - times[0]
    # the multiples of a shorter lag would fall into the longest gap
    for spacing in elapsed[elapsed >= np.diff(elapsed).max()]:
        origins = np.arange(0, elapsed[-1] + 1, spacing)
        if np.isin(origins, elapsed).all():
            break
    return np.searchsorted(elapsed, origins)


def lags_of(times: NDArray[np.integer]) -> NDArray[np.int64]:
    """Lags (K,), in the unit of `times`, that frames at these times resolve.

    They are 0, those that follow the first frame up to the next time origin, and beyond that
    multiples of the origins' spacing, LAGS_PER_DECADE of them.

    Args:
        times: as `time_origins` takes them.
    """
    origins = time_origins(times)
    elapsed = times[: origins[1] + 1] - times[0]
    return np.union1d(elapsed, elapsed[-1] * logarithmic_lags(len(origins)))


def logarithmic_lags(n_frames: int) -> NDArray[np.int64]:
    """Lags between frames that are evenly spaced in the logarithm, but whole.

    Args:
        n_frames: in a row, 2 or more.

    Returns:
        (K,) ascending: 0, then some LAGS_PER_DECADE to a decade, short ones fewer, the last
        n_frames - 1.

    Raises:
        InputError: if there are fewer than 2 frames.
    """
    if n_frames < 2:
        raise InputError(f"n_frames: {n_frames} given, 2 or more expected")
    longest = n_frames - 1
    n_lags = math.ceil(LAGS_PER_DECADE * math.log10(longest)) + 1
    return np.unique(np.append(0, np.rint(np.geomspace(1, longest, n_lags)))).astype(np.int64)


def self_dynamics(
    frames: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    *,
    times: NDArray[np.integer],
    lags: ArrayLike,
    wavenumber: float,
    neighbour_distances: ArrayLike,
) -> SelfDynamics:
    """F_s(k, t), its cage-relative form and the mean squared displacement.

    F_s(k, t) = ⟨J0(k |Δr_i(t)|)⟩, over particles and time origins: the exact average of
    exp(i k·Δr) over the directions of k in two dimensions. Cage-relative displacements are
    Δr_i less the mean Δr_j of the neighbours that i has at the time origin; they leave out the
    long-wavelength motion that makes plain F_s depend on the size of a two-dimensional system
    (Mazoyer et al., EPL 88, 66004 (2009); Illing et al., PNAS 114, 1856 (2017)). A particle
    without neighbours keeps its plain displacement.

    A lag is averaged over all `time_origins` after which, so much later, there is a frame.

    Args:
        frames: (F, N, 2), unwrapped.
        species: (N,), 0 small, 1 large.
        cell: the periodic cell.
        times: (F,) of the frames, whole numbers in any unit, ascending.
        lags: (K,), whole numbers in the same unit; a lag between no two frames gives NaN.
        wavenumber: k, in 1/σ11.
        neighbour_distances: (3,) by pair type, in σ11.

    Raises:
        InputError: if an argument lacks the shape or range given here.
    """
    frames, species = checked_frames(frames, species, cell)
    times, lags = _checked_times(times), np.asarray(lags)
    if len(times) != len(frames):
        raise InputError(
            f"times: {len(times)} given, one for each of {len(frames)} frames expected"
        )
    if lags.ndim != 1 or not np.issubdtype(lags.dtype, np.integer):
        raise InputError(f"lags: shape {lags.shape} of {lags.dtype} given, (K,) integers expected")
    longest = times[-1] - times[0]
    if lags.size and not 0 <= lags.min() <= lags.max() <= longest:
        raise InputError(f"lags: {lags.min()} to {lags.max()} given, 0 to {longest} expected")
    if not wavenumber > 0:
        raise InputError(f"wavenumber: {wavenumber} given, a positive number expected")

    # F_s, cage-relative F_s, squares; of the whole run and its halves; of the groups
    sums, n_pairs = np.zeros((3, 3, 3, len(lags))), np.zeros((3, len(lags)))
    middle = 0.5 * (times[0] + times[-1])
    for origin in time_origins(times):
        ends = times[origin] + lags
        (reached,) = np.nonzero(np.isin(ends, times))
        displacement = frames[np.searchsorted(times, ends[reached])] - frames[origin]
        at_origin = Configuration(frames[origin], species, cell)
        cage = _cage_motion(at_origin, displacement, neighbour_distances)
        square = np.sum(displacement**2, axis=-1)
        caged_distance = np.linalg.norm(displacement - cage, axis=-1)
        values = j0(wavenumber * np.sqrt(square)), j0(wavenumber * caged_distance), square
        means = np.stack([_group_means(value, species) for value in values])
        within = np.stack(
            [
                np.ones(len(reached)),
                ends[reached] <= middle,
                np.full(len(reached), times[origin] >= middle),
            ]
        )
        sums[..., reached] += within[:, None] * means[:, None]
        n_pairs[:, reached] += within
    with np.errstate(invalid="ignore"):
        (scattering, caged, squares) = sums / n_pairs[:, None]
    return SelfDynamics(scattering[0], caged[0], squares[0], scattering[1:, 0], caged[1:, 0])


def relaxation_time(times: ArrayLike, scattering: ArrayLike, level: float = 1.0 / math.e) -> float:
    """τ_e: when F_s, averaged over samples first, falls to 1/e for the first time.

    F_s is interpolated linearly in ln t, where an exponential has its inflection at just 1/e; in an
    interval that begins at t = 0, linearly in t.

    Args:
        times: (K,), ascending, the first 0 or positive.
        scattering: (K,), or (S, K) for S samples with the same times.
        level: the value waited for.

    Returns:
        The time, in the unit of `times`; NaN if the curve begins at or below the level, does not
        reach it, or holds a NaN.

    Raises:
        InputError: if the times do not ascend from 0 or more, or the shapes disagree.
    """
    times = np.asarray(times, dtype=np.float64)
    curves = np.atleast_2d(np.asarray(scattering, dtype=np.float64))
    if times.ndim != 1 or curves.ndim != 2 or curves.shape[1] != len(times):
        raise InputError(
            f"scattering: shape {np.shape(scattering)} given, (K,) or (S, K) with the K of "
            f"times {times.shape} expected"
        )
    if times.size and (times[0] < 0 or not np.all(np.diff(times) > 0)):
        raise InputError(f"times: {times} given, ascending from 0 or more expected")
    curve = curves.mean(axis=0)
    (below,) = np.nonzero(curve <= level)
    if np.isnan(curve).any() or not below.size or below[0] == 0:
        return math.nan
    before, after = below[0] - 1, below[0]
    share = (curve[before] - level) / (curve[before] - curve[after])
    if times[before] == 0:
        return float(share * times[after])
    return float(times[before] * (times[after] / times[before]) ** share)


def value_at(times: ArrayLike, curve: ArrayLike, time: float) -> float:
    """A relaxation function at one time, by linear interpolation in ln t.

    Args:
        times: (K,), ascending, the first 0 or positive.
        curve: (K,).
        time: in the unit of `times`, no shorter than the first above 0.

    Returns:
        The value; NaN where the time is, or lies beyond the others, or the curve around it is.
    """
    times, curve = np.asarray(times, dtype=np.float64), np.asarray(curve, dtype=np.float64)
    later = times > 0
    logarithm = np.log(times[later])
    return float(np.interp(math.log(time), logarithm, curve[later], math.nan, math.nan))


def _cage_motion(
    origin: Configuration, displacement: NDArray[np.float64], neighbour_distances: ArrayLike
) -> NDArray[np.float64]:
    """Mean displacement (K, N, 2) of the neighbours that particles have at the time origin."""
    n_lags, n_particles, _ = displacement.shape
    first, second = origin.bonds(neighbour_distances)
    row, column = np.concatenate([first, second]), np.concatenate([second, first])
    n_neighbours = np.bincount(row, minlength=n_particles)
    mean = csr_array((1.0 / n_neighbours[row], (row, column)), shape=(n_particles, n_particles))
    by_particle = displacement.transpose(1, 0, 2).reshape(n_particles, -1)
    return (mean @ by_particle).reshape(n_particles, n_lags, 2).transpose(1, 0, 2)


def _group_means(values: NDArray[np.float64], species: NDArray[np.int8]) -> NDArray[np.float64]:
    """Means (3, K) of values (K, N) over all, small and large particles."""
    groups = (np.ones(len(species), bool), species == SMALL, species == LARGE)
    return np.stack(
        [
            values[:, group].mean(axis=1) if group.any() else np.full(len(values), np.nan)
            for group in groups
        ]
    )


def _checked_times(times: ArrayLike) -> NDArray[np.integer]:
    times = np.asarray(times)
    whole = times.ndim == 1 and np.issubdtype(times.dtype, np.integer)
    if not whole or len(times) < 2 or not np.all(np.diff(times) > 0):
        raise InputError(f"times: {times} given, two or more ascending whole numbers expected")
    return times
