"""The lowest modes of a configuration, and where they move particles.

A mode is an eigenvector of the Hessian ∂²U/∂r∂r and, as m = 1, its eigenvalue is ω². Sets of modes
begin with the two translations along x and y, which are known exactly and never computed; the
others are orthogonal to them and ascend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from threadpoolctl import threadpool_limits

from softmodes.errors import InputError
from softmodes.kernels.multifrontal import count_below, dissect, factorise
from softmodes.landscape.hessian import hessian
from softmodes.landscape.lanczos import largest_eigenpairs, unit_translations
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

SHIFT = 1e-3
"""H + SHIFT is factorised for the lowest modes: positive definite in spite of the translations."""

DEGENERATE = 1e-6
"""Modes whose eigenvalues differ by less than this, relatively, count as one group: RITZ_TOLERANCE
can turn them into each other by up to 1e-4."""

BLOCK_WIDTHS = (3, 24)
"""Fewest vectors of a Lanczos block: as many equal eigenvalues are told apart for certain. Disorder
has none; the second serves crystals, where up to 12 waves are alike by symmetry."""

N_EIGENVECTORS = 16
"""Modes whose vectors are kept at γ = 0, translations left out."""


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


@dataclass(frozen=True)
class ModeScan:
    """Soft modes at some strains, their number varied.

    Attributes:
        gamma: (S,).
        n_modes: (M,), ascending.
        soft_participation: (S, M, N).
    """

    gamma: NDArray[np.float64]
    n_modes: NDArray[np.int64]
    soft_participation: NDArray[np.float64]


@dataclass(frozen=True)
class SoftModes:
    """Lowest modes of the inherent structures at every strain.

    Attributes:
        gamma: (G,), the first 0.
        n_modes: number of soft modes.
        eigenvalues: (G, 2 + n_modes), as those of `Modes`.
        soft_participation: (G, N), of `n_modes`.
        splits_degenerate: (G,), whether the mode after the last soft one belongs to its degenerate
            group.
        scan: the same with other numbers of modes.
        unstrained: all modes found at γ = 0, N_EIGENVECTORS at least.
    """

    gamma: NDArray[np.float64]
    n_modes: int
    eigenvalues: NDArray[np.float64]
    soft_participation: NDArray[np.float64]
    splits_degenerate: NDArray[np.bool_]
    scan: ModeScan
    unstrained: Modes

    @property
    def eigenvectors(self) -> NDArray[np.float64]:
        """The lowest (N_EIGENVECTORS, N, 2) at γ = 0, translations left out."""
        return self.unstrained.eigenvectors[2 : 2 + N_EIGENVECTORS]


@threadpool_limits.wrap(limits=1, user_api="blas")
def lowest_modes(matrix: csc_matrix, n_modes: int, rng: np.random.Generator) -> Modes:
    """The translations and the lowest modes of a Hessian, by shift-invert Lanczos.

    Block Lanczos runs on the inverse of H + SHIFT with the translations projected out. One mode
    more than asked for is computed to look for a degenerate group, and the number of eigenvalues
    is checked against the inertia of H minus a shift in the last gap between groups. Where some
    were missed, as can happen among exactly degenerate ones of a crystal, wider blocks follow.

    Args:
        matrix: the Hessian (2N, 2N).
        n_modes: n, translations not counted, at most 2N - 4.
        rng: of the start vectors, which change the result by rounding only.

    Raises:
        InputError: if n_modes is not between 1 and 2N - 4.
        LinAlgError: if a mode was missed.
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
    for width in BLOCK_WIDTHS:
        inverses, eigenvectors = largest_eigenpairs(factors, n_modes + 1, rng, narrowest=width)
        eigenvalues = 1.0 / inverses - shift
        apart = np.diff(eigenvalues) > DEGENERATE * np.abs(eigenvalues[1:])
        if not apart.any():  # one group, in which nothing can be counted
            break
        n_found = int(np.flatnonzero(apart)[-1]) + 1
        gap = (eigenvalues[n_found - 1] + eigenvalues[n_found]) / 2.0
        n_below = count_below(matrix, dissection, gap) - 2 * int(gap > 0.0)  # less translations
        if n_below == n_found:
            break
    else:
        raise np.linalg.LinAlgError(
            f"lowest modes: {n_found} found where the inertia counts {n_below}"
        )
    return Modes(
        *_with_translations(matrix, eigenvalues[:-1], eigenvectors[:, :-1]),
        splits_degenerate=not apart[-1],
    )


def _with_translations(
    matrix: csc_matrix, eigenvalues: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The translations, then the modes from columns (2N, n), with signs fixed."""
    translations = unit_translations(matrix.shape[0])
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
    update: Callable[[float], None] = lambda _: None,
) -> SoftModes:
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

    Raises:
        InputError: if more modes are wanted than 2N - 4, or a cell is too small for the cutoff.
        LinAlgError: if a mode was missed.
    """
    eigenvalues, softness, splits, scan_softness = [], [], [], {}
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
            scan_softness[strain] = [soft_participation(found, n) for n in scan_numbers]
        if strain == 0.0:
            unstrained = found
        update(len(softness) / len(gamma))
    return SoftModes(
        gamma=gamma,
        n_modes=n_modes,
        eigenvalues=np.array(eigenvalues),
        soft_participation=np.array(softness),
        splits_degenerate=np.array(splits),
        scan=ModeScan(
            gamma=np.array(scan_gamma),
            n_modes=np.array(scan_numbers),
            soft_participation=np.array([scan_softness[strain] for strain in scan_gamma]),
        ),
        unstrained=unstrained,
    )


def _splits_degenerate(found: Modes, n_modes: int) -> bool:
    """Whether the mode after the lowest `n_modes` belongs to the degenerate group of their last."""
    if 2 + n_modes == len(found.eigenvalues):
        return found.splits_degenerate
    last, following = found.eigenvalues[1 + n_modes : 3 + n_modes]
    return bool(following - last <= DEGENERATE * abs(following))
