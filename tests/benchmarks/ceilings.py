"""The physical limit: what the core can do at most, and each kernel's share of it.

A kernel's share is its rate of useful arithmetic over that of a pure loop of multiply-adds, or its
rate of bytes over that of a copy in the cache they lie in, whichever is more: the nearer ceiling.
What a kernel does beyond the counts below (pairs met that are out of range, empty vector lanes,
list builds, the motion itself) lowers its share. An operation in single precision counts as half:
the core does twice as many at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, eye_array
from scipy.sparse.linalg import splu

from softmodes.dynamics.replicas import replicas_per_vector
from softmodes.landscape.quench import quench
from softmodes.system.configuration import Configuration
from softmodes.system.tiles import Tiles, accumulate_tile_forces, build_tiles

from .harness import Outcome, timed
from .memory import n_modes
from .replicas import lane_step_time
from .spectra import ours as lowest_eigenvalues
from .spectra import stiffness
from .systems import MIXTURE, load
from .trajectory import PRECISIONS, n_steps, our_run

N_PARTICLES = 2000
SKIN = 0.5
"""Of the lists whose building is timed, in σ11."""

LOOSE = 1e-6
"""max|F| to which conjugate gradients go alone."""

# Counts for one pair of particles; a division counts as one operation, though it takes as long as
# many others.
#   displacement               2 differences (the image's shift is added per row of pairs)    2
#   its square                 2 products, 1 sum                                              3
#   1/r², r^-6, r^-12, r^-14   1 division, 2 + 1 + 1 products                                 5
#   φ′/r = B + C r² - A r^-14  2 products, 2 sums                                             4
#   force                      2 products                                                     2
#   added to one and the other 4 sums                                                         4
FORCE_FLOPS = 20
#   in units of the cutoff of the pair of species: r² and the force scaled                    2
TILE_FLOPS = FORCE_FLOPS + 2
#   energy ε r^-12 + c + (q + w r²) r²   3 products, 3 sums                                   6
#   virial xx, xy, yy                    3 products, 3 sums                                   6
ENERGY_AND_VIRIAL_FLOPS = 12
#   position and scale of the other 24, its force read and written 32; the rest is per eight pairs
TILE_BYTES = 56
#   position of the other 16, its force read and written 32; index and offset are shared by lanes
LANE_BYTES = 48
#   displacement, square and comparison, for a pair that ends up in the list
LIST_FLOPS = 6
#   index and offset written, position read
LIST_BYTES = 36
#   a solve multiplies and adds each nonzero of L twice and reads value and index each time
SOLVE_FLOPS, SOLVE_BYTES = 4, 24

CHAIN = 16
"""Multiply-adds on each number between load and store: enough to hide both, few enough for the
processor to work on several vectors at once."""

FMA_NUMBERS, FMA_ROUNDS = 256, 50_000
CLOCK_ROUNDS = 20_000_000
CYCLES_PER_ROUND = 4
"""An integer product takes 3 cycles on the cores of the last decade, the exclusive or 1."""

COPIED = {"first cache": 1_000, "second cache": 24_000, "memory": 16_000_000}
"""Where a copy takes place, and the doubles in either of its two arrays."""

COPIED_IN_ALL = 50_000_000
"""Doubles that a try copies."""

ENOUGH = 0.8
"""Share of what the clock allows that the pure loop has to reach to be called a ceiling."""


@dataclass(frozen=True)
class Ceilings:
    """Of one core: flops, cycles and, by place, bytes copied per second."""

    arithmetic: float
    clock: float
    copy: dict[str, float]


@dataclass(frozen=True)
class Kernel:
    """Useful work of a kernel: counts per item, measured items per second, and where the bytes of
    an item lie."""

    name: str
    flops: float
    bytes: float
    rate: float
    place: str

    def share(self, ceilings: Ceilings) -> tuple[float, str]:
        """Of the nearer ceiling, and which that is."""
        return max(
            (self.rate * self.flops / ceilings.arithmetic, "arithmetic"),
            (self.rate * self.bytes / ceilings.copy[self.place], f"copy in {self.place}"),
        )


@numba.njit(fastmath={"contract"})
def _multiply_add(values: NDArray[np.float64], factor: float, term: float, rounds: int) -> None:
    for _ in range(rounds):
        for k in range(values.size):
            value = values[k]
            for _ in range(CHAIN):
                value = value * factor + term
            values[k] = value


@numba.njit
def _dependent_products(value: np.uint64, factor: np.uint64, rounds: int) -> np.uint64:
    for _ in range(rounds):
        value = (value * factor) ^ factor
    return value


@numba.njit
def _copy(source: NDArray[np.float64], target: NDArray[np.float64], rounds: int) -> None:
    for _ in range(rounds):
        target[:] = source


@numba.njit
def _negate(source: NDArray[np.float64], target: NDArray[np.float64], rounds: int) -> None:
    for _ in range(rounds):
        for k in range(source.size):
            target[k] = -source[k]


def measured_ceilings() -> Ceilings:
    """Best of several tries each."""
    values = np.ones(FMA_NUMBERS)
    factor = np.uint64(6364136223846793005)
    arithmetic = best(lambda: _multiply_add(values, 0.5, 0.5, FMA_ROUNDS))
    clock = best(lambda: _dependent_products(np.uint64(1), factor, CLOCK_ROUNDS))
    return Ceilings(
        arithmetic=2 * CHAIN * FMA_NUMBERS * FMA_ROUNDS / arithmetic,
        clock=CYCLES_PER_ROUND * CLOCK_ROUNDS / clock,
        copy={place: copied(n_numbers) for place, n_numbers in COPIED.items()},
    )


def best(action: Callable[[], object]) -> float:
    """Least seconds of five, after one to warm up."""
    action()
    return min(timed(action) for _ in range(5))


def copied(n_numbers: int) -> float:
    """Bytes per second read and written by copies of an array.

    The better of the library's copy, which is slow to start, and a loop that turns the sign, or
    the compiler would take it for the former.
    """
    source, target = np.ones(n_numbers), np.zeros(n_numbers)
    rounds = max(1, COPIED_IN_ALL // n_numbers)
    seconds = min(
        best(lambda: _copy(source, target, rounds)), best(lambda: _negate(source, target, rounds))
    )
    return 2 * rounds * source.nbytes / seconds


def in_doubles(precision: type[np.floating]) -> float:
    """Size of a number, in doubles."""
    return np.dtype(precision).itemsize / 8


def _tile_kernels(
    configuration: Configuration, precision: type[np.floating], pairs: int
) -> list[Kernel]:
    """Those of a trajectory; `pairs` are in range."""
    cell, table = configuration.cell, MIXTURE.pair_table()

    def tiled() -> Tiles:
        return build_tiles(
            configuration.positions,
            configuration.species,
            table.cutoff,
            SKIN,
            cell.length,
            cell.symmetric_tilt,
            precision,
        )

    tiles = tiled()
    # of its own tile, a particle meets all
    met = replicas_per_vector(precision) * (tiles.tile.size + N_PARTICLES)
    force, sums = np.zeros_like(tiles.position), np.empty(4)
    forces = best(lambda: accumulate_tile_forces(tiles, table, force, None))
    forces_and_sums = best(lambda: accumulate_tile_forces(tiles, table, force, sums))
    step = best(our_run(N_PARTICLES, precision)) / n_steps(N_PARTICLES)
    name, size = precision.__name__, in_doubles(precision)
    print(f"    {pairs} pairs in range; {name} tiles meet {met / pairs:.2f} times as many")
    return [
        Kernel(f"{what}, {name}", flops * size, TILE_BYTES * size, rate, "first cache")
        for what, flops, rate in (
            ("tile forces, all pairs met", TILE_FLOPS, met / forces),
            ("tile forces", TILE_FLOPS, pairs / forces),
            (
                "tile forces, energy and virial",
                TILE_FLOPS + ENERGY_AND_VIRIAL_FLOPS,
                pairs / forces_and_sums,
            ),
            ("trajectory, whole step", TILE_FLOPS, pairs / step),
            ("tiles built, per pair met", LIST_FLOPS, met / best(tiled)),
        )
    ]


def measured_kernels() -> list[Kernel]:
    """All kernels at N = 2000 and T = 0.40; rates of pairs in range unless the name says more."""
    configuration = load(N_PARTICLES).configuration
    table = MIXTURE.pair_table()

    def listed(skin: float) -> int:
        return len(configuration.pairs(table.cutoff + skin)[0])

    pairs, kernels = listed(0.0), []
    for precision in PRECISIONS:
        kernels += _tile_kernels(configuration, precision, pairs)
    kernels += [
        Kernel(
            "pair list built, per listed pair",
            LIST_FLOPS,
            LIST_BYTES,
            listed(SKIN) / best(lambda: listed(SKIN)),
            "second cache",
        ),
    ]
    no_displacement = np.zeros((N_PARTICLES, 2, replicas_per_vector(np.float32)))
    for precision in PRECISIONS:
        seconds = lane_step_time(configuration, no_displacement, precision)
        kernels.append(
            Kernel(
                f"replicas, whole step, per lane, {precision.__name__}",
                FORCE_FLOPS * in_doubles(precision),
                LANE_BYTES * in_doubles(precision),
                pairs / seconds,
                "second cache",
            )
        )

    iterations = quench(configuration, MIXTURE, tolerance=LOOSE).iterations
    descent = best(lambda: quench(configuration, MIXTURE, tolerance=LOOSE))
    factor = factor_columns(stiffness(N_PARTICLES))
    # two factorisations, the second for the count of modes, and a solve per mode at the very least
    solves = n_modes(N_PARTICLES) * float(factor.sum())
    flops = 2 * float((factor**2).sum()) + SOLVE_FLOPS * solves
    spectrum = best(lambda: lowest_eigenvalues(N_PARTICLES))
    return [
        *kernels,
        Kernel(
            "conjugate gradients, an evaluation per iteration",
            TILE_FLOPS,
            TILE_BYTES,
            pairs * iterations / descent,
            "first cache",
        ),
        Kernel(
            "lowest 1% of modes, per run",
            flops,
            SOLVE_BYTES * solves,
            1.0 / spectrum,
            "second cache",
        ),
    ]


def factor_columns(matrix: csc_matrix) -> NDArray[np.float64]:
    """Nonzeros in the columns of L of a matrix's symmetric factors in minimum-degree order."""
    shifted = csc_matrix(matrix + 1e-3 * eye_array(matrix.shape[0]))
    factors = splu(
        shifted,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.diff(factors.L.indptr).astype(np.float64)


def compare() -> Outcome:
    """Print ceilings and shares; no rows."""
    ceilings = measured_ceilings()
    per_cycle = ceilings.arithmetic / ceilings.clock
    allowed = 2.0 ** round(math.log2(per_cycle))
    print(
        f"    arithmetic {ceilings.arithmetic / 1e9:.1f} GFlop/s, clock {ceilings.clock / 1e9:.2f} "
        f"GHz: {per_cycle:.1f} flops per cycle of {allowed:.0f}; copy in "
        + ", ".join(f"{place} {rate / 1e9:.0f} GB/s" for place, rate in ceilings.copy.items())
    )
    if per_cycle < ENOUGH * allowed:
        print("    the pure loop stays below what the clock allows: shares are too high")
    for kernel in measured_kernels():
        share, which = kernel.share(ceilings)
        print(
            f"    {kernel.name:<50} {kernel.rate * kernel.flops / 1e9:7.2f} GFlop/s "
            f"{kernel.rate * kernel.bytes / 1e9:7.1f} GB/s  {100 * share:5.1f}% of {which}"
        )
    return Outcome()
