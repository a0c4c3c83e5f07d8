"""Affine shear and the response of inherent structures to it.

Simple shear γ maps r to r + γ y e_x and the cell to `cell.sheared(γ)`. Positions may be wrapped or
not, but the y that enters the shear is the y of the coordinates as given: a lattice vector of the
cell is mapped to the same lattice vector of the sheared cell, so that every choice of images gives
the same sheared configuration.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from softmodes.cell import Cell
from softmodes.forces import checked_configuration, evaluate, pressure, shear_stress
from softmodes.minimise import Quench, quench
from softmodes.model import Mixture, pair_derivatives
from softmodes.modes import factorise_pinned, hessian
from softmodes.neighbours import neighbour_pairs

logger = logging.getLogger("softmodes")

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
    positions, species = checked_configuration(positions, species, cell, mixture.largest_cutoff)
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


def quench_strains(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    gamma: Sequence[float],
    update: Callable[[float], None] = lambda share: None,
) -> dict[str, NDArray]:
    """Inherent structures of one configuration, sheared by every strain.

    Every strain starts from the configuration itself. `switched` compares with linear response, and
    so means a change of basin at the smallest strains only.

    Args:
        positions, species: (N, 2) and (N,), thermal.
        cell, mixture: of the configuration.
        gamma: strains, without 0, which comes first in the result.
        update: called with the share done.

    Returns:
        All datasets of a quench file, by their names there.

    Raises:
        InputError: if a position is not finite, two particles coincide or the cell is too small
            for the cutoff.
        LinAlgError: if the unstrained Hessian is singular beyond the translations.
    """
    strains = np.array([0.0, *gamma])
    quenches, evaluations, nonaffine = [], [], []
    for strain in strains:
        sheared_cell = cell.sheared(strain)
        found = _quench(
            affine_shear(positions, strain), species, sheared_cell, mixture, f"γ = {strain:g}"
        )
        quenches.append(found)
        reference = quenches[0].positions
        evaluations.append(evaluate(found.positions, species, sheared_cell, mixture))
        nonaffine.append(nonaffine_displacement(found.positions, reference, strain, sheared_cell))
        update(len(quenches) / len(strains))
    response = linear_response(reference, species, cell, mixture)
    return {
        "gamma": strains,
        "positions": np.stack([one.positions for one in quenches]),
        "energy": np.array([one.energy_per_particle for one in quenches]),
        "shear_stress": np.array([shear_stress(one, cell) for one in evaluations]),
        "pressure": np.array([pressure(one, cell) for one in evaluations]),
        "max_force": np.array([one.max_force for one in quenches]),
        "nonaffine": np.stack(nonaffine),
        "linear_response": response,
        "converged": np.array([one.converged for one in quenches]),
        "switched": np.array(
            [
                switched(displacement, strain, response)
                for displacement, strain in zip(nonaffine, strains, strict=True)
            ]
        ),
        "n_negative": np.array([one.n_negative for one in quenches]),
        "iterations": np.array([one.iterations for one in quenches]),
        "newton_iterations": np.array([one.newton_iterations for one in quenches]),
    }


def translation_switches(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    quenched: dict[str, NDArray],
    rng: np.random.Generator,
) -> bool:
    """Whether the configuration, translated at random and quenched once more, changes its basin.

    The control of `switched`. Arguments and errors are those of `quench_strains`; `quenched` is
    what it gave.
    """
    shift = rng.uniform(0.0, cell.length, 2)
    translated = _quench(positions + shift, species, cell, mixture, "the translated control")
    reference = quenched["positions"][0] + shift
    moved = nonaffine_displacement(translated.positions, reference, 0.0, cell)
    return switched(moved, 0.0, quenched["linear_response"])


def _quench(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    cell: Cell,
    mixture: Mixture,
    name: str,
) -> Quench:
    found = quench(positions, species, cell, mixture)
    if not found.converged:
        logger.warning("%s: %s", name, found.message)
    return found
