"""Inherent structures: the energy minimum that a descent from a configuration leads to.

A quench runs nonlinear conjugate gradients until the forces are small and then Newton steps on the
sparse Hessian until they vanish up to rounding. It looks at forces only, since differences of
energies drown in rounding near a minimum. It works on wrapped coordinates and hands back positions
that are continuous with those it was given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel
from softmodes.kernels.simd import (
    WIDTH,
    add_scaled,
    all_lanes,
    lane_numbers,
    largest,
    load,
    select,
    store,
    total,
)
from softmodes.landscape.hessian import PinnedFactorisation, factorise_pinned, hessian
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate
from softmodes.system.mixture import Mixture, PairTable
from softmodes.system.tiles import (
    accumulate_tile_forces,
    build_tiles,
    in_slots,
    of_particles,
    unwrap,
)

RESIDUAL = 1e-11
"""Default max|F| of a quench up to L = 52, growing with L as the rounding of coordinates does."""

SKIN = 0.4
"""Of the neighbour list, in σ11; a thermal start needs about 16 builds."""

LONGEST_STEP = 0.1
"""Farthest that a particle moves between two directions, in σ11."""

SLOPE_LEFT = 0.05
"""A line search ends where the slope has fallen to this fraction. From equilibrated configurations
(N = 1000, T = 0.5), max|F| = 1e-6 takes 1270 force evaluations; with 0.3 or 0.02 it takes 1670 or
1980. With 0.05, 20 of 20 quenches end in the same basin after a translation, 19 after a shear of
1e-4; with 0.3, 20 and 16."""

LONGEST_SEARCH = 12
"""Force evaluations on one line."""

NEWTON_THRESHOLD = 1e-2
"""max|F| at which Newton is first tried. All of 216 quenches (12 configurations of N = 2000 at each
of T = 0.4 and 0.5, nine γ from 0 to 0.2) end where conjugate gradients alone end, with 1e-3 as well
as with 1e-2, which spares a tenth of the iterations; after a mere translation, conjugate gradients
alone come back to their basin in 196 of the 216. With 0.03, two of 56 failed to converge."""

LONGEST_NEWTON_STEP = 0.01
"""In σ11; a longer step is not taken, and conjugate gradients go on."""

SLOW_NEWTON = 0.1
"""The Hessian is factorised anew when a step leaves more than this fraction of max|F|."""

MAX_ITERATIONS = 50_000
"""Of conjugate gradients; quenches take one or two thousand."""

WORK_PER_CALL = 2_000_000
"""Particles times force evaluations of one kernel call, a fraction of a second."""

LOOSE_TOLERANCE = 1e-6
"""From this max|F| up, conjugate gradients are quicker than two factorisations of the Hessian."""

CONVERGED = "converged"
"""Message of a quench that ended at a minimum."""

UNKNOWN = -1
"""`n_negative` where the Hessian was not factorised."""


@dataclass(frozen=True)
class Quench:
    """Where a quench ended, and how.

    Attributes:
        configuration: the inherent structure, its positions continuous with the input: no particle
            changes its image.
        energy_per_particle: in ε.
        max_force: largest |F_i|, in ε/σ11, as evaluated on wrapped coordinates; the rounding of
            larger ones may show larger forces.
        iterations: of conjugate gradients.
        newton_iterations: Newton steps, rejected ones included.
        n_negative: negative modes at the end; -1 where not determined: with a tolerance of
            LOOSE_TOLERANCE or more, or with a Hessian that is singular beyond the translations.
        converged: whether max_force is within the tolerance and no mode is negative.
        message: the outcome in words.
    """

    configuration: Configuration
    energy_per_particle: float
    max_force: float
    iterations: int
    newton_iterations: int
    n_negative: int
    converged: bool
    message: str


def quench(
    configuration: Configuration, mixture: Mixture, tolerance: float | None = None
) -> Quench:
    """Quench a configuration, thermal or random, to its inherent structure.

    Polak-Ribière+ conjugate gradients (Nocedal & Wright, Numerical Optimization, chapter 5) whose
    steps are short enough to follow the basin, then Newton's method once the Hessian is positive
    definite beyond the translations. A saddle is reported, not left.

    Args:
        configuration: where to start.
        mixture: of its particles.
        tolerance: on max|F|, in ε/σ11; by default 1e-11 max(1, L/52). From LOOSE_TOLERANCE up,
            conjugate gradients do it all and modes are not looked at.

    Raises:
        InputError: if two particles coincide, the cell is too small for the cutoff or the tolerance
            not positive.
    """
    cell = configuration.cell
    cell.check_range(mixture.largest_cutoff)
    if tolerance is None:
        tolerance = residual_bound(cell)
    if not tolerance > 0.0:
        raise InputError(f"tolerance: {tolerance} given, a positive number expected")
    wrapped, image = cell.wrap(configuration.positions)
    final, iterations, newton_iterations, factors = _minimise(
        replace(configuration, positions=wrapped), mixture, tolerance
    )

    evaluation = evaluate(final, mixture)
    max_force = _largest_norm(evaluation.forces)
    n_negative = UNKNOWN
    if max_force > tolerance:
        message = f"max|F| = {max_force:.2e} > {tolerance:.2e} after {iterations} iterations"
    elif tolerance >= LOOSE_TOLERANCE:
        message = CONVERGED
    else:
        n_negative, message = _stability(final, mixture, factors)
    return Quench(
        configuration=replace(final, positions=final.positions + cell.offset(image)),
        energy_per_particle=evaluation.energy / final.n_particles,
        max_force=max_force,
        iterations=iterations,
        newton_iterations=newton_iterations,
        n_negative=n_negative,
        converged=message == CONVERGED,
        message=message,
    )


def residual_bound(cell: Cell) -> float:
    """The max|F| that a quench ends below by default, in ε/σ11: 1e-11 max(1, L/52)."""
    return RESIDUAL * max(1.0, cell.length / 52.0)


def _stability(
    configuration: Configuration, mixture: Mixture, nearby: PinnedFactorisation | None
) -> tuple[int, str]:
    """Number of negative modes of a stationary point, and the message it deserves."""
    try:
        matrix = hessian(configuration, mixture)
        n_negative = factorise_pinned(matrix, nearby).n_negative
    except np.linalg.LinAlgError as error:
        return UNKNOWN, str(error)
    return n_negative, f"saddle: negative modes: {n_negative}" if n_negative else CONVERGED


def _minimise(
    start: Configuration, mixture: Mixture, tolerance: float
) -> tuple[Configuration, int, int, PinnedFactorisation | None]:
    """Where max|F| <= tolerance if it can be had, iterations and Newton iterations.

    With the factors of a Hessian on the way, if there are any.
    """
    positions, cell = start.positions.copy(), start.cell
    direction = np.zeros_like(positions)  # of the next line search; zero: along the forces
    gain = np.inf  # the first search begins with the longest step
    table = mixture.pair_table()
    iterations, newton_iterations, factors = 0, 0, None
    threshold = tolerance if tolerance >= LOOSE_TOLERANCE else NEWTON_THRESHOLD
    while True:
        taken, gain, max_force = _conjugate_gradients(
            positions,
            direction,
            gain,
            start.species,
            table,
            cell.length,
            cell.symmetric_tilt,
            threshold,
            max(2, WORK_PER_CALL // len(positions)),
        )
        iterations += taken
        if not np.isfinite(max_force):
            raise InputError("positions: two particles coincide, distinct positions expected")
        if max_force > threshold:
            if iterations < MAX_ITERATIONS:
                continue
            break
        if threshold <= tolerance:
            break
        reached = replace(start, positions=positions)
        solution, steps, factors = _newton(reached, mixture, tolerance, factors)
        newton_iterations += steps
        if solution is not None:
            positions = solution
            break
        threshold = max(threshold / 10.0, tolerance)
    return replace(start, positions=positions), iterations, newton_iterations, factors


def _newton(
    start: Configuration,
    mixture: Mixture,
    tolerance: float,
    nearby: PinnedFactorisation | None,
) -> tuple[NDArray[np.float64] | None, int, PinnedFactorisation | None]:
    """Positions by Newton's method near a minimum, the number of steps and the last factors.

    The factors of one Hessian serve as long as max|F| falls fast. There is no result if a Hessian
    is not positive definite, a step too long, or a fresh Hessian's step fails to lower max|F|.
    """
    positions, steps, factors, fresh = start.positions, 0, nearby, True
    cell = start.cell
    system = start.species, mixture.pair_table(), cell.length, cell.symmetric_tilt
    forces = _forces(positions, *system)
    max_force = _largest_norm(forces)
    while max_force > tolerance:
        if fresh:
            try:
                matrix = hessian(replace(start, positions=positions), mixture)
                factors = factorise_pinned(matrix, factors)
            except np.linalg.LinAlgError:
                return None, steps, factors
            if factors.n_negative:
                return None, steps, factors
        assert factors is not None  # the first step is fresh
        step = factors.displacement(forces)
        if _largest_norm(step) > LONGEST_NEWTON_STEP:
            return None, steps, factors
        steps += 1
        next_forces = _forces(positions + step, *system)
        next_max_force = _largest_norm(next_forces)
        lowered = next_max_force < max_force
        if fresh and not lowered:
            return None, steps, factors
        fresh = next_max_force > SLOW_NEWTON * max_force
        if lowered:
            positions, forces, max_force = positions + step, next_forces, next_max_force
    return positions, steps, factors


@kernel()
def _forces(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
) -> NDArray[np.float64]:
    """Forces (N, 2), by tiles."""
    tiles = build_tiles(positions, species, table.cutoff, 0.0, length, tilt, np.float64)
    force, forces = np.empty_like(tiles.position), np.empty_like(positions)
    accumulate_tile_forces(tiles, table, force, None)
    of_particles(force, tiles.particle, forces)
    return forces


def _largest_norm(vectors: NDArray[np.float64]) -> float:
    """Length of the longest of the vectors (N, 2)."""
    return float(np.hypot(vectors[:, 0], vectors[:, 1]).max())


@kernel()
def _conjugate_gradients(
    positions: NDArray[np.float64],
    direction: NDArray[np.float64],
    gain: float,
    species: NDArray[np.int8],
    table: PairTable,
    length: float,
    tilt: float,
    threshold: float,
    most_evaluations: int,
) -> tuple[int, float, float]:
    """Move positions downhill until max|F| <= threshold or the evaluations are spent.

    `positions`, `direction` (of the next line search) and `gain` (energy that the last one would
    have won on a straight slope) are the whole state: to go on with them in another call gives
    the same path up to rounding.

    Returns:
        Iterations, gain and max|F|; the last is not finite if particles coincide.
    """
    tiles = build_tiles(positions, species, table.cutoff, SKIN, length, tilt, np.float64)
    listed = tiles.position.copy()
    along = in_slots(direction, tiles.particle)
    force = np.empty_like(listed)
    accumulate_tile_forces(tiles, table, force, None)
    square = _dot(force, force)
    max_force = _longest(force) if np.isfinite(square) else np.inf

    iterations, evaluations = 0, 1
    while threshold < max_force < np.inf and evaluations < most_evaluations:
        start_slope = -_dot(force, along)
        if not start_slope < 0.0:
            along = force.copy()
            start_slope = -square
        start, start_force = tiles.position.copy(), force.copy()

        # the line search: where along the direction does the slope vanish?
        longest = LONGEST_STEP / _longest(along)
        step = min(-gain / start_slope, longest)
        low, low_slope, below, below_slope = 0.0, start_slope, 0.0, start_slope
        high, high_slope = np.inf, np.inf
        for _ in range(LONGEST_SEARCH):
            if _move(tiles.position, start, step, along, listed):
                unwrap(tiles, length, tilt, positions)
                old_particle = tiles.particle
                tiles = build_tiles(
                    positions, species, table.cutoff, SKIN, length, tilt, np.float64
                )
                listed = tiles.position.copy()
                along = _reordered(along, old_particle, tiles.particle, direction)
                start_force = _reordered(start_force, old_particle, tiles.particle, direction)
                start, force = np.empty_like(along), np.empty_like(along)
                add_scaled(tiles.position, -step, along, start)
            accumulate_tile_forces(tiles, table, force, None)
            evaluations += 1
            slope = -_dot(force, along)
            if abs(slope) <= -SLOPE_LEFT * start_slope or (slope < 0.0 and step >= longest):
                break
            if slope > 0.0:
                high, high_slope = step, slope
            else:
                below, below_slope, low, low_slope = low, low_slope, step, slope
            step = _next_step(below, below_slope, low, low_slope, high, high_slope, longest)
        gain = -step * start_slope

        next_square = _dot(force, force)
        # Polak-Ribière+
        turn = max(0.0, (next_square - _dot(force, start_force)) / square)
        add_scaled(force, turn, along, along)
        square = next_square
        max_force = _longest(force)
        iterations += 1
    unwrap(tiles, length, tilt, positions)
    of_particles(along, tiles.particle, direction)
    return iterations, gain, max_force


@kernel()
def _next_step(
    below: float,
    below_slope: float,
    low: float,
    low_slope: float,
    high: float,
    high_slope: float,
    longest: float,
) -> float:
    """Next step of a line search, by the secant of the slope.

    The slopes at `low` and `below` < `low` are negative, that at `high` is positive; `high` is
    infinite until one was seen. Without it the step grows at most fivefold: that much where
    the slope still steepens.
    """
    if high < np.inf:
        step = low - low_slope * (high - low) / (high_slope - low_slope)
        margin = 0.1 * (high - low)
        return min(max(step, low + margin), high - margin)
    step = 5.0 * low
    if low_slope > below_slope:
        step = min(step, low - low_slope * (low - below) / (low_slope - below_slope))
    return min(step, longest)


@kernel()
def _reordered(
    in_old_slots: NDArray[np.float64],
    old_particle: NDArray[np.int32],
    new_particle: NDArray[np.int32],
    values: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Vectors (2, S) by slot of other tiles, by way of `values` (N, 2)."""
    of_particles(in_old_slots, old_particle, values)
    return in_slots(values, new_particle)


@kernel()
def _move(
    position: NDArray[np.float64],
    start: NDArray[np.float64],
    step: float,
    along: NDArray[np.float64],
    listed: NDArray[np.float64],
) -> bool:
    """Put positions (2, S) at start + step along; return whether the list no longer reaches."""
    n_slots, n_far = position.shape[1], 0
    for i in range(0, n_slots, WIDTH):
        square = lane_numbers(position) * 0.0
        for at in (i, n_slots + i):
            new_position = load(start, at) + step * load(along, at)
            store(position, at, new_position)
            moved = new_position - load(listed, at)
            square += moved * moved
        n_far += not all_lanes(square < 0.25 * SKIN * SKIN)
    return n_far > 0


@kernel()
def _dot(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Scalar product of vectors (2, S)."""
    result = lane_numbers(first) * 0.0
    for at in range(0, first.size, WIDTH):
        result += load(first, at) * load(second, at)
    return total(result)


@kernel()
def _longest(vectors: NDArray[np.float64]) -> float:
    """Length of the longest of the vectors (2, S)."""
    n_slots, longest = vectors.shape[1], lane_numbers(vectors) * 0.0
    for i in range(0, n_slots, WIDTH):
        x, y = load(vectors, i), load(vectors, n_slots + i)
        square = x * x + y * y
        longest = select(longest < square, square, longest)
    return math.sqrt(largest(longest))
