"""Linear response to shear, mode by mode: how much of it the lowest modes hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.landscape.hessian import PinnedFactorisation, factorise_pinned, hessian
from softmodes.landscape.modes import Modes, lowest_modes
from softmodes.landscape.shear import affine_force
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

RANDOM_FORCES, DRAWS = 64, 64
"""Random forces, and draws of their parts along known modes for each: in all as many as tell the
mean fraction to 0.004, of forces that scatter by 0.25."""


@dataclass(frozen=True)
class ResponseInModes:
    """What the lowest modes hold of a displacement's square.

    Attributes:
        n_modes: (M,), their numbers, translations not counted.
        fraction: (M,), of the linear response to shear.
        random: (M,), mean fraction of the response to a force of random direction.
    """

    n_modes: NDArray[np.int64]
    fraction: NDArray[np.float64]
    random: NDArray[np.float64]


def response_in_modes(
    inherent: Configuration,
    mixture: Mixture,
    n_modes: Sequence[int],
    *,
    rng: np.random.Generator,
) -> ResponseInModes:
    """How much of the linear response of an inherent structure its lowest modes hold.

    Args:
        inherent: the inherent structure.
        mixture: its model.
        n_modes: their numbers, translations not counted, ascending.
        rng: of the modes' start vectors, which change the result by rounding only, and of the
            random forces.

    Raises:
        InputError: if a number is not between 1 and 2N - 4, or the cell is too small for the
            cutoff.
        LinAlgError: if the Hessian is singular beyond the translations, or a mode was missed.
    """
    matrix = hessian(inherent, mixture)
    lowest = lowest_modes(matrix, n_modes[-1], rng)
    factors = factorise_pinned(matrix)
    response = factors.displacement(affine_force(inherent, mixture))
    at = np.asarray(n_modes) - 1
    return ResponseInModes(
        n_modes=np.asarray(n_modes),
        fraction=held_fraction(response, lowest)[at],
        random=random_fraction(factors, lowest, rng)[at],
    )


def held_fraction(displacement: NDArray[np.float64], lowest: Modes) -> NDArray[np.float64]:
    """Σ_{j≤n} (d·e_j)² / |d|² (K,) of a displacement (N, 2), for n up to all K modes given.

    Of the linear response d to a force Ξ, d·e_j is Ξ·e_j/ω_j².
    """
    along = np.einsum("jic,ic->j", lowest.eigenvectors[2:], displacement)
    return np.cumsum(along**2) / np.sum(displacement**2)


def random_fraction(
    factors: PinnedFactorisation,
    lowest: Modes,
    rng: np.random.Generator,
    *,
    n_forces: int = RANDOM_FORCES,
) -> NDArray[np.float64]:
    """The mean of `held_fraction` (K,) over responses to forces of random direction.

    The parts of such a force along the modes are independent normal numbers g_j: it has the
    fraction Σ_{j≤n} g_j²/ω_j⁴ over the same sum of all modes. What those beyond the K given add, of
    many modes and therefore nearly the same for every force, is the square of what responses have
    orthogonal to the K; those along the K are drawn by themselves, which costs next to nothing.

    Args:
        factors: of the Hessian.
        lowest: its lowest modes.
        rng: of the forces.
        n_forces: number of them, each with DRAWS draws along the K modes.
    """
    vectors, squares = lowest.eigenvectors[2:], lowest.eigenvalues[2:]
    fractions = []
    for _ in range(n_forces):
        force = rng.normal(size=vectors.shape[1:])
        beyond = factors.displacement(force - force.mean(axis=0))
        beyond -= np.einsum("j,jic->ic", np.einsum("jic,ic->j", vectors, beyond), vectors)
        along = rng.normal(size=(DRAWS, len(squares))) / squares
        held = np.cumsum(along**2, axis=1)
        fractions.append((held / (held[:, -1:] + np.sum(beyond**2))).mean(axis=0))
    return np.mean(fractions, axis=0)
