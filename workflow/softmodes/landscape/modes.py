"""The Hessian of a configuration and its lowest modes.

Degrees of freedom are ordered x0, y0, x1, y1, ...; a mode is an eigenvector of the Hessian
∂²U/∂r∂r and, as m = 1, its eigenvalue is ω². Sets of modes begin with the two translations along x
and y, which are known exactly and never computed; the others are orthogonal to them and ascend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, qr
from scipy.linalg.blas import dgemm
from scipy.sparse import csc_matrix
from threadpoolctl import threadpool_limits

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel
from softmodes.kernels.multifrontal import Factorisation, count_below, dissect, factorise
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture, PairTable, pair_terms
from softmodes.system.neighbours import PairList

SHIFT = 1e-3
"""H + SHIFT is factorised for the lowest modes: positive definite in spite of the translations."""

RITZ_TOLERANCE = 1e-10
"""Bound on the residual of 1/(λ + SHIFT), relative to it. At N = 2000 it leaves errors below 1e-12
in the soft participation of the lowest 1% of the modes; 1e-4 would leave 4e-7 (at N =
150, 1e-6)."""

DEGENERATE = 1e-6
"""Modes whose eigenvalues differ by less than this, relatively, count as one group: RITZ_TOLERANCE
can turn them into each other by up to 1e-4."""


VALUES_PER_VECTOR = 14
"""Wanted eigenvalues per vector of a Lanczos block. With more, the factors are read more often;
with fewer, more vectors are needed."""

NARROWEST_BLOCK = 3
"""Vectors of the smallest block: as many equal eigenvalues are told apart for certain."""

FIRST_CHECK = 3.0
"""Vectors per wanted eigenvalue at which residuals are first looked at."""

CHECK_AGAIN = 1.06
"""Growth of the number of vectors between two such looks."""

N_EIGENVECTORS = 16
"""Modes whose vectors `modes_of_strains` keeps at γ = 0, translations left out."""

WEAK, NEGLIGIBLE = 1e-6, 1e-13
"""Of the inverse's norm: new directions below the first are made orthogonal twice, below the second
they are rounding."""


@dataclass(frozen=True)
class Modes:
    """The lowest modes, after the two translations.

    Attributes:
        eigenvalues: (2 + n,), ω² in 1/τ²; of the translations, their Rayleigh quotients.
        eigenvectors: (2 + n, N, 2), orthonormal, the largest component of each positive.
        splits_degenerate: whether the next mode above belongs to the same degenerate group as the
            last one here, so that the set depends on the choice of vectors within the group.
    """

    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    splits_degenerate: bool


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


@threadpool_limits.wrap(limits=1, user_api="blas")
def lowest_modes(matrix: csc_matrix, n_modes: int, rng: np.random.Generator) -> Modes:
    """The translations and the lowest modes of a Hessian, by shift-invert Lanczos.

    Block Lanczos runs on the inverse of H + SHIFT with the translations projected out. One mode
    more than asked for is computed to look for a degenerate group, and the number of eigenvalues
    below it is checked against the inertia of H minus a shift in the last gap.

    Args:
        matrix: the Hessian (2N, 2N).
        n_modes: n, translations not counted, at most 2N - 4.
        rng: of the start vectors, which change the result by rounding only.

    Raises:
        InputError: if n_modes is not between 1 and 2N - 4.
        LinAlgError: if a mode was missed, as can happen among exactly degenerate ones.
    """
    size = matrix.shape[0]
    if not 1 <= n_modes <= size - 4:
        raise InputError(f"n_modes: {n_modes} given, a number from 1 to {size - 4} expected")
    dissection = dissect(matrix)
    shift = SHIFT
    factors = factorise(matrix, dissection, -shift)
    while factors.n_negative:  # not a minimum: the shift has to reach below the lowest mode
        shift *= 10.0
        factors = factorise(matrix, dissection, -shift)
    inverses, eigenvectors = _largest_eigenpairs(factors, n_modes + 1, rng)
    eigenvalues = 1.0 / inverses - shift

    last, following = eigenvalues[-2:]
    splits_degenerate = bool(following - last <= DEGENERATE * abs(following))
    if not splits_degenerate:
        n_below = count_below(matrix, dissection, (last + following) / 2.0)
        if n_below != n_modes + 2:
            raise np.linalg.LinAlgError(
                f"lowest modes: {n_modes} found where the inertia counts {n_below - 2}"
            )
    return Modes(
        *_with_translations(matrix, eigenvalues[:-1], eigenvectors[:, :-1]), splits_degenerate
    )


def _largest_eigenpairs(
    factors: Factorisation, n_wanted: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest eigenvalues (n,) of the inverse of a positive definite matrix, descending, and their
    vectors (2N, n), both without the translations.

    Block Lanczos (Golub & Underwood, in Mathematical Software III, 361, 1977), every block made
    orthogonal to all before it, and never restarted: the basis ends with three to six vectors per
    eigenvalue.

    Raises:
        LinAlgError: if the Krylov space is exhausted before.
    """
    size = len(factors.sign)
    width = max(NARROWEST_BLOCK, n_wanted // VALUES_PER_VECTOR)
    basis = np.empty((4 * n_wanted + 2 * width, size))  # a vector per row, translations first
    basis[:2] = _translations(size)
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


def _translations(size: int) -> NDArray[np.float64]:
    """Unit vectors (2, size) of the translations along x and y."""
    return np.tile(np.eye(2), size // 2) / np.sqrt(size / 2)


def _with_translations(
    matrix: csc_matrix, eigenvalues: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The translations, then the modes from columns (2N, n), with signs fixed."""
    translations = _translations(matrix.shape[0])
    quotients = np.einsum("ij,ij->i", translations, (matrix @ translations.T).T)
    vectors = columns.T.copy()
    largest = np.abs(vectors).argmax(axis=1)
    vectors *= np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
    vectors = np.concatenate([translations, vectors])
    return np.concatenate([quotients, eigenvalues]), vectors.reshape(len(vectors), -1, 2)


def participation(eigenvectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """f_i^j = |e_i^j|² (K, N) of eigenvectors (K, N, 2); each row adds up to one."""
    return np.einsum("jic,jic->ji", eigenvectors, eigenvectors)


def soft_participation(modes: Modes, n_modes: int) -> NDArray[np.float64]:
    """p_i = Σ_j f_i^j (N,) over the n_modes lowest modes, translations left out; Σ_i p_i = n_modes.

    Widmer-Cooper et al., Nature Physics 4, 711 (2008).

    Raises:
        InputError: if more modes are asked for than there are.
    """
    available = len(modes.eigenvalues) - 2
    if not 1 <= n_modes <= available:
        raise InputError(f"n_modes: {n_modes} given, a number from 1 to {available} expected")
    return participation(modes.eigenvectors[2 : 2 + n_modes]).sum(axis=0)


@threadpool_limits.wrap(limits=1, user_api="blas")
def harmonic_debye_waller(
    matrix: csc_matrix, lowest: Modes, *, temperature: float, window: float
) -> NDArray[np.float64]:
    """Variance of each position over a time window in the harmonic motion from a minimum.

    Started at the minimum with Maxwell-Boltzmann velocities v, mode j moves as
    (v·e^j) sin(ω_j t)/ω_j. The variance over 0 <= t <= t_w, averaged over the velocities, is
    T Σ_j |e_i^j|² w_j with a = ω_j t_w and w_j = [½ - sin 2a / 4a - ((1 - cos a)/a)²] / ω_j².

    The lowest modes count with this weight. The others swing many times in the window, where the
    mean over the phase of a is [½ - 3/2a²] / ω_j², or ½ / (ω_j² + s) with s = 3/t_w² but for terms
    of the order of a⁻⁴. Over all modes that makes ½ diag (H + s)⁻¹, of which the share of the
    lowest modes and of the translations, known exactly, is taken out again: s > 0 keeps the
    translations from being singular, and neither a second shift nor a pseudo-inverse is needed.

    With the lowest 1% at N = 2000 and t_w = 10 τ (a >= 15 beyond them) the rms error is 0.07%, and
    the top quarter of the particles is that of all modes; shorter windows need more modes: 0.24% at
    5 τ, 8% at 2 τ.

    Args:
        matrix: the Hessian (2N, 2N).
        lowest: its lowest modes.
        temperature: T, in ε.
        window: t_w, in τ.

    Returns:
        The sum of the variances along x and y, (N,), in σ11².

    Raises:
        InputError: if a mode after the translations is not stable.
    """
    squares = lowest.eigenvalues[2:]
    if not squares[0] > 0.0:
        raise InputError(f"eigenvalues: {squares[0]:.3g} found, positive numbers expected")
    shift = 3.0 / window**2
    angle = np.sqrt(squares) * window
    variance = 0.5 - np.sin(2.0 * angle) / (4.0 * angle) - ((1.0 - np.cos(angle)) / angle) ** 2
    weight = np.concatenate([[-0.5 / shift] * 2, variance / squares - 0.5 / (squares + shift)])
    of_all = factorise(matrix, dissect(matrix), -shift).inverse_diagonal()
    return temperature * (
        0.5 * of_all.reshape(-1, 2).sum(axis=1) + weight @ participation(lowest.eigenvectors)
    )


def modes_of_strains(
    structures: Sequence[Configuration],
    mixture: Mixture,
    gamma: NDArray[np.float64],
    *,
    n_modes: int,
    scan_gamma: Sequence[float],
    scan_numbers: Sequence[int],
    rng: np.random.Generator,
    update: Callable[[float], None] = lambda share: None,
) -> tuple[dict[str, NDArray], NDArray[np.bool_], Modes]:
    """Lowest modes of the inherent structures at every strain.

    Each strain is diagonalised once, for the most modes that are wanted there.

    Args:
        structures: the inherent structures.
        mixture: their model.
        gamma: (G,), their strains, the first 0.
        n_modes: number of soft modes at every strain.
        scan_gamma: strains, of those in gamma, at which that number is varied.
        scan_numbers: the numbers to vary over, ascending.
        rng: of the start vectors.
        update: called with the share done.

    Returns:
        The datasets of a modes file by their names there, all but the harmonic Debye-Waller
        factor; (G,) whether the mode after the last soft one belongs to its degenerate group; and
        all modes found at γ = 0.

    Raises:
        InputError: if more modes are wanted than 2N - 4, or a cell is too small for the cutoff.
        LinAlgError: if a mode was missed.
    """
    eigenvalues, softness, splits, scan_eigenvalues, scan_softness = [], [], [], {}, {}
    for structure, strain in zip(structures, gamma, strict=True):
        matrix = hessian(structure, mixture)
        numbers = [n_modes]
        numbers += [N_EIGENVECTORS] if strain == 0.0 else []
        numbers += scan_numbers if strain in scan_gamma else []
        found = lowest_modes(matrix, max(numbers), rng)
        eigenvalues.append(found.eigenvalues[: 2 + n_modes])
        softness.append(soft_participation(found, n_modes))
        splits.append(_splits_degenerate(found, n_modes))
        if strain in scan_gamma:
            scan_eigenvalues[strain] = found.eigenvalues[: 2 + scan_numbers[-1]]
            scan_softness[strain] = [soft_participation(found, n) for n in scan_numbers]
        if strain == 0.0:
            unstrained = found
        update(len(softness) / len(gamma))
    datasets = {
        "gamma": gamma,
        "eigenvalues": np.array(eigenvalues),
        "soft_participation": np.array(softness),
        "scan/gamma": np.array(scan_gamma),
        "scan/n_modes": np.array(scan_numbers),
        "scan/eigenvalues": np.array([scan_eigenvalues[strain] for strain in scan_gamma]),
        "scan/soft_participation": np.array([scan_softness[strain] for strain in scan_gamma]),
        "eigenvectors": unstrained.eigenvectors[2 : 2 + N_EIGENVECTORS],
    }
    return datasets, np.array(splits), unstrained


def _splits_degenerate(found: Modes, n_modes: int) -> bool:
    """Whether the mode after the lowest `n_modes` belongs to the degenerate group of their last."""
    if 2 + n_modes == len(found.eigenvalues):
        return found.splits_degenerate
    last, following = found.eigenvalues[1 + n_modes : 3 + n_modes]
    return bool(following - last <= DEGENERATE * abs(following))
