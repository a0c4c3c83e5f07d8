"""Affine shear and the response of inherent structures to it.

Simple shear γ maps r to r + γ y e_x and the cell to `cell.sheared(γ)`. Positions may be wrapped or
not, but the y that enters the shear is the y of the coordinates as given: a lattice vector of the
cell is mapped to the same lattice vector of the sheared cell, so that every choice of images gives
the same sheared configuration.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from softmodes.cell import Cell
from softmodes.forces import check_configuration
from softmodes.model import Mixture, pair_derivatives
from softmodes.modes import factorise_pinned, hessian
from softmodes.neighbours import neighbour_pairs

SWITCHED = 0.01
"""Longest distance, in σ11, of a nonaffine displacement from linear response within one basin."""


def affine_shear(positions: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Positions (N, 2) after simple shear: x + γ y, y."""
    sheared = np.array(positions, dtype=np.float64)
    sheared[:, 0] += gamma * sheared[:, 1]
    return sheared


def nonaffine_displacement(
    sheared_is: NDArray[np.float64],
    reference_is: NDArray[np.float64],
    gamma: float,
    sheared_cell: Cell,
) -> NDArray[np.float64]:
    """d_i = r_i^dq - r_i^q - γ y_i^q e_x (N, 2), less its mean over the particles.

    Another image of a particle in either structure changes d_i by a lattice vector of the sheared
    cell, which the minimum image takes out: only |d_i| < L/2 is needed.

    Args:
        sheared_is: inherent structure of the sheared configuration, (N, 2).
        reference_is: inherent structure at γ = 0, (N, 2).
        gamma: the shear between the two.
        sheared_cell: cell of `sheared_is`.
    """
    displacement = sheared_cell.minimum_image(sheared_is - affine_shear(reference_is, gamma))
    return displacement - displacement.mean(axis=0)


def affine_force(
    positions: NDArray[np.float64], species: NDArray[np.int8], cell: Cell, mixture: Mixture
) -> NDArray[np.float64]:
    """Ξ_i = -∂²U/∂r_i∂γ (N, 2): change of the forces per unit of affine shear, in ε/σ11.

    Raises:
        InputError: if a position is not finite or the cell too small for the cutoff.
    """
    check_configuration(positions, species, cell, mixture.largest_cutoff)
    table = mixture.pair_table()
    first, second, displacement = neighbour_pairs(positions, cell, table.cutoff, species)
    distance = np.hypot(displacement[:, 0], displacement[:, 1])
    pair_type = (species[first] + species[second]).astype(np.int64)
    _, slope, curvature = pair_derivatives(table, pair_type, distance)
    tension = slope / distance
    normal = displacement / distance[:, None]
    # the pair's block of the Hessian times its affine displacement (γ dy, 0)
    change = (curvature - tension)[:, None] * normal[:, :1] * normal
    change[:, 0] += tension
    change *= displacement[:, 1:]
    return np.stack(
        [
            np.bincount(second, change[:, axis], len(positions))
            - np.bincount(first, change[:, axis], len(positions))
            for axis in (0, 1)
        ],
        axis=1,
    )


def linear_response(
    positions: NDArray[np.float64], species: NDArray[np.int8], cell: Cell, mixture: Mixture
) -> NDArray[np.float64]:
    """Nonaffine displacement per unit of shear, d/γ (N, 2), of an inherent structure as γ → 0.

    Solves H d/γ = Ξ without the translations (Maloney & Lemaître, PRE 74, 016118, 2006). Takes the
    positions of a minimum; its mean is zero.

    Raises:
        InputError: if a position is not finite or the cell too small for the cutoff.
        LinAlgError: if the Hessian is singular beyond the translations.
    """
    force = affine_force(positions, species, cell, mixture)
    return factorise_pinned(hessian(positions, species, cell, mixture)).displacement(force)


def switched(
    nonaffine: NDArray[np.float64],
    gamma: float,
    linear_response: NDArray[np.float64],
    bound: float = SWITCHED,
) -> bool:
    """Whether max_i |d_i - γ (d/γ)_i| exceeds the bound: another basin than the reference's."""
    difference = nonaffine - gamma * linear_response
    return bool(np.hypot(difference[:, 0], difference[:, 1]).max() > bound)
