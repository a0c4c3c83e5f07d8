"""The isoconfigurational ensemble: many runs from one configuration with new velocities.

The runs advance together as *lanes*: positions and velocities are arrays [N, R], lane last, so
that one entry of the neighbour list serves R contiguous runs and the innermost loop is over them.
The list holds a pair that is close in any lane; in the others it contributes exactly zero. Pairs
come in a fixed order, so that a run's bits do not depend on the runs beside it.

    particle   0: x = [ run 0 | run 1 | ... | run R-1 ]
    particle   1: x = [ run 0 | run 1 | ... | run R-1 ]
    ...             list entry (i, j, offset) -> rows i and j, all lanes at once
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.cell import Cell
from softmodes.compilation import kernel
from softmodes.dynamics import Progress, maxwell_boltzmann, whole_steps
from softmodes.errors import InputError
from softmodes.forces import check_configuration
from softmodes.model import Mixture, PairTable, inverse_power
from softmodes.neighbours import PairList, build_pair_list, closer_pairs

LANES = 32
"""Most runs in one block."""

SKIN = 0.3
"""Added to the cutoffs in the list that forces are summed over, in σ11."""

WIDE_SKIN = 1.6
"""Added to the cutoffs in the wide list, which that one is picked from while it lasts: to search
the cells for pairs that are close in any of many lanes costs as much as several steps."""


@dataclass(frozen=True)
class Ensemble:
    """Per-particle averages over the runs from one configuration.

    Attributes:
        debye_waller: (N,) variance of the position over the Debye-Waller time, mean over runs,
            in σ11².
        debye_waller_halves: (2, N), the same from the first and the second half of the runs.
        propensity: (N,) mean squared displacement at the propensity time, or None if not asked.
        propensity_halves: (2, N), or None.
    """

    debye_waller: NDArray[np.float64]
    debye_waller_halves: NDArray[np.float64]
    propensity: NDArray[np.float64] | None
    propensity_halves: NDArray[np.float64] | None


def run_ensemble(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    temperature: float,
    time_step: float,
    n_runs: int,
    debye_waller_time: float,
    sampling_interval: float,
    random_stream: Callable[[int], np.random.Generator],
    propensity_time: float | None = None,
    progress: Progress = lambda share: None,
) -> Ensemble:
    """Debye-Waller factor and dynamic propensity of each particle.

    Every run starts from `positions` with Maxwell-Boltzmann velocities of zero total momentum
    and conserves its energy. The Debye-Waller factor is the variance of the position about the
    run's own time mean, over the Debye-Waller time (Widmer-Cooper & Harrowell, PRL 96, 185701,
    2006); the propensity ⟨(r_i(t_α) - r_i(0))²⟩ (Widmer-Cooper et al., PRL 93, 135701, 2004).

    Args:
        positions: (N, 2), the shared configuration.
        n_runs: even, at least 2.
        debye_waller_time, sampling_interval: in τ; positions count at every interval.
        random_stream: gives the generator of the velocities of run 0, 1, ...
        propensity_time: t_α in τ, rounded to whole steps; None: no propensity.
        progress: called with the share done.

    Raises:
        InputError: if n_runs is odd, the propensity time shorter than a step, another time no
            multiple of it, or the box too small.
    """
    if n_runs < 2 or n_runs % 2:
        raise InputError(f"n_runs: {n_runs} given, an even number of runs expected")
    if propensity_time is not None and not propensity_time >= time_step:
        raise InputError(
            f"propensity_time: {propensity_time} given, at least one step, {time_step}, expected"
        )
    n_sampling = whole_steps(sampling_interval, time_step)
    n_debye_waller = whole_steps(debye_waller_time, sampling_interval) * n_sampling
    n_propensity = 0 if propensity_time is None else round(propensity_time / time_step)
    n_total = max(n_debye_waller, n_propensity)
    stops = sorted({*range(n_sampling, n_total + 1, n_sampling), n_propensity} - {0})

    variance = np.empty((n_runs, len(positions)))
    displacement = np.empty((n_runs, len(positions)))
    blocks = np.array_split(np.arange(n_runs), -(-n_runs // LANES))
    for block, runs in enumerate(blocks):
        velocities = np.stack(
            [maxwell_boltzmann(len(positions), temperature, random_stream(run)) for run in runs],
            axis=-1,
        )
        lanes = Lanes(positions, velocities, species, cell, mixture, time_step)
        total = np.zeros((2, len(positions), len(runs)))
        total_square = np.zeros((len(positions), len(runs)))
        done = 0
        for stop in stops:
            lanes.advance(stop - done)
            done = stop
            moved = lanes.displacement()
            if stop <= n_debye_waller and stop % n_sampling == 0:
                total += moved
                total_square += (moved**2).sum(axis=0)
            if stop == n_propensity:
                displacement[runs] = (moved**2).sum(axis=0).T
            progress((block + stop / n_total) / len(blocks))
        n_samples = n_debye_waller // n_sampling
        variance[runs] = (total_square / n_samples - ((total / n_samples) ** 2).sum(axis=0)).T

    asked = propensity_time is not None
    return Ensemble(
        debye_waller=variance.mean(axis=0),
        debye_waller_halves=_halves(variance),
        propensity=displacement.mean(axis=0) if asked else None,
        propensity_halves=_halves(displacement) if asked else None,
    )


def _halves(of_runs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means (2, N) over the first and the second half of runs (R, N)."""
    return of_runs.reshape(2, len(of_runs) // 2, -1).mean(axis=1)


class Lanes:
    """R runs of one system advancing together at constant energy; the arrays change in place.

    Args:
        positions: (N, 2), the configuration that all runs start from.
        velocities: (N, 2, R).
        species: (N,).
        cell: the periodic cell.
        mixture: the model.
        time_step: in τ.

    Attributes:
        x, y, velocity_x, velocity_y, force_x, force_y: (N, R).

    Raises:
        InputError: if a position is not finite or the box too small for the cutoff.
    """

    def __init__(
        self,
        positions: NDArray[np.float64],
        velocities: NDArray[np.float64],
        species: NDArray[np.int8],
        cell: Cell,
        mixture: Mixture,
        time_step: float,
    ) -> None:
        check_configuration(positions, species, cell, mixture.largest_cutoff)
        n_lanes = velocities.shape[2]
        self._start = positions
        self.x, self.y = (np.repeat(positions[:, d : d + 1], n_lanes, axis=1) for d in (0, 1))
        self.velocity_x, self.velocity_y = (velocities[:, d].copy() for d in (0, 1))
        self.force_x, self.force_y = np.empty_like(self.x), np.empty_like(self.y)
        self.species = species
        self._system = (mixture.pair_table(), cell.length, cell.symmetric_tilt)
        self.time_step = time_step
        # a wide list from the very start is out of date: the first call makes a new one
        self._wide_x, self._wide_y = np.full_like(self.x, np.inf), np.full_like(self.y, np.inf)
        self._wide_pairs = PairList(
            np.zeros(len(positions) + 1, np.int64), np.empty(0, np.int32), np.empty(0), np.empty(0)
        )
        self.advance(0)

    def displacement(self) -> NDArray[np.float64]:
        """Displacements (2, N, R) from the start."""
        return np.stack([self.x - self._start[:, :1], self.y - self._start[:, 1:]])

    def advance(self, n_steps: int) -> None:
        """Velocity-Verlet steps of all runs; with n_steps = 0, only the forces."""
        self._wide_pairs = _advance_lanes(
            self.x,
            self.y,
            self.velocity_x,
            self.velocity_y,
            self.force_x,
            self.force_y,
            self._wide_x,
            self._wide_y,
            self._wide_pairs,
            self.species,
            *self._system,
            self.time_step,
            n_steps,
        )


@kernel()
def _advance_lanes(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    velocity_x: NDArray[np.float64],
    velocity_y: NDArray[np.float64],
    force_x: NDArray[np.float64],
    force_y: NDArray[np.float64],
    wide_x: NDArray[np.float64],
    wide_y: NDArray[np.float64],
    wide_pairs: PairList,
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
    time_step: float,
    n_steps: int,
) -> PairList:
    """Advance in place; return the wide list, made at positions `wide_x`, `wide_y`."""
    system = (species, table, length, tilt)
    wide_pairs = _lasting(x, y, wide_x, wide_y, wide_pairs, *system)
    pairs = closer_pairs(x, y, species, wide_pairs, table.cutoff + SKIN)
    reference_x, reference_y = x.copy(), y.copy()
    if n_steps == 0:
        accumulate_lane_forces(x, y, species, pairs, table, force_x, force_y)
    for _ in range(n_steps):
        n_far = 0
        for i in range(x.shape[0]):
            for lane in range(x.shape[1]):
                velocity_x[i, lane] += 0.5 * time_step * force_x[i, lane]
                velocity_y[i, lane] += 0.5 * time_step * force_y[i, lane]
                x[i, lane] += time_step * velocity_x[i, lane]
                y[i, lane] += time_step * velocity_y[i, lane]
                dx, dy = x[i, lane] - reference_x[i, lane], y[i, lane] - reference_y[i, lane]
                n_far += dx * dx + dy * dy > 0.25 * SKIN * SKIN
        if n_far > 0:
            wide_pairs = _lasting(x, y, wide_x, wide_y, wide_pairs, *system)
            pairs = closer_pairs(x, y, species, wide_pairs, table.cutoff + SKIN)
            reference_x[:] = x
            reference_y[:] = y
        accumulate_lane_forces(x, y, species, pairs, table, force_x, force_y)
        for i in range(x.shape[0]):
            for lane in range(x.shape[1]):
                velocity_x[i, lane] += 0.5 * time_step * force_x[i, lane]
                velocity_y[i, lane] += 0.5 * time_step * force_y[i, lane]
    return wide_pairs


@kernel()
def _lasting(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    wide_x: NDArray[np.float64],
    wide_y: NDArray[np.float64],
    wide_pairs: PairList,
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
) -> PairList:
    """The wide list, made anew if a pair may have come within cutoff and skin from outside it."""
    n_far = 0
    for i in range(x.shape[0]):
        for lane in range(x.shape[1]):
            dx, dy = x[i, lane] - wide_x[i, lane], y[i, lane] - wide_y[i, lane]
            n_far += dx * dx + dy * dy > 0.25 * (WIDE_SKIN - SKIN) ** 2
    if n_far == 0:
        return wide_pairs
    wide_x[:] = x
    wide_y[:] = y
    return build_pair_list(x, y, species, table.cutoff + WIDE_SKIN, length, tilt)


@kernel()
def accumulate_lane_forces(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    species: NDArray[np.int8],
    pairs: PairList,
    table: PairTable,
    force_x: NDArray[np.float64],
    force_y: NDArray[np.float64],
) -> None:
    """Write the forces (N, R) of all lanes at positions (N, R)."""
    start, neighbour, offset_x, offset_y = pairs
    half_exponent, amplitude, _, quadratic, quartic, cutoff = table
    force_x[:] = 0.0
    force_y[:] = 0.0
    for i in range(x.shape[0]):
        for k in range(start[i], start[i + 1]):
            j = neighbour[k]
            t = species[i] + species[j]
            steepness = 2.0 * half_exponent * amplitude[t]
            constant, linear = 2.0 * quadratic[t], 4.0 * quartic[t]
            cutoff_square = cutoff[t] * cutoff[t]
            shift, lift = offset_x[k], offset_y[k]
            for lane in range(x.shape[1]):
                dx = x[i, lane] - x[j, lane] - shift
                dy = y[i, lane] - y[j, lane] - lift
                distance_square = dx * dx + dy * dy
                inverse_square = 1.0 / distance_square
                # -φ′/r; a choice of values, not a branch, so that lanes stay in step
                power = inverse_power(inverse_square, half_exponent) * inverse_square
                factor = steepness * power - constant - linear * distance_square
                factor = factor if distance_square < cutoff_square else 0.0
                force_x[i, lane] += factor * dx
                force_y[i, lane] += factor * dy
                force_x[j, lane] -= factor * dx
                force_y[j, lane] -= factor * dy
