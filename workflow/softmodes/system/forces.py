"""Energy, forces and stress of one configuration.

The virial is Σ over pairs of r ⊗ f, with r the displacement from the second to the first particle
and f the force on the first. Pressure and shear stress follow from it; the shear stress is
positive when a further shear γ along x raises the energy: σ_xy = (1/L²) dE/dγ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.kernels.compilation import kernel
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture, PairTable, pair_terms
from softmodes.system.neighbours import PairList


@dataclass(frozen=True)
class Evaluation:
    """Energy, forces and virial of a configuration.

    Attributes:
        energy: total potential energy, in ε.
        forces: (N, 2), in ε/σ11.
        virial: (2, 2), in ε.
    """

    energy: float
    forces: NDArray[np.float64]
    virial: NDArray[np.float64]


def evaluate(configuration: Configuration, mixture: Mixture) -> Evaluation:
    """Energy, forces and virial of a configuration in O(N) time.

    Raises:
        InputError: if the cell is too small for the cutoff.
    """
    configuration.cell.check_range(mixture.largest_cutoff)
    positions, species = configuration.positions, configuration.species
    table = mixture.pair_table()
    pairs = configuration.pair_list(table.cutoff)
    forces = np.empty_like(positions)
    energy, xx, xy, yy = accumulate_forces(positions, species, pairs, table, forces)
    return Evaluation(energy, forces, np.array([[xx, xy], [xy, yy]]))


def pressure(evaluation: Evaluation, cell: Cell, kinetic_energy: float = 0.0) -> float:
    """P = (2 K + tr virial) / (2 L²); without K, the pressure of an inherent structure."""
    return (2.0 * kinetic_energy + float(np.trace(evaluation.virial))) / (2.0 * cell.area)


def shear_stress(evaluation: Evaluation, cell: Cell) -> float:
    """σ_xy = -virial_xy / L², equal to (1/L²) dE/dγ."""
    return -float(evaluation.virial[0, 1]) / cell.area


@kernel()
def accumulate_forces(
    positions: NDArray[np.float64],
    species: NDArray[np.int8],
    pairs: PairList,
    table: PairTable,
    forces: NDArray[np.float64],
) -> tuple[float, float, float, float]:
    """Write the forces (N, 2) and return the energy and the virial's xx, xy and yy."""
    start, neighbour, offset_x, offset_y = pairs
    half_exponent, amplitude, constant, quadratic, quartic, cutoff = table
    forces[:] = 0.0
    energy, xx, xy, yy = 0.0, 0.0, 0.0, 0.0
    for i in range(positions.shape[0]):
        x, y, force_x, force_y = positions[i, 0], positions[i, 1], 0.0, 0.0
        for k in range(start[i], start[i + 1]):
            j = neighbour[k]
            dx = x - positions[j, 0] - offset_x[k]
            dy = y - positions[j, 1] - offset_y[k]
            distance_square = dx * dx + dy * dy
            t = species[i] + species[j]
            if distance_square < cutoff[t] * cutoff[t]:
                pair_energy, slope_over_distance, _ = pair_terms(
                    half_exponent,
                    amplitude[t],
                    constant[t],
                    quadratic[t],
                    quartic[t],
                    distance_square,
                )
                fx, fy = -slope_over_distance * dx, -slope_over_distance * dy
                force_x += fx
                force_y += fy
                forces[j, 0] -= fx
                forces[j, 1] -= fy
                energy += pair_energy
                xx += dx * fx
                xy += dx * fy
                yy += dy * fy
        forces[i, 0] += force_x
        forces[i, 1] += force_y
    return energy, xx, xy, yy
