"""Inherent structures: the energy minimum that a descent from a configuration leads to.

A quench runs nonlinear conjugate gradients until the forces are small and then Newton steps on the
sparse Hessian until they vanish up to rounding. It looks at forces only, since differences of
energies drown in rounding near a minimum. It works on wrapped coordinates and hands back positions
that are continuous with those it was given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.cell import Cell
from softmodes.compilation import kernel
from softmodes.errors import InputError
from softmodes.forces import (
    accumulate_forces,
    check_configuration,
    evaluate,
    single_pair_list,
)
from softmodes.model import Mixture, PairTable
from softmodes.modes import factorise_pinned, hessian

RESIDUAL = 1e-11
"""Default max|F| of a quench up to L = 52, growing with L as the rounding of coordinates does."""

SKIN = 0.4
"""Of the neighbour list, in σ11; a thermal start needs about 16 builds."""

LONGEST_STEP = 0.1
"""Farthest that a particle moves between two directions, in σ11."""

SLOPE_LEFT = 0.05
"""A line search ends where the slope has fallen to this share. From equilibrated configurations
(N = 1000, T = 0.5), max|F| = 1e-6 takes 1270 force evaluations; with 0.3 or 0.02 it takes 1670 or
1980. With 0.05, 20 of 20 quenches end in the same basin after a translation, 19 after a shear of
1e-4; with 0.3, 20 and 16."""

LONGEST_SEARCH = 12
"""Force evaluations on one line."""

NEWTON_THRESHOLD = 1e-3
"""max|F| at which Newton is first tried. Of 72 quenches (N = 1000 and 2000, T = 0.4, 0.5 and 1.0,
γ = 0 and 0.02) 71 have a positive definite Hessian there, and all 71 end where conjugate gradients
alone end. So do all 62 that have one at 0.01 already; at 0.03 two of 56 fail to converge."""

LONGEST_NEWTON_STEP = 0.01
"""In σ11; steps from NEWTON_THRESHOLD were at most 0.002 in the same quenches."""

SLOW_NEWTON = 0.1
"""The Hessian is factorised anew when a step leaves more than this share of max|F|."""

MOST_ITERATIONS = 50_000
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
        positions: (N, 2), continuous with the input: no particle changes its image.
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

    positions: NDArray[np.float64]
    energy_per_particle: float
    max_force: float
    iterations: int
    newton_iterations: int
    n_negative: int
    converged: bool
    message: str


def quench(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    tolerance: float | None = None,
) -> Quench:
    """Quench a configuration, thermal or random, to its inherent structure.

    Polak-Ribière+ conjugate gradients (Nocedal & Wright, Numerical Optimization, chapter 5) whose
    steps are short enough to follow the basin, then Newton's method once the Hessian is positive
    definite beyond the translations. A saddle is reported, not left.

    Args:
        positions: (N, 2), wrapped or not.
        species: (N,).
        cell, mixture: of the configuration.
        tolerance: on max|F|, in ε/σ11; by default 1e-11 max(1, L/52). From LOOSE_TOLERANCE up,
            conjugate gradients do it all and modes are not looked at.

    Raises:
        InputError: if a position is not finite, two particles coincide, the cell is too small for
            the cutoff or the tolerance not positive.
    """
    check_configuration(positions, species, cell, mixture.largest_cutoff)
    if tolerance is None:
        tolerance = RESIDUAL * max(1.0, cell.length / 52.0)
    if not tolerance > 0.0:
        raise InputError(f"tolerance: {tolerance} given, a positive number expected")
    wrapped, image = cell.wrap(positions)
    final, iterations, newton_iterations = _minimise(wrapped, species, cell, mixture, tolerance)

    evaluation = evaluate(final, species, cell, mixture)
    max_force = _longest(evaluation.forces)
    n_negative = UNKNOWN
    if max_force > tolerance:
        message = f"max|F| = {max_force:.2e} > {tolerance:.2e} after {iterations} iterations"
    elif tolerance >= LOOSE_TOLERANCE:
        message = CONVERGED
    else:
        n_negative, message = _stability(final, species, cell, mixture)
    return Quench(
        positions=final + cell.offset(image),
        energy_per_particle=evaluation.energy / len(final),
        max_force=max_force,
        iterations=iterations,
        newton_iterations=newton_iterations,
        n_negative=n_negative,
        converged=message == CONVERGED,
        message=message,
    )


def _stability(
    positions: NDArray[np.float64], species: NDArray[np.int8], cell: Cell, mixture: Mixture
) -> tuple[int, str]:
    """Number of negative modes of a stationary point, and the message it deserves."""
    try:
        n_negative = factorise_pinned(hessian(positions, species, cell, mixture)).n_negative
    except np.linalg.LinAlgError as error:
        return UNKNOWN, str(error)
    return n_negative, f"saddle: negative modes: {n_negative}" if n_negative else CONVERGED


def _minimise(
    start: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    tolerance: float,
) -> tuple[NDArray[np.float64], int, int]:
    """Positions with max|F| <= tolerance if they can be had, iterations and Newton iterations."""
    positions = np.array(start, dtype=np.float64)
    direction = np.zeros_like(positions)  # of the next line search; zero: along the forces
    gain = np.inf  # the first search begins with the longest step
    table = mixture.pair_table()
    iterations = newton_iterations = 0
    threshold = tolerance if tolerance >= LOOSE_TOLERANCE else NEWTON_THRESHOLD
    while True:
        taken, gain, max_force = _conjugate_gradients(
            positions,
            direction,
            gain,
            species,
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
            if iterations < MOST_ITERATIONS:
                continue
            break
        if threshold <= tolerance:
            break
        solution, steps = _newton(positions, species, cell, mixture, tolerance)
        newton_iterations += steps
        if solution is not None:
            positions = solution
            break
        threshold = max(threshold / 10.0, tolerance)
    return positions, iterations, newton_iterations


def _newton(
    start: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    tolerance: float,
) -> tuple[NDArray[np.float64] | None, int]:
    """Newton's method from a point near a minimum, and the number of steps.

    The factors of one Hessian serve as long as max|F| falls fast. There is no result if a Hessian
    is not positive definite, a step too long, or a fresh Hessian's step fails to lower max|F|.
    """
    positions, steps, factors = start, 0, None
    forces = evaluate(positions, species, cell, mixture).forces
    max_force = _longest(forces)
    while max_force > tolerance:
        fresh = factors is None
        if fresh:
            try:
                factors = factorise_pinned(hessian(positions, species, cell, mixture))
            except np.linalg.LinAlgError:
                return None, steps
            if factors.n_negative:
                return None, steps
        step = factors.displacement(forces)
        if _longest(step) > LONGEST_NEWTON_STEP:
            return None, steps
        steps += 1
        next_forces = evaluate(positions + step, species, cell, mixture).forces
        next_max_force = _longest(next_forces)
        if next_max_force > SLOW_NEWTON * max_force:
            factors = None
        if next_max_force < max_force:
            positions, forces, max_force = positions + step, next_forces, next_max_force
        elif fresh:
            return None, steps
    return positions, steps


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
    the same path.

    Returns:
        Iterations, gain and max|F|; the last is not finite if particles coincide.
    """
    radii = table.cutoff + SKIN
    listed = positions.copy()
    pairs = single_pair_list(listed, species, radii, length, tilt)
    forces = np.empty_like(positions)
    accumulate_forces(positions, species, pairs, table, forces)
    square = _dot(forces, forces)
    max_force = _longest(forces) if np.isfinite(square) else np.inf
    start, start_forces = np.empty_like(positions), np.empty_like(positions)

    iterations, evaluations = 0, 1
    while threshold < max_force < np.inf and evaluations < most_evaluations:
        start_slope = -_dot(forces, direction)
        if not start_slope < 0.0:
            direction[:] = forces
            start_slope = -square
        start[:] = positions
        start_forces[:] = forces

        # the line search: where along the direction does the slope vanish?
        longest = LONGEST_STEP / _longest(direction)
        step = min(-gain / start_slope, longest)
        low, low_slope, below, below_slope = 0.0, start_slope, 0.0, start_slope
        high, high_slope = np.inf, np.inf
        for _ in range(LONGEST_SEARCH):
            if _move(positions, start, direction, step, listed) > SKIN / 2.0:
                listed[:] = positions
                pairs = single_pair_list(listed, species, radii, length, tilt)
            accumulate_forces(positions, species, pairs, table, forces)
            evaluations += 1
            slope = -_dot(forces, direction)
            if abs(slope) <= -SLOPE_LEFT * start_slope or (slope < 0.0 and step >= longest):
                break
            if slope > 0.0:
                high, high_slope = step, slope
            else:
                below, below_slope, low, low_slope = low, low_slope, step, slope
            step = _next_step(below, below_slope, low, low_slope, high, high_slope, longest)
        gain = -step * start_slope

        next_square = _dot(forces, forces)
        # Polak-Ribière+
        turn = max(0.0, (next_square - _dot(forces, start_forces)) / square)
        for i in range(positions.shape[0]):
            direction[i, 0] = forces[i, 0] + turn * direction[i, 0]
            direction[i, 1] = forces[i, 1] + turn * direction[i, 1]
        square = next_square
        max_force = _longest(forces)
        iterations += 1
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
def _move(
    positions: NDArray[np.float64],
    start: NDArray[np.float64],
    direction: NDArray[np.float64],
    step: float,
    listed: NDArray[np.float64],
) -> float:
    """Put positions at start + step direction; their largest distance from the listed ones."""
    largest = 0.0
    for i in range(positions.shape[0]):
        positions[i, 0] = start[i, 0] + step * direction[i, 0]
        positions[i, 1] = start[i, 1] + step * direction[i, 1]
        dx, dy = positions[i, 0] - listed[i, 0], positions[i, 1] - listed[i, 1]
        largest = max(largest, dx * dx + dy * dy)
    return math.sqrt(largest)


@kernel()
def _dot(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    total = 0.0
    for i in range(first.shape[0]):
        total += first[i, 0] * second[i, 0] + first[i, 1] * second[i, 1]
    return total


@kernel()
def _longest(vectors: NDArray[np.float64]) -> float:
    """Length of the longest of the vectors (N, 2)."""
    largest = 0.0
    for i in range(vectors.shape[0]):
        largest = max(largest, vectors[i, 0] ** 2 + vectors[i, 1] ** 2)
    return math.sqrt(largest)
