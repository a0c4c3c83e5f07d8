"""The physical limit: what the core can do at most, and each kernel's share of it.

A kernel's share is its rate of useful arithmetic over that of a pure loop of multiply-adds, or its
rate of bytes over that of a copy, whichever is more: the nearer ceiling. What a kernel does beyond
the counts below (list entries out of range, empty vector lanes, repeated loads) lowers its share.
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

from softmodes.minimise import quench
from softmodes.neighbours import neighbour_pairs

from .harness import Outcome, timed
from .memory import n_modes
from .replicas import lane_step_time, lanes_per_block
from .spectra import ours as lowest_eigenvalues
from .spectra import stiffness
from .systems import MIXTURE, load
from .trajectory import n_steps, our_run

N_PARTICLES = 2000
SKIN = 0.5
"""Of the list whose building is timed, in σ11."""

# Counts for one pair of particles in range; a division counts as one operation.
#   displacement of the image      2 coordinates, 2 differences each            4
#   its square                     2 products, 1 sum                            3
#   1/r², r^-6, r^-12, r^-14       1 division, 2 + 1 + 1 products               5
#   -φ′/r = A r^-14 - B - C r²     2 products, 2 differences                    4
#   force                          2 products                                   2
#   added to one, off the other    4 sums                                       4
FORCE_FLOPS = 22
#   energy: ε r^-12 + c + (q + w r²) r²    2 sums + 1, 3 products               6
#   virial: xx, xy, yy                     3 products, 3 sums                   6
ENERGY_AND_VIRIAL_FLOPS = 12
#   neighbour's index 4, image offset 16, its position 16, its force read and written 32
FORCE_BYTES = 68
#   index and offset are shared by all lanes; position 16, force read and written 32, per lane
LANE_BYTES = 48
#   displacement, square and comparison, for a pair that ends up in the list
LIST_FLOPS = 8
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

DRAM_NUMBERS, CACHE_NUMBERS = 16_000_000, 24_000
"""Doubles in one of the two arrays of a copy: far beyond the caches; well inside the second."""

ENOUGH = 0.8
"""Share of what the clock allows that the pure loop has to reach to be called a ceiling."""


@dataclass(frozen=True)
class Ceilings:
    """Of one core: flops and bytes per second, and cycles per second."""

    arithmetic: float
    cache: float
    memory: float
    clock: float


@dataclass(frozen=True)
class Kernel:
    """Useful work of a kernel: counts per item and measured items per second."""

    name: str
    flops: float
    bytes: float
    rate: float

    def share(self, ceilings: Ceilings) -> tuple[float, str]:
        """Of the nearer ceiling, and which that is."""
        return max(
            (self.rate * self.flops / ceilings.arithmetic, "arithmetic"),
            (self.rate * self.bytes / ceilings.cache, "copy in cache"),
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


def measured_ceilings() -> Ceilings:
    """Best of several tries each."""
    values = np.ones(FMA_NUMBERS)
    factor = np.uint64(6364136223846793005)
    arithmetic = best(lambda: _multiply_add(values, 0.5, 0.5, FMA_ROUNDS))
    clock = best(lambda: _dependent_products(np.uint64(1), factor, CLOCK_ROUNDS))
    return Ceilings(
        arithmetic=2 * CHAIN * FMA_NUMBERS * FMA_ROUNDS / arithmetic,
        cache=copied(CACHE_NUMBERS, 2000),
        memory=copied(DRAM_NUMBERS, 1),
        clock=CYCLES_PER_ROUND * CLOCK_ROUNDS / clock,
    )


def best(action: Callable[[], object]) -> float:
    """Least seconds of five, after one to warm up."""
    action()
    return min(timed(action) for _ in range(5))


def copied(n_numbers: int, rounds: int) -> float:
    """Bytes per second read and written by copies of an array."""
    source, target = np.ones(n_numbers), np.zeros(n_numbers)

    def run() -> None:
        for _ in range(rounds):
            np.copyto(target, source)

    return 2 * source.nbytes * rounds / best(run)


def measured_kernels() -> list[Kernel]:
    """All kernels at N = 2000 and T = 0.40; rates of pairs in range unless the name says more."""
    configuration = load(N_PARTICLES)
    positions, species, cell = configuration.positions, configuration.species, configuration.cell
    cutoff = MIXTURE.pair_table().cutoff

    def listed(skin: float) -> int:
        return len(neighbour_pairs(positions, cell, cutoff + skin, species)[0])

    pairs = listed(0.0)
    step = best(our_run(N_PARTICLES)) / n_steps(N_PARTICLES)
    no_displacement = np.zeros((N_PARTICLES, 2, lanes_per_block()))
    iterations = quench(positions, species, cell, MIXTURE, tolerance=1e-6).iterations
    descent = best(lambda: quench(positions, species, cell, MIXTURE, tolerance=1e-6))
    factor = factor_columns(stiffness(N_PARTICLES))
    modes = n_modes(N_PARTICLES)
    # two factorisations, the second for the count of modes, and a solve per mode at the very least
    modes_flops = 2 * float((factor**2).sum()) + modes * SOLVE_FLOPS * float(factor.sum())
    modes_bytes = modes * SOLVE_BYTES * float(factor.sum())
    spectrum = best(lambda: lowest_eigenvalues(N_PARTICLES))
    return [
        Kernel("trajectory, whole step", FORCE_FLOPS, FORCE_BYTES, pairs / step),
        Kernel(
            "replicas, whole step, per lane",
            FORCE_FLOPS,
            LANE_BYTES,
            pairs / lane_step_time(configuration, no_displacement),
        ),
        Kernel(
            "list build, per listed pair",
            LIST_FLOPS,
            LIST_BYTES,
            listed(SKIN) / best(lambda: listed(SKIN)),
        ),
        Kernel(
            "conjugate gradients, an evaluation per iteration",
            FORCE_FLOPS + ENERGY_AND_VIRIAL_FLOPS,
            FORCE_BYTES,
            pairs * iterations / descent,
        ),
        Kernel("lowest 1% of modes, per run", modes_flops, modes_bytes, 1.0 / spectrum),
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
        f"GHz: {per_cycle:.1f} flops per cycle of {allowed:.0f}; copy {ceilings.cache / 1e9:.0f} "
        f"GB/s in the second cache, {ceilings.memory / 1e9:.1f} GB/s beyond all caches"
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
