"""The isoconfigurational ensemble: many runs from one configuration with new velocities.

The runs advance together as *lanes*: one vector holds the x displacement of one particle in eight
runs (sixteen in single precision; half as many where vectors have 32 bytes), so that one entry of
the neighbour list serves all of them.

    row 0, particle a:  [ run 0 | run 1 | ... | run 7 ]      one array (2, N, 8) each for
    row 1, particle b:  [ run 0 | run 1 | ... | run 7 ]      displacement, velocity, force;
    ...                                                      particles sorted into squares

    list entry (i, j, base)  ->  base + row i - row j  =  distance of the pair in all lanes

The rows hold displacements from the shared configuration, and an entry its distance there, image
and all. These are small numbers, which lose little in single precision, and what the averages want.
The list holds a pair that is close in any lane; in the others it contributes exactly zero. Pairs
come in a fixed order, so that a run's bits do not depend on the runs beside it.

Single precision was measured against double, with the same velocities, from configurations of
N = 2000 at T = 0.4, 0.5 and 1.0 and 96 runs. Debye-Waller factors of particles differ by 0.04 %,
0.3 % and 6 % (root mean square over the mean), where the statistical error is 5 %, 6 % and 7 %, and
propensities (1.5 τ_e at T = 0.5 and 1.0) by 10 % and 5e-5 %, where it is 13 % and 10 %; the large
differences are those of chaos, which makes any two roundings part. Means over particles differ by
at most 0.5 %, those of runs with other velocities by up to 3 %.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.dynamics.trajectory import kick_and_drift, maxwell_boltzmann, whole_steps
from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel
from softmodes.kernels.simd import (
    VECTOR_BYTES,
    add_scaled,
    all_lanes,
    any_lane,
    largest,
    load,
    repeat,
    select,
    store,
    width_of,
)
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture, PairTable, pair_terms, reduced
from softmodes.system.neighbours import build_pair_list

SKIN = 0.3
"""Added to the cutoffs in the list that forces are summed over, in σ11."""

WIDE_SKIN = 1.2
"""Added to the cutoffs in the wide list, which that one is picked from while it lasts."""

LEAST_REACH = 1.0
"""In σ11; the wide list is picked from the pairs that can be close while no particle has gone
farther than a reach, at least this one."""

FARTHEST_MOVE = 40.0
"""In σ11; no forces move a particle so far in one run, and the pairs that could be close would no
longer fit into memory."""

SQUARE = 4.0
"""Side of the squares that particles are sorted into, in σ11."""


class LanePairs(NamedTuple):
    """Pairs (i, neighbour[k]) of rows for start[i] <= k < start[i + 1].

    Attributes:
        start: (N + 1,).
        neighbour: (P,).
        base_x, base_y: (P,), displacement from j's image to i in the shared configuration.
    """

    start: NDArray[np.uint64]
    neighbour: NDArray[np.int32]
    base_x: NDArray[np.floating]
    base_y: NDArray[np.floating]


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
    configuration: Configuration,
    mixture: Mixture,
    temperature: float,
    *,
    time_step: float,
    n_runs: int,
    debye_waller_time: float,
    sampling_interval: float,
    random_stream: Callable[[int], np.random.Generator],
    propensity_time: float | None = None,
    precision: type[np.floating] = np.float64,
    progress: Progress = lambda share: None,
    checkpoint: Checkpoint | None = None,
) -> Ensemble:
    """Debye-Waller factor and dynamic propensity of each particle.

    Every run starts from the configuration with Maxwell-Boltzmann velocities of zero total momentum
    and conserves its energy. The Debye-Waller factor is the variance of the position about the
    run's own time mean, over the Debye-Waller time (Widmer-Cooper & Harrowell, PRL 96, 185701,
    2006); the propensity ⟨(r_i(t_α) - r_i(0))²⟩ (Widmer-Cooper et al., PRL 93, 135701, 2004).

    Args:
        configuration: shared by all runs.
        n_runs: even, at least 2.
        debye_waller_time, sampling_interval: in τ; positions count at every interval.
        random_stream: gives the generator of the velocities of run 0, 1, ...
        propensity_time: t_α in τ, rounded to whole steps; None: no propensity.
        precision: numpy.float64 or numpy.float32, of the runs; averages are float64.
        progress: called with the share done.
        checkpoint: where to go on from and what to keep the state in.

    Raises:
        InputError: if n_runs is odd, the temperature negative, `random_stream` a generator and no
            function that gives one, the propensity time shorter than a step, another time no
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

    n_particles = configuration.n_particles
    variance, square = np.zeros((2, n_runs, n_particles))
    n_lanes = lanes_of(precision)
    kept = None if checkpoint is None else checkpoint.load()
    if kept is not None:
        variance, square = kept["variance"], kept["square"]
    for first in range(0 if kept is None else int(kept["first"]), n_runs, n_lanes):
        runs = range(first, min(first + n_lanes, n_runs))
        velocities = np.stack(
            [velocities_of_run(n_particles, temperature, random_stream, run=run) for run in runs],
            axis=-1,
        )
        lanes = Lanes(configuration, mixture, velocities, time_step=time_step, precision=precision)
        total, total_square = np.zeros(lanes.displacement.shape), np.zeros(lanes.velocity.shape[1:])
        done = 0
        if kept is not None:
            lanes.displacement[:], lanes.velocity[:] = kept["displacement"], kept["velocity"]
            lanes.refresh()
            total, total_square = kept["total"], kept["total_square"]
            done, kept = int(kept["done"]), None
        for stop in stops[bisect.bisect(stops, done) :]:
            lanes.advance(stop - done)
            done = stop
            moved = lanes.displacement.astype(np.float64)
            if stop <= n_debye_waller and stop % n_sampling == 0:
                total += moved
                total_square += (moved**2).sum(axis=0)
            if stop == n_propensity:
                square[np.ix_(runs, lanes.order)] = (moved**2).sum(axis=0).T[: len(runs)]
            progress((first + len(runs) * stop / n_total) / n_runs)
            if checkpoint is not None and checkpoint.due():
                checkpoint.save(
                    first=first,
                    done=done,
                    variance=variance,
                    square=square,
                    displacement=lanes.displacement,
                    velocity=lanes.velocity,
                    total=total,
                    total_square=total_square,
                )
        n_samples = n_debye_waller // n_sampling
        of_rows = total_square / n_samples - ((total / n_samples) ** 2).sum(axis=0)
        variance[np.ix_(runs, lanes.order)] = of_rows.T[: len(runs)]

    return ensemble_of(variance, None if propensity_time is None else square)


def velocities_of_run(
    n_particles: int,
    temperature: float,
    random_stream: Callable[[int], np.random.Generator],
    *,
    run: int,
) -> NDArray[np.float64]:
    """The velocities (N, 2) that a run starts with.

    Raises:
        InputError: as `maxwell_boltzmann` does; or `random_stream` is no function.
    """
    if not callable(random_stream):
        raise InputError(
            f"random_stream: a {type(random_stream).__name__} given, a function that gives the "
            "generator of run 0, 1, ... expected"
        )
    return maxwell_boltzmann(n_particles, temperature, random_stream(run))


def ensemble_of(variance: NDArray[np.float64], square: NDArray[np.float64] | None) -> Ensemble:
    """The ensemble of runs with these variances and squared displacements, (n_runs, N) each."""
    return Ensemble(
        debye_waller=variance.mean(axis=0),
        debye_waller_halves=_halves(variance),
        propensity=None if square is None else square.mean(axis=0),
        propensity_halves=None if square is None else _halves(square),
    )


def _halves(of_runs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means (2, N) over the first and the second half of runs (R, N)."""
    return of_runs.reshape(2, len(of_runs) // 2, -1).mean(axis=1)


class Lanes:
    """R runs of one system advancing together at constant energy; the arrays change in place.

    Args:
        configuration: that all runs start from.
        mixture: the model.
        velocities: (N, 2, R), R at most that of a vector of the precision.
        time_step: in τ.
        precision: numpy.float64 or numpy.float32, of the pair terms and of the motion.

    Attributes:
        displacement: (2, N, lanes), since the start; lanes beyond R repeat the last run.
        velocity, force: likewise.
        order: (N,), the particle of each row.

    Raises:
        InputError: if the cell is too small for the cutoff.
    """

    def __init__(
        self,
        configuration: Configuration,
        mixture: Mixture,
        velocities: NDArray[np.float64],
        *,
        time_step: float,
        precision: type[np.floating] = np.float64,
    ) -> None:
        cell = configuration.cell
        cell.check_range(mixture.largest_cutoff)
        self.order = spatial_order(configuration)
        self._start = np.ascontiguousarray(configuration.positions[self.order])
        self._species = configuration.species[self.order]
        run = np.minimum(np.arange(lanes_of(precision)), velocities.shape[2] - 1)
        self.velocity = np.ascontiguousarray(
            velocities[self.order].transpose(1, 0, 2)[:, :, run], dtype=precision
        )
        self.displacement = np.zeros_like(self.velocity)
        self.force = np.empty_like(self.velocity)
        self._system = (mixture.pair_table(), cell.length, cell.symmetric_tilt)
        self.time_step = time_step
        self.refresh()

    def refresh(self) -> None:
        """Make new lists and forces, after displacements were set."""
        table = self._system[0]
        self._listed = self.displacement.copy(), self.displacement.copy()
        every, reach = _pairs_to_come(self.displacement, self._start, self._species, *self._system)
        wide = _closer_pairs(self.displacement, self._species, every, table, WIDE_SKIN)
        near = _closer_pairs(self.displacement, self._species, wide, table, SKIN)
        self._lists = near, wide, every, reach
        accumulate_lane_forces(self.displacement, self._species, near, table, self.force)

    def advance(self, n_steps: int) -> None:
        """Velocity-Verlet steps of all runs."""
        self._lists = _advance_lanes(
            self.displacement,
            self.velocity,
            self.force,
            *self._listed,
            *self._lists,
            self._start,
            self._species,
            *self._system,
            self.time_step,
            n_steps,
        )


def lanes_of(precision: type[np.floating]) -> int:
    """Runs that one vector holds."""
    return VECTOR_BYTES // np.dtype(precision).itemsize


def spatial_order(configuration: Configuration) -> NDArray[np.int64]:
    """Particles (N,) sorted into squares, so that the rows of neighbours stay in the cache."""
    positions, cell = configuration.positions, configuration.cell
    n_squares = max(1, int(cell.length / SQUARE))
    row = positions[:, 1] / cell.length
    column = positions[:, 0] / cell.length - row * cell.tilt / cell.length
    number = [(np.floor(n_squares * share) % n_squares).astype(int) for share in (column, row)]
    # there and back again: consecutive squares share an edge
    column_number = np.where(number[1] % 2, n_squares - 1 - number[0], number[0])
    return np.argsort(number[1] * n_squares + column_number, kind="stable")


@kernel()
def _advance_lanes(
    displacement: NDArray[np.floating],
    velocity: NDArray[np.floating],
    force: NDArray[np.floating],
    listed: NDArray[np.floating],
    wide_listed: NDArray[np.floating],
    near: LanePairs,
    wide: LanePairs,
    every: LanePairs,
    reach: float,
    start: NDArray[np.float64],
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
    time_step: float,
    n_steps: int,
) -> tuple[LanePairs, LanePairs, LanePairs, float]:
    """Advance in place; return the lists and the reach of the last.

    Those of near and of wide pairs were made at the displacements `listed` and `wide_listed`.
    """
    for step in range(n_steps):
        # the half kicks between two steps are one
        kick = time_step if step > 0 else 0.5 * time_step
        if kick_and_drift(velocity, force, kick, displacement, time_step, listed, SKIN):
            if _any_farther(displacement, wide_listed, 0.5 * (WIDE_SKIN - SKIN)):
                wide_listed[:] = displacement
                if not _farthest(displacement) <= reach:
                    every, reach = _pairs_to_come(displacement, start, species, table, length, tilt)
                wide = _closer_pairs(displacement, species, every, table, WIDE_SKIN)
            listed[:] = displacement
            near = _closer_pairs(displacement, species, wide, table, SKIN)
        accumulate_lane_forces(displacement, species, near, table, force)
    if n_steps > 0:
        add_scaled(velocity, 0.5 * time_step, force, velocity)
    return near, wide, every, reach


@kernel()
def _any_farther(
    displacement: NDArray[np.floating], listed: NDArray[np.floating], distance: float
) -> bool:
    """Whether a particle of any lane, or what is not a number, is farther from where it was."""
    half, n_far = displacement.size // 2, 0
    for at in range(0, half, width_of(displacement)):
        dx = load(displacement, at) - load(listed, at)
        dy = load(displacement, half + at) - load(listed, half + at)
        n_far += not all_lanes(dx * dx + dy * dy < distance * distance)
    return n_far > 0


@kernel()
def _farthest(displacement: NDArray[np.floating]) -> float:
    """The longest displacement of any particle in any lane; infinite for what is not a number."""
    half, n_lost = displacement.size // 2, 0
    longest = 0.0 * load(displacement, 0)
    for at in range(0, half, width_of(displacement)):
        dx, dy = load(displacement, at), load(displacement, half + at)
        square = dx * dx + dy * dy
        longest = select(longest < square, square, longest)
        n_lost += not all_lanes(square < np.inf)
    return np.inf if n_lost > 0 else math.sqrt(largest(longest))


@kernel()
def _pairs_to_come(
    displacement: NDArray[np.floating],
    start: NDArray[np.float64],
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
) -> tuple[LanePairs, float]:
    """All pairs that can be in the wide list while no particle is farther from its start than some
    reach, and that reach.

    Raises:
        InputError: if a particle has run away.
    """
    farthest = _farthest(displacement)
    if not farthest < FARTHEST_MOVE:
        raise InputError("positions: a particle ran away; is the time step too long?")
    reach = max(LEAST_REACH, 1.3 * farthest)
    radii = table.cutoff + (WIDE_SKIN + 2.0 * reach)
    first, neighbour, offset_x, offset_y = build_pair_list(start, species, radii, length, tilt)
    base_x = np.empty(neighbour.size, displacement.dtype)
    base_y = np.empty(neighbour.size, displacement.dtype)
    for i in range(species.size):
        for k in range(first[i], first[i + 1]):
            j = neighbour[k]
            base_x[k] = start[i, 0] - start[j, 0] - offset_x[k]
            base_y[k] = start[i, 1] - start[j, 1] - offset_y[k]
    return LanePairs(first.astype(np.uint64), neighbour, base_x, base_y), reach


@kernel()
def _closer_pairs(
    displacement: NDArray[np.floating],
    species: NDArray[np.int8],
    wide_pairs: LanePairs,
    table: PairTable,
    skin: float,
) -> LanePairs:
    """The pairs of a wider list that are closer than cutoff and skin in any lane."""
    wide_start, wide_neighbour, wide_x, wide_y = wide_pairs
    half, width = displacement.size // 2, width_of(displacement)
    start = np.zeros(species.size + 1, np.uint64)  # unsigned: no check for negative indices
    neighbour = np.empty(wide_neighbour.size, np.int32)
    base_x, base_y = np.empty_like(wide_x), np.empty_like(wide_y)
    squares = np.empty((2, 2), displacement.dtype)
    for one in range(2):
        for other in range(2):
            squares[one, other] = (table.cutoff[one + other] + skin) ** 2
    count = np.uint64(0)
    for i in range(species.size):
        square_of = squares[species[i]]
        x, y = load(displacement, i * width), load(displacement, half + i * width)
        for k in range(wide_start[i], wide_start[i + 1]):
            j = wide_neighbour[k]
            dx = (x + repeat(wide_x, k)) - load(displacement, j * width)
            dy = (y + repeat(wide_y, k)) - load(displacement, half + j * width)
            neighbour[count], base_x[count], base_y[count] = j, wide_x[k], wide_y[k]
            # no branch: half of the pairs pass, unpredictably
            close = any_lane(dx * dx + dy * dy < repeat(square_of, species[j]))
            count += np.uint64(close)
        start[i + 1] = count
    return LanePairs(start, neighbour[:count], base_x[:count], base_y[:count])


@kernel()
def accumulate_lane_forces(
    displacement: NDArray[np.floating],
    species: NDArray[np.int8],
    pairs: LanePairs,
    table: PairTable,
    force: NDArray[np.floating],
) -> None:
    """Write the forces (2, N, lanes) of all lanes."""
    start, neighbour, base_x, base_y = pairs
    half_exponent, head, constant, linear, curved, double_scale = reduced(table)
    scale = double_scale.astype(displacement.dtype)
    half, width = displacement.size // 2, width_of(displacement)
    force[:] = 0.0
    for i in range(species.size):
        at_i = i * width
        scale_of = scale[species[i]]
        x, y = load(displacement, at_i), load(displacement, half + at_i)
        force_x, force_y = load(force, at_i), load(force, half + at_i)
        for k in range(start[i], start[i + 1]):
            j = neighbour[k]
            at = j * width
            s = repeat(scale_of, species[j])
            dx = (x + repeat(base_x, k)) - load(displacement, at)
            dy = (y + repeat(base_y, k)) - load(displacement, half + at)
            square = (dx * dx + dy * dy) * s
            _, slope, _ = pair_terms(half_exponent, head, constant, linear, curved, square)
            # a choice of values, not a branch, so that lanes stay in step
            factor = select(square < 1.0, slope * s, 0.0)
            pull_x, pull_y = factor * dx, factor * dy
            force_x -= pull_x
            force_y -= pull_y
            store(force, at, load(force, at) + pull_x)
            store(force, half + at, load(force, half + at) + pull_y)
        store(force, at_i, force_x)
        store(force, half + at_i, force_y)
