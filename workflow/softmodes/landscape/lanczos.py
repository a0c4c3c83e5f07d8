"""Lowest eigenpairs of a sparse matrix by block Lanczos with shift and invert."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, qr
from scipy.linalg.blas import dgemm

from softmodes.kernels.multifrontal import Factorisation

RITZ_TOLERANCE = 1e-10
"""Bound on the residual of 1/(λ + SHIFT), relative to it. At N = 2000 it leaves errors below 1e-12
in the soft participation of the lowest 1% of the modes; 1e-4 would leave 4e-7 (at N =
150, 1e-6)."""

VALUES_PER_VECTOR = 14
"""Wanted eigenvalues per vector of a Lanczos block. With more, the factors are read more often;
with fewer, more vectors are needed."""

FIRST_CHECK = 3.0
"""Vectors per wanted eigenvalue at which residuals are first looked at."""

CHECK_AGAIN = 1.06
"""Growth of the number of vectors between two such looks."""

WEAK, NEGLIGIBLE = 1e-6, 1e-13
"""Of the inverse's norm: new directions below the first are made orthogonal twice, below the second
they are rounding."""


def largest_eigenpairs(
    factors: Factorisation, n_wanted: int, rng: np.random.Generator, *, narrowest: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest eigenvalues (n,) of the inverse of a matrix, descending, and their vectors (2N, n).

    The matrix is positive definite; translations are left out.

    Block Lanczos (Golub & Underwood, in Mathematical Software III, 361, 1977), every block made
    orthogonal to all before it, and never restarted: the basis ends with three to six vectors per
    eigenvalue.

    Args:
        factors: of the matrix.
        n_wanted: n.
        rng: of the first block.
        narrowest: vectors of a block at least.

    Raises:
        LinAlgError: if the Krylov space is exhausted before.
    """
    size = len(factors.sign)
    width = max(narrowest, n_wanted // VALUES_PER_VECTOR)
    basis = np.empty((4 * n_wanted + 2 * width, size))  # a vector per row, translations first
    basis[:2] = unit_translations(size)
    projected = np.zeros((len(basis), len(basis)))
    scale, filled, next_check = 0.0, 2, FIRST_CHECK * n_wanted
    _, block = _project_out(basis[:2], np.asfortranarray(rng.standard_normal((size, width))))
    block, _ = qr(block, mode="economic", overwrite_a=True)
    while True:
        previous, filled = filled, filled + block.shape[1]
        if filled > len(basis):
            basis = np.concatenate([basis, np.empty_like(basis)])
            projected = np.pad(projected, (0, len(projected)))
        basis[previous:filled] = block.T
        product = np.asfortranarray(factors.solve(block))

        # the recurrence has three terms; what rounding brings in of the others goes after it
        recent = max(2, previous - width)
        overlap, product = _project_out(basis[recent:filled], product)
        projected[recent:filled, previous:filled] = overlap
        projected[previous:filled, recent:filled] = overlap.T
        _, product = _project_out(basis[:filled], product)
        scale = max(scale, np.abs(projected[previous:filled, previous:filled]).max())
        block, coupling = _orthonormal(product, scale)
        if block.shape[1] and np.abs(coupling).max(axis=1).min() < WEAK * scale:
            _, block = _project_out(basis[:filled], block)
            block, _ = qr(block, mode="economic", overwrite_a=True)

        exhausted = block.shape[1] == 0
        if exhausted or filled >= next_check:
            values, vectors = eigh(projected[2:filled, 2:filled], driver="evd")
            values, vectors = values[: -n_wanted - 1 : -1], vectors[:, : -n_wanted - 1 : -1]
            residual = np.linalg.norm(coupling @ vectors[previous - 2 :], axis=0)
            if len(values) == n_wanted and (residual <= RITZ_TOLERANCE * values).all():
                return values, basis[2:filled].T @ vectors
            if exhausted:
                raise np.linalg.LinAlgError(f"lowest modes: {n_wanted} wanted, {len(values)} found")
            next_check = CHECK_AGAIN * filled


def _project_out(
    basis: NDArray[np.float64], block: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Components (M, B) of a block (2N, B) along the rows (M, 2N) of a basis, and what is left."""
    components = dgemm(1.0, basis.T, block, trans_a=True)
    return components, dgemm(-1.0, basis.T, components, 1.0, block, overwrite_c=True)


def _orthonormal(
    block: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Orthonormal Q (2N, M) and R (M, B) with Q R = block (2N, B), M its rank.

    What is below NEGLIGIBLE of the scale counts as zero.
    """
    vectors, triangle, column = qr(block, mode="economic", pivoting=True, overwrite_a=True)
    rank = int(np.count_nonzero(np.abs(triangle.diagonal()) > NEGLIGIBLE * scale))
    coupling = np.empty((rank, block.shape[1]))
    coupling[:, column] = triangle[:rank]
    return np.asfortranarray(vectors[:, :rank]), coupling


def unit_translations(size: int) -> NDArray[np.float64]:
    """Unit vectors (2, size) of the translations along x and y."""
    return np.tile(np.eye(2), size // 2) / np.sqrt(size / 2)
