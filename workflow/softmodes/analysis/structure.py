"""Structure of the liquid, from frames of its trajectory.

Frames are positions (F, N, 2), wrapped or not. Results come in three rows: all, small and large
particles for S(k), small-small, mixed and large-large pairs for g_ab(r); a row without particles is
NaN. The grids in k and r are the same for every sample, so that curves of samples average bin by
bin.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration, as_floats
from softmodes.system.mixture import LARGE, SMALL

WAVENUMBER_BIN, WAVENUMBER_END = 0.1, 12.0
RADIUS_BIN, RADIUS_END = 0.02, 5.0

LONG_WAVE = 0.6
"""In 1/σ11: waves longer than ten diameters."""
CRYSTAL = 0.75
"""`hexatic_order` half way between a cold liquid's and a crystal's, or that of half a crystal."""
DEMIXED = 5.0
"""S of the small particles at long waves, which is about 1 in the liquid at any T, the largest of
hundreds of samples 3, and a tenth of N or more where the two kinds have parted."""

# Half widths of the running mean and of the parabola that locate an extremum, in k and r.
PEAK_SMOOTHING, PEAK_WINDOW = 0.25, 0.5
MINIMUM_SMOOTHING, MINIMUM_WINDOW = 0.05, 0.15


def structure_factor(
    frames: NDArray[np.float64], species: NDArray[np.int8], cell: Cell
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """S(k) = ⟨|Σ_j exp(-i k·r_j)|²⟩ / n over the n particles of a row, from every k of the cell.

    All wave vectors of the reciprocal lattice up to WAVENUMBER_END, without k = 0, fall into bins
    of width WAVENUMBER_BIN.

    Args:
        frames: (F, N, 2), wrapped or not.
        species: (N,), 0 small, 1 large.
        cell: the periodic cell.

    Returns:
        The bins' centres (K,), in 1/σ11, and S (3, K) of all, small and large particles; NaN in a
        bin that holds no wave vector.

    Raises:
        InputError: if the frames or species lack the shape given here.
    """
    frames, species = checked_frames(frames, species, cell)
    n_bins = round(WAVENUMBER_END / WAVENUMBER_BIN)
    centres = (np.arange(n_bins, dtype=np.float64) + 0.5) * WAVENUMBER_BIN

    # k = 2π (m, n - m tilt/L)/L for whole m, n; of k and -k, whose S is equal, m >= 0 keeps one,
    # or both where m = 0, which therefore count half.
    unit, skew = 2.0 * np.pi / cell.length, cell.symmetric_tilt / cell.length
    m = np.arange(int(WAVENUMBER_END / unit) + 1)[:, None]
    n_end = int(WAVENUMBER_END / unit + abs(skew) * m.max()) + 1
    n = np.arange(-n_end, n_end + 1)[None, :]
    size = unit * np.hypot(m, n - m * skew)
    bins = np.where(size > 0, size / WAVENUMBER_BIN, n_bins).astype(np.int64)
    inside = bins < n_bins
    weight = np.where(m == 0, 1.0, 2.0) * np.ones(n.shape)
    total_weight = np.bincount(bins[inside], weight[inside], n_bins)

    squares = np.zeros((3, *bins.shape))
    for frame in frames:
        # k·r = 2π (m a + n b) in fractional coordinates a, b: products of two exponentials
        b = frame[:, 1:] / cell.length
        a = frame[:, :1] / cell.length - b * skew
        along_m, along_n = np.exp(-2j * np.pi * a * m.T), np.exp(-2j * np.pi * b * n)
        with threadpool_limits(1, user_api="blas"):
            small, large = (
                along_m[species == kind].T @ along_n[species == kind] for kind in (SMALL, LARGE)
            )
        for row, density in enumerate((small + large, small, large)):
            squares[row] += density.real**2 + density.imag**2
    sizes = np.array([len(species), np.sum(species == SMALL), np.sum(species == LARGE)])
    binned = np.stack([np.bincount(bins[inside], (weight * s)[inside], n_bins) for s in squares])
    with np.errstate(invalid="ignore"):
        return centres, binned / (total_weight * len(frames) * sizes[:, None])


def hexatic_order(configuration: Configuration, neighbour_distances: ArrayLike) -> float:
    """Mean over particles of |ψ6|, the mean of exp(6iθ) over the directions to its neighbours.

    About 0.6 in a cold liquid of two sizes, 0.9 in a triangular crystal. A particle without
    neighbours counts as 0. D. R. Nelson and B. I. Halperin, Phys. Rev. B 19, 2457 (1979).

    Args:
        configuration: of N particles.
        neighbour_distances: (3,) by pair type, in σ11.
    """
    first, second, apart = configuration.pairs(neighbour_distances)
    # the way back turns by half a circle, which six times is none
    phase = np.exp(6j * np.arctan2(apart[:, 1], apart[:, 0]))
    ends, both = np.concatenate([first, second]), np.concatenate([phase, phase])
    n = configuration.n_particles
    total = np.bincount(ends, both.real, n) + 1j * np.bincount(ends, both.imag, n)
    return float((np.abs(total) / np.maximum(np.bincount(ends, minlength=n), 1)).mean())


def long_wave_factor(wavenumber: ArrayLike, structure: ArrayLike) -> float:
    """Mean of S over the bins up to LONG_WAVE that hold wave vectors, or the first that does.

    Args:
        wavenumber: (K,), ascending, in 1/σ11.
        structure: (K,), NaN where unknown.

    Returns:
        The mean; NaN if S is unknown everywhere.

    Raises:
        InputError: if the shapes disagree.
    """
    k, s = _checked_curve(wavenumber, structure, "structure")
    return float(s[k <= max(LONG_WAVE, k[0])].mean()) if s.size else math.nan


def ordered(hexatic: ArrayLike, small_factor: ArrayLike) -> NDArray[np.bool_]:
    """Whether samples crystallised or demixed, and are no liquid of the mixture any more.

    Args:
        hexatic: (S,) `hexatic_order`.
        small_factor: (S,) `long_wave_factor` of the small particles.
    """
    crystal = np.asarray(hexatic) > CRYSTAL
    return crystal | (np.asarray(small_factor) > DEMIXED)


def first_peak(wavenumber: ArrayLike, structure: ArrayLike) -> float:
    """k*, the first peak of S(k).

    S is smoothed by a running mean over ±PEAK_SMOOTHING. The first range of k where it lies above
    the middle between 1 and its largest value holds the first peak; the vertex of a parabola, put
    through the unsmoothed points within ±PEAK_WINDOW of the largest smoothed one, is k*.

    Args:
        wavenumber: (K,), equally spaced, in 1/σ11.
        structure: (K,), NaN where unknown.

    Returns:
        k*, in 1/σ11; NaN if S nowhere exceeds 1.

    Raises:
        InputError: if the shapes disagree.
    """
    k, s = _checked_curve(wavenumber, structure, "structure")
    smooth = _running_mean(k, s, PEAK_SMOOTHING)
    if not smooth.size or not smooth.max() > 1.0:
        return math.nan
    high = smooth > 0.5 * (1.0 + smooth.max())
    begin = int(np.argmax(high))
    (low_after,) = np.nonzero(~high[begin:])
    end = begin + low_after[0] if low_after.size else len(k)
    return _vertex(k, s, k[begin + np.argmax(smooth[begin:end])], PEAK_WINDOW)


def radial_distribution(
    frames: NDArray[np.float64], species: NDArray[np.int8], cell: Cell
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """g_ab(r): pairs found at r over those expected of independent, uniform particles.

    Args:
        frames: (F, N, 2), wrapped or not.
        species: (N,), 0 small, 1 large.
        cell: the periodic cell.

    Returns:
        The bins' centres (B,), in σ11, up to RADIUS_END, and g (3, B) of small-small, mixed and
        large-large pairs; NaN in bins that reach beyond L/2.

    Raises:
        InputError: if the frames or species lack the shape given here.
    """
    frames, species = checked_frames(frames, species, cell)
    edges = np.arange(round(RADIUS_END / RADIUS_BIN) + 1) * RADIUS_BIN
    n_small, n_large = np.sum(species == SMALL), np.sum(species == LARGE)
    n_pairs = np.array(
        [n_small * (n_small - 1) / 2, n_small * n_large, n_large * (n_large - 1) / 2]
    )

    counts = np.zeros((3, len(edges) - 1))
    radii = np.full(3, min(RADIUS_END, cell.length / 2))
    for frame in frames:
        first, second, displacement = Configuration(frame, species, cell).pairs(radii)
        pair_type = species[first] + species[second]
        distance = np.linalg.norm(displacement, axis=1)
        for row in range(3):
            counts[row] += np.histogram(distance[pair_type == row], edges)[0]
    expected = n_pairs[:, None] * (np.pi * np.diff(edges**2) / cell.area) * len(frames)
    with np.errstate(invalid="ignore"):
        g = counts / expected
    g[:, edges[1:] > cell.length / 2] = np.nan
    return (edges[:-1] + edges[1:]) / 2, g


def first_minimum(radius: ArrayLike, distribution: ArrayLike) -> float:
    """The first minimum of g_ab(r): where a particle's nearest neighbours end.

    g is smoothed by a running mean over ±MINIMUM_SMOOTHING. In a liquid its highest peak is the
    first, at r1, and between r1 and 2 r1 the first minimum is the lowest point; a parabola through
    the unsmoothed points within ±MINIMUM_WINDOW of it has its vertex at the minimum.

    Args:
        radius: (B,), equally spaced, in σ11.
        distribution: (B,), NaN where unknown.

    Returns:
        The distance, in σ11; NaN if g is known nowhere beyond its peak.

    Raises:
        InputError: if the shapes disagree.
    """
    r, g = _checked_curve(radius, distribution, "distribution")
    smooth = _running_mean(r, g, MINIMUM_SMOOTHING)
    if not smooth.size:
        return math.nan
    peak = r[np.argmax(smooth)]
    (beyond,) = np.nonzero((r > peak) & (r < 2.0 * peak))
    if not beyond.size:
        return math.nan
    return _vertex(r, -g, r[beyond[np.argmin(smooth[beyond])]], MINIMUM_WINDOW)


def _running_mean(
    x: NDArray[np.float64], y: NDArray[np.float64], half_width: float
) -> NDArray[np.float64]:
    """Means of y over the points within `half_width` of each x."""
    near = _within(x[:, None] - x, half_width)
    return near @ y / near.sum(axis=1)


def _within(distance: NDArray[np.float64], half_width: float) -> NDArray[np.bool_]:
    # a whole number of bins is inside, however it was rounded
    return np.abs(distance) <= half_width * (1.0 + 1e-9)


def _vertex(
    x: NDArray[np.float64], y: NDArray[np.float64], centre: float, half_width: float
) -> float:
    """Top of the least-squares parabola near `centre`, or `centre` if it has none there."""
    near = _within(x - centre, half_width)
    if np.count_nonzero(near) < 3:
        return float(centre)
    curvature, slope, _ = np.polyfit(x[near] - centre, y[near], 2)
    shift = -slope / (2.0 * curvature) if curvature < 0 else 0.0
    return float(centre + shift) if abs(shift) <= half_width else float(centre)


def _checked_curve(
    x: ArrayLike, y: ArrayLike, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points (x, y) at which y is known."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(f"{name}: shape {y.shape} given, {x.shape} of one curve expected")
    known = np.isfinite(y)
    return x[known], y[known]


def checked_frames(
    frames: ArrayLike, species: NDArray[np.int8], cell: Cell
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Frames (F, N, 2) and species (N,) as the functions of this room take them.

    Raises:
        InputError: if they lack these shapes, F or N is zero, or the first frame is unusable.
    """
    frames = as_floats("frames", frames)
    if frames.ndim != 3 or frames.shape[2] != 2 or not len(frames):
        raise InputError(f"frames: shape {frames.shape} given, (F, N, 2) with F > 0 expected")
    return frames, Configuration(frames[0], species, cell).species
