"""Many runs of one configuration side by side: the engine of the isoconfigurational ensemble.

The runs advance together as *replicas*: one vector holds the x displacement of one particle in
eight of them (sixteen in single precision; half as many where vectors have 32 bytes), so that one
entry of the neighbour list serves all.

    row 0, particle a:  [ run 0 | run 1 | ... | run 7 ]      one array (2, N, 8) each for
    row 1, particle b:  [ run 0 | run 1 | ... | run 7 ]      displacement, velocity, force;
    ...                                                      particles sorted into squares

    list entry (i, j, base)  ->  base + row i - row j  =  distance of the pair in all replicas

The rows hold displacements from the shared configuration, and an entry its distance there, image
and all. These are small numbers, which lose little in single precision, and what the averages want.
The list holds a pair that is close in any replica; in the others it contributes exactly zero. Pairs
come in a fixed order, so that a run's bits do not depend on the runs beside it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.trajectory import kick_and_drift
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

MIN_REACH = 1.0
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


class Replicas:
    """R runs of one system advancing together at constant energy; the arrays change in place.

    Args:
        configuration: that all runs start from.
        mixture: of the particles.
        velocities: (N, 2, R), R at most that of a vector of the precision.
        time_step: in τ.
        precision: numpy.float64 or numpy.float32, of the pair terms and of the motion.

    Attributes:
        displacement: (2, N, replicas), since the start; replicas beyond R repeat the last run.
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
        run = np.minimum(np.arange(replicas_per_vector(precision)), velocities.shape[2] - 1)
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
        accumulate_replica_forces(self.displacement, self._species, near, table, self.force)

    def advance(self, n_steps: int) -> None:
        """Velocity-Verlet steps of all runs."""
        self._lists = _advance_replicas(
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


def replicas_per_vector(precision: type[np.floating]) -> int:
    """Runs that one vector holds."""
    return VECTOR_BYTES // np.dtype(precision).itemsize


def spatial_order(configuration: Configuration) -> NDArray[np.int64]:
    """Particles (N,) sorted into squares, so that the rows of neighbours stay in the cache."""
    positions, cell = configuration.positions, configuration.cell
    n_squares = max(1, int(cell.length / SQUARE))
    row = positions[:, 1] / cell.length
    column = positions[:, 0] / cell.length - row * cell.tilt / cell.length
    number = [
        (np.floor(n_squares * fraction) % n_squares).astype(int) for fraction in (column, row)
    ]
    # there and back again: consecutive squares share an edge
    column_number = np.where(number[1] % 2, n_squares - 1 - number[0], number[0])
    return np.argsort(number[1] * n_squares + column_number, kind="stable")


@kernel()
def _advance_replicas(
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
        accumulate_replica_forces(displacement, species, near, table, force)
    if n_steps > 0:
        add_scaled(velocity, 0.5 * time_step, force, velocity)
    return near, wide, every, reach


@kernel()
def _any_farther(
    displacement: NDArray[np.floating], listed: NDArray[np.floating], distance: float
) -> bool:
    """Whether a particle of any replica, or what is not a number, is farther from where it was."""
    half, n_far = displacement.size // 2, 0
    for at in range(0, half, width_of(displacement)):
        dx = load(displacement, at) - load(listed, at)
        dy = load(displacement, half + at) - load(listed, half + at)
        n_far += not all_lanes(dx * dx + dy * dy < distance * distance)
    return n_far > 0


@kernel()
def _farthest(displacement: NDArray[np.floating]) -> float:
    """The longest displacement of a particle in any replica; infinite for what is not a number."""
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
    """All pairs that can be in the wide list, and the reach for which that holds.

    It does while no particle is farther from its start than that reach.

    Raises:
        InputError: if a particle has run away.
    """
    farthest = _farthest(displacement)
    if not farthest < FARTHEST_MOVE:
        raise InputError("positions: a particle ran away; is the time step too long?")
    reach = max(MIN_REACH, 1.3 * farthest)
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
    """The pairs of a wider list that are closer than cutoff and skin in any replica."""
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
def accumulate_replica_forces(
    displacement: NDArray[np.floating],
    species: NDArray[np.int8],
    pairs: LanePairs,
    table: PairTable,
    force: NDArray[np.floating],
) -> None:
    """Write the forces (2, N, replicas) of all replicas."""
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
            # a choice of values, not a branch, so that replicas stay in step
            factor = select(square < 1.0, slope * s, 0.0)
            pull_x, pull_y = factor * dx, factor * dy
            force_x -= pull_x
            force_y -= pull_y
            store(force, at, load(force, at) + pull_x)
            store(force, half + at, load(force, half + at) + pull_y)
        store(force, at_i, force_x)
        store(force, half + at_i, force_y)
