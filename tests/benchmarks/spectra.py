"""The lowest 1% of the modes of a minimum, and what quench and modes take of memory."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import eigsh

from softmodes.landscape.hessian import hessian
from softmodes.landscape.modes import lowest_modes
from softmodes.landscape.quench import quench
from softmodes.random_streams import stream

from .harness import Outcome, Point, Row, interleaved, timed
from .memory import in_child, n_modes
from .systems import COLD, MIXTURE, SEED, load

SHIFT = -1e-3
"""`sigma` of the peer, just below the translations."""

SAME = 1e-8
"""Largest relative difference of eigenvalues."""

LARGEST = 32000
MEMORY = 8.0
"""GB that quench and modes may take at N = 32000."""

DENSE_BAR, SPARSE_BAR = 60.0, 3.0


@cache
def stiffness(n_particles: int) -> csc_matrix:
    """Hessian of the inherent structure of the input."""
    return hessian(quench(load(n_particles).configuration, MIXTURE).configuration, MIXTURE)


def ours(n_particles: int) -> np.ndarray:
    """Eigenvalues of the lowest 1% of the modes, translations left out."""
    rng = stream(SEED, "modes", n_particles, temperature=COLD, sample=0)
    return lowest_modes(stiffness(n_particles), n_modes(n_particles), rng).eigenvalues[2:]


def shift_inverted(n_particles: int) -> np.ndarray:
    """The same by SciPy's Lanczos with its defaults."""
    matrix = stiffness(n_particles)
    eigenvalues, _ = eigsh(matrix, n_modes(n_particles) + 2, sigma=SHIFT)
    return np.sort(eigenvalues)[2:]


def against_dense() -> Outcome:
    """N = 2000, against all modes by dense algebra."""
    n_particles, wanted = 2000, n_modes(2000)
    dense = stiffness(n_particles).toarray()
    _expect_same(ours(n_particles), eigh(dense, eigvals_only=True)[2 : 2 + wanted])
    subset = timed(lambda: eigh(dense, subset_by_index=[0, wanted + 1]))
    divided = timed(lambda: eigh(dense, driver="evd"))
    _expect_same(ours(n_particles), shift_inverted(n_particles))
    sparse = timed(lambda: shift_inverted(n_particles))
    mine, peer = interleaved([lambda: ours(n_particles), lambda: eigh(dense)], 2)
    print(
        f"    eigh: {peer:.1f} s for all modes, {divided:.1f} s with its driver evd, "
        f"{subset:.1f} s with subset_by_index; eigsh {sparse:.2f} s; ours {mine:.3f} s"
    )
    return Outcome(
        [Row("lowest 1% of modes, N = 2000, against eigh, s", mine, peer, DENSE_BAR)],
        [
            Point("mode", "softmodes", n_particles, mine / wanted),
            Point("mode", "eigh", n_particles, peer / wanted),
            Point("mode", "eigsh", n_particles, sparse / wanted),
        ],
    )


def against_sparse() -> Outcome:
    """N = 8000, against shift-invert Lanczos with SciPy's defaults."""
    n_particles, wanted = 8000, n_modes(8000)
    _expect_same(ours(n_particles), shift_inverted(n_particles))
    mine, peer = interleaved([lambda: ours(n_particles), lambda: shift_inverted(n_particles)], 2)
    return Outcome(
        [Row("lowest 1% of modes, N = 8000, against eigsh, s", mine, peer, SPARSE_BAR)],
        [
            Point("mode", "softmodes", n_particles, mine / wanted),
            Point("mode", "eigsh", n_particles, peer / wanted),
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
