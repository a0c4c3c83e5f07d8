"""The response of inherent structures to affine shear, as `Configuration.sheared` has it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.landscape.hessian import factorise_pinned, hessian
from softmodes.landscape.quench import Quench, quench
from softmodes.system.configuration import Configuration
from softmodes.system.distance import displacement_between
from softmodes.system.forces import evaluate, pressure, shear_stress
from softmodes.system.mixture import Mixture, pair_derivatives

logger = logging.getLogger(__name__)

SWITCHED = 0.1
"""Longest distance, in σ11, of a nonaffine displacement from linear response within one basin.

Elastic nonlinearity reached 0.013 at γ = 1e-3 and 0.06 at 0.003, changes of basin 0.19 at least
(30 configurations of N = 1200, T = 0.46 to 1).
"""


AXES = {
    "+x": ((1.0, 0.0), (0.0, 1.0)),
    "-x": ((-1.0, 0.0), (0.0, 1.0)),
    "+y": ((0.0, 1.0), (1.0, 0.0)),
}
"""Symmetries of the square that turn a direction of shear into +x, as matrices on (x, y)."""


@dataclass(frozen=True)
class ShearedStructures:
    """Inherent structures of one thermal configuration, each from its own shear.

    Attributes:
        gamma: (G,), the first 0.
        positions: (G, N, 2), in the cell of the configuration sheared by γ, in σ11.
        energy: (G,), per particle, in ε.
        shear_stress, pressure: (G,), in ε/σ11².
        max_force: (G,), longest residual force, in ε/σ11.
        nonaffine: (G, N, 2), `nonaffine_displacement` from the unstrained structure, in σ11.
        linear_response: (N, 2), of the unstrained structure, in σ11.
        converged: (G,), whether the quench found a minimum.
        switched: (G,), the function of this name; a change of basin at the smallest strains only.
        n_negative: (G,), number of negative eigenvalues of the Hessian.
    """

    gamma: NDArray[np.float64]
    positions: NDArray[np.float64]
    energy: NDArray[np.float64]
    shear_stress: NDArray[np.float64]
    pressure: NDArray[np.float64]
    max_force: NDArray[np.float64]
    nonaffine: NDArray[np.float64]
    linear_response: NDArray[np.float64]
    converged: NDArray[np.bool_]
    switched: NDArray[np.bool_]
    n_negative: NDArray[np.int64]


def nonaffine_displacement(
    sheared: Configuration, reference: Configuration, gamma: float
) -> NDArray[np.float64]:
    """d_i = r_i^dq - r_i^q - γ y_i^q e_x (N, 2), less its mean over the particles.

    Another image of a particle in either structure changes d_i by a lattice vector of the sheared
    cell, which the minimum image takes out: only |d_i| < L/2 is needed.

    Args:
        sheared: inherent structure of the sheared configuration.
        reference: inherent structure at γ = 0.
        gamma: the shear between the two.
    """
    followed = reference.sheared(gamma).positions
    return displacement_between(sheared.positions, followed, sheared.cell)


def turned(configuration: Configuration, direction: str) -> Configuration:
    """The mirror image in which shear along +x is what shear along a direction is to this one.

    Args:
        configuration: in an untilted cell.
        direction: a key of AXES, in which particles move in proportion to the other coordinate.

    Raises:
        InputError: another direction, or a tilted cell.
    """
    if direction not in AXES:
        raise InputError(f"direction: {direction} given, one of {', '.join(AXES)} expected")
    if configuration.cell.tilt:
        raise InputError(f"tilt: {configuration.cell.tilt:g} given, an untilted cell expected")
    return configuration.displaced(configuration.positions @ np.array(AXES[direction]).T)


def affine_force(configuration: Configuration, mixture: Mixture) -> NDArray[np.float64]:
    """Ξ_i = -∂²U/∂r_i∂γ (N, 2): change of the forces per unit of affine shear, in ε/σ11.

    Raises:
        InputError: if the cell is too small for the cutoff.
    """
    configuration.cell.check_range(mixture.largest_cutoff)
    species, n_particles = configuration.species, configuration.n_particles
    table = mixture.pair_table()
    first, second, displacement = configuration.pairs(table.cutoff)
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
            np.bincount(second, change[:, axis], n_particles)
            - np.bincount(first, change[:, axis], n_particles)
            for axis in (0, 1)
        ],
        axis=1,
    )


def linear_response(inherent: Configuration, mixture: Mixture) -> NDArray[np.float64]:
    """Nonaffine displacement per unit of shear, d/γ (N, 2), of an inherent structure as γ → 0.

    Solves H d/γ = Ξ without the translations (Maloney & Lemaître, PRE 74, 016118, 2006). Its mean
    is zero.

    Raises:
        InputError: if the cell is too small for the cutoff.
        LinAlgError: if the Hessian is singular beyond the translations.
    """
    force = affine_force(inherent, mixture)
    return factorise_pinned(hessian(inherent, mixture)).displacement(force)


def switched(
    nonaffine: NDArray[np.float64],
    gamma: float,
    linear_response: NDArray[np.float64],
) -> bool:
    """Whether max_i |d_i - γ (d/γ)_i| exceeds SWITCHED: another basin than the reference's."""
    difference = nonaffine - gamma * linear_response
    return bool(np.hypot(difference[:, 0], difference[:, 1]).max() > SWITCHED)


def quench_strains(
    configuration: Configuration,
    mixture: Mixture,
    gamma: Sequence[float],
    *,
    update: Callable[[float], None] = lambda _: None,
) -> ShearedStructures:
    """Inherent structures of one configuration, sheared by every strain.

    Every strain starts from the configuration itself.

    Args:
        configuration: thermal.
        mixture: its model.
        gamma: strains, without 0, which comes first in the result.
        update: called with the share done.

    Raises:
        InputError: if two particles coincide or the cell is too small for the cutoff.
        LinAlgError: if the unstrained Hessian is singular beyond the translations.
    """
    strains = np.array([0.0, *gamma])
    quenches, evaluations, nonaffine = [], [], []
    for strain in strains:
        found = _quench(configuration.sheared(strain), mixture, f"γ = {strain:g}")
        quenches.append(found)
        reference, inherent = quenches[0].configuration, found.configuration
        evaluations.append(evaluate(inherent, mixture))
        nonaffine.append(nonaffine_displacement(inherent, reference, strain))
        update(len(quenches) / len(strains))
    response, cell = linear_response(reference, mixture), configuration.cell
    return ShearedStructures(
        gamma=strains,
        positions=np.stack([one.configuration.positions for one in quenches]),
        energy=np.array([one.energy_per_particle for one in quenches]),
        shear_stress=np.array([shear_stress(one, cell) for one in evaluations]),
        pressure=np.array([pressure(one, cell) for one in evaluations]),
        max_force=np.array([one.max_force for one in quenches]),
        nonaffine=np.stack(nonaffine),
        linear_response=response,
        converged=np.array([one.converged for one in quenches]),
        switched=np.array(
            [
                switched(displacement, strain, response)
                for displacement, strain in zip(nonaffine, strains, strict=True)
            ]
        ),
        n_negative=np.array([one.n_negative for one in quenches]),
    )


def translation_switches(
    configuration: Configuration,
    mixture: Mixture,
    quenched: ShearedStructures,
    *,
    rng: np.random.Generator,
) -> bool:
    """Whether the configuration, translated at random and quenched once more, changes its basin.

    The control of `switched`. Arguments and errors are those of `quench_strains`; `quenched` is
    what it gave.
    """
    shift = rng.uniform(0.0, configuration.cell.length, 2)
    translated, reference = (
        replace(configuration, positions=positions + shift)
        for positions in (configuration.positions, quenched.positions[0])
    )
    found = _quench(translated, mixture, "the translated control")
    moved = nonaffine_displacement(found.configuration, reference, 0.0)
    return switched(moved, 0.0, quenched.linear_response)


def _quench(configuration: Configuration, mixture: Mixture, name: str) -> Quench:
    found = quench(configuration, mixture)
    if not found.converged:
        logger.warning("%s: %s", name, found.message)
    return found
