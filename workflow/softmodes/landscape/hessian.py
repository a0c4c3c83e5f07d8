"""The Hessian of a configuration, sparse, and its factors.

Degrees of freedom are ordered x0, y0, x1, y1, ...
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from threadpoolctl import threadpool_limits

from softmodes.kernels.compilation import kernel
from softmodes.kernels.multifrontal import Factorisation, dissect, factorise
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture, PairTable, pair_terms
from softmodes.system.neighbours import PairList


def hessian(configuration: Configuration, mixture: Mixture) -> csc_matrix:
    """The Hessian (2N, 2N) of a configuration, in ε/σ11², symmetric to the bit.

    A pair with displacement r n adds φ″ n⊗n + (φ′/r)(1 - n⊗n) to both of its diagonal blocks and
    subtracts it from the two others.

    Raises:
        InputError: if the cell is too small for the cutoff.
    """
    configuration.cell.check_range(mixture.largest_cutoff)
    positions, species = configuration.positions, configuration.species
    table = mixture.pair_table()
    pairs = configuration.pair_list(table.cutoff)
    arrays = _assemble_hessian(positions, species, pairs, table)
    return csc_matrix(arrays, shape=(positions.size, positions.size))


@kernel()
def _assemble_hessian(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    pairs: PairList,
    table: PairTable,
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    """Data, row indices and column starts of the Hessian in compressed columns.

    Both columns of particle i hold, in this order, the rows of its neighbours below i, of i itself
    and of its neighbours above i: ascending, as the list is.
    """
    start, neighbour, offset_x, offset_y = pairs
    half_exponent, amplitude, constant, quadratic, quartic, _ = table
    n = positions.shape[0]

    n_below = np.zeros(n, np.int64)
    for k in range(neighbour.size):
        n_below[neighbour[k]] += 1
    first = np.empty(n, np.int64)  # of particle i's x column; its y column follows
    size = np.empty(n, np.int64)  # entries in either column
    column_start = np.zeros(2 * n + 1, np.int32)
    for i in range(n):
        first[i] = column_start[2 * i]
        size[i] = 2 * (n_below[i] + 1 + start[i + 1] - start[i])
        column_start[2 * i + 1] = first[i] + size[i]
        column_start[2 * i + 2] = first[i] + 2 * size[i]

    data = np.empty(column_start[2 * n])
    row = np.empty(column_start[2 * n], np.int32)
    diagonal = np.zeros((n, 3))
    filled = np.zeros(n, np.int64)  # neighbours below, so far
    for i in range(n):
        for k in range(start[i], start[i + 1]):
            j = neighbour[k]
            dx = positions[i, 0] - positions[j, 0] - offset_x[k]
            dy = positions[i, 1] - positions[j, 1] - offset_y[k]
            distance_square = dx * dx + dy * dy
            t = species[i] + species[j]
            _, tension, curvature = pair_terms(
                half_exponent, amplitude[t], constant[t], quadratic[t], quartic[t], distance_square
            )
            stretch = (curvature - tension) / distance_square
            xx, xy, yy = stretch * dx * dx + tension, stretch * dx * dy, stretch * dy * dy + tension
            _add_block(diagonal, i, xx, xy, yy)
            _add_block(diagonal, j, xx, xy, yy)
            at_i = first[i] + 2 * (n_below[i] + 1 + k - start[i])
            at_j = first[j] + 2 * filled[j]
            filled[j] += 1
            _write_block(data, row, at_i, size[i], j, -xx, -xy, -yy)
            _write_block(data, row, at_j, size[j], i, -xx, -xy, -yy)
        at = first[i] + 2 * n_below[i]
        # complete: the pairs of i with lower particles came before
        _write_block(data, row, at, size[i], i, diagonal[i, 0], diagonal[i, 1], diagonal[i, 2])
    return data, row, column_start


@kernel(inline="always")
def _add_block(
    diagonal: NDArray[np.float64], particle: int, xx: float, xy: float, yy: float
) -> None:
    diagonal[particle, 0] += xx
    diagonal[particle, 1] += xy
    diagonal[particle, 2] += yy


@kernel(inline="always")
def _write_block(
    data: NDArray[np.float64],
    row: NDArray[np.int32],
    at: int,
    size: int,
    particle: int,
    xx: float,
    xy: float,
    yy: float,
) -> None:
    """Put the block in the rows of `particle` at `at` of an x column and, below, the y column."""
    data[at], data[at + 1] = xx, xy
    data[at + size], data[at + size + 1] = xy, yy
    row[at] = row[at + size] = 2 * particle
    row[at + 1] = row[at + size + 1] = 2 * particle + 1


@dataclass(frozen=True)
class PinnedFactorisation:
    """Factors of the Hessian without the rows and columns of its last particle.

    To hold one particle still removes both translations and nothing else: by translation
    invariance the pinned Hessian has as many negative eigenvalues as the whole one.

    Attributes:
        factors: of the (2N - 2, 2N - 2) matrix.
    """

    factors: Factorisation

    @property
    def n_negative(self) -> int:
        """Number of negative modes."""
        return self.factors.n_negative

    @threadpool_limits.wrap(limits=1, user_api="blas")
    def displacement(self, forces: NDArray[np.float64]) -> NDArray[np.float64]:
        """The displacement d (N, 2) with H d = forces (N, 2) and mean zero; Σ forces = 0."""
        displacement = np.zeros_like(forces)
        displacement[:-1] = self.factors.solve(forces[:-1].reshape(-1, 1)).reshape(-1, 2)
        return displacement - displacement.mean(axis=0)


def factorise_pinned(
    matrix: csc_matrix, similar: PinnedFactorisation | None = None
) -> PinnedFactorisation:
    """Factorise a Hessian with its last particle pinned, in the order of a similar one if given.

    Raises:
        LinAlgError: if it is singular beyond the translations.
    """
    pinned = matrix[:-2, :-2]
    order = None if similar is None else similar.factors.dissection
    return PinnedFactorisation(factorise(pinned, dissect(pinned, order)))
