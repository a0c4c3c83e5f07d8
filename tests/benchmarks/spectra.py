"""The lowest 1% of the modes of a minimum, and what quench and modes take of memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csc_matrix, identity
from scipy.sparse.linalg import LinearOperator, eigsh, splu

from softmodes.landscape.hessian import hessian
from softmodes.landscape.modes import lowest_modes
from softmodes.landscape.quench import quench
from softmodes.random_streams import stream

from .harness import Outcome, Point, Row, interleaved
from .memory import in_child, n_modes
from .systems import COLD, MIXTURE, SEED, load

SHIFT = -1e-3
"""`sigma` of the peer, just below the translations."""

SAME = 1e-8
"""Largest relative difference of eigenvalues."""

LARGEST = 32000
MEMORY = 8.0
"""GB that quench and modes may take at N = 32000."""

REPETITIONS = 3
DENSE_BAR = 30.0
SPARSE_BARS = {2000: 1.0, 8000: 3.0}
"""By N."""


@cache
def stiffness(n_particles: int) -> csc_matrix:
    """Hessian of the inherent structure of the input."""
    return hessian(quench(load(n_particles).configuration, MIXTURE).configuration, MIXTURE)


def ours(n_particles: int) -> np.ndarray:
    """Eigenvalues of the lowest 1% of the modes, translations left out."""
    rng = stream(SEED, "modes", n_particles, temperature=COLD, sample=0)
    return lowest_modes(stiffness(n_particles), n_modes(n_particles), rng).eigenvalues[2:]


def by_eigh(n_particles: int) -> np.ndarray:
    """The same by dense algebra, of these modes alone."""
    dense = stiffness(n_particles).toarray()
    eigenvalues, _ = eigh(dense, subset_by_index=(0, n_modes(n_particles) + 1))
    return eigenvalues[2:]


def by_eigsh(n_particles: int) -> np.ndarray:
    """The same by SciPy's Lanczos and its LU factors, as quick as they can be made.

    The shift makes the matrix positive definite: the factors need no pivots, and an order for
    symmetric matrices leaves them with 0.6 times the entries of the default's. More Lanczos vectors
    or fewer, or a tolerance of 1e-10, change nothing in the time.
    """
    matrix = stiffness(n_particles)
    factors = splu(
        (matrix - SHIFT * identity(matrix.shape[0], format="csc")).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    inverse = LinearOperator(matrix.shape, factors.solve, dtype=matrix.dtype)
    wanted = n_modes(n_particles) + 2
    eigenvalues, _ = eigsh(matrix, wanted, sigma=SHIFT, OPinv=inverse)
    return np.sort(eigenvalues)[2:]


def against_dense() -> Outcome:
    """N = 2000, where dense algebra can still be waited for."""
    return against(by_eigh, 2000, "eigh", bar=DENSE_BAR)


def against_sparse() -> Outcome:
    """N = 2000 and 8000."""
    few, many = (
        against(by_eigsh, n_particles, "eigsh", bar=bar) for n_particles, bar in SPARSE_BARS.items()
    )
    return Outcome(few.rows + many.rows, few.points + many.points)


def against(
    peer: Callable[[int], np.ndarray], n_particles: int, code: str, *, bar: float
) -> Outcome:
    """One size, once the eigenvalues are the same."""
    _expect_same(ours(n_particles), peer(n_particles))
    both = partial(ours, n_particles), partial(peer, n_particles)
    mine, theirs = interleaved(both, REPETITIONS)
    name = f"lowest 1% of modes, N = {n_particles}, against {code}, s"
    wanted = n_modes(n_particles)
    return Outcome(
        [Row(name, mine, theirs, bar)],
        [
            Point("mode", "softmodes", n_particles, mine / wanted),
            Point("mode", code, n_particles, theirs / wanted),
        ],
    )


def memory() -> Outcome:
    """N = 32000, in a process of its own."""
    name = "memory: quench and 1% of modes, N = 32000, GB"
    told = in_child("modes", LARGEST)
    if told is None:
        return Outcome([Row(name, None, MEMORY, 1.0)])
    print(f"    quench {told['quench_seconds']:.1f} s, modes {told['modes_seconds']:.1f} s")
    gigabytes = told["peak_bytes"] / 1e9
    return Outcome(
        [Row(name, gigabytes, MEMORY, 1.0)],
        [Point("mode", "softmodes", LARGEST, told["modes_seconds"] / n_modes(LARGEST))],
    )


def _expect_same(mine: np.ndarray, peer: np.ndarray) -> None:
    """Raise if eigenvalues differ."""
    difference = np.abs(mine / peer - 1.0).max()
    if not difference <= SAME:
        raise AssertionError(f"eigenvalues differ by {difference:.2g}, relatively")
