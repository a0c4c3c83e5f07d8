"""The inherent structures that a system visits, each told apart from all before it.

A structure is recognised after a quench that is cheap; only one that looks new is quenched fully.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.landscape.quench import Quench, quench
from softmodes.system.configuration import Configuration
from softmodes.system.distance import displacement_between, largest_distance
from softmodes.system.mixture import Mixture

logger = logging.getLogger(__name__)

CHEAP_FORCE = 1e-4
"""Convergence of the quench by which a structure is recognised, in ε/σ11."""

SAME_ENERGY = 1e-6
"""Structures whose energies per particle differ by more than this, in ε, are different.

To CHEAP_FORCE the energy is right to CHEAP_FORCE²/2ω², 5e-7 ε in a mode as soft as ω² = 0.01."""

SAME_POSITION = 0.1
"""Structures in which a particle lies farther than this apart, in σ11, are different. Successive
ones of trajectories differ by 0.125 at least (N = 200, T = 0.5), changes of basin by shear by 0.19
(`shear.SWITCHED`)."""


@dataclass(frozen=True)
class Structure:
    """One inherent structure.

    Attributes:
        positions: (N, 2), at its first visit, continuous with what was quenched, in σ11.
        energy: per particle, in ε.
        max_force: longest residual force, in ε/σ11.
        converged: whether the quench found a minimum.
    """

    positions: NDArray[np.float64]
    energy: float
    max_force: float
    converged: bool


class VisitedStructures:
    """Distinct inherent structures of one system, by numbers in the order of their first visits.

    Args:
        mixture: of the particles.
        known: those visited before, in this order.

    Attributes:
        structures: so far.
    """

    def __init__(self, mixture: Mixture, known: Iterable[Structure] = ()) -> None:
        self.structures = list(known)
        self._mixture = mixture

    def visit(self, configuration: Configuration) -> int:
        """The number of the inherent structure of a configuration, which is kept if it is new.

        Raises:
            InputError: as `quench` does.
        """
        cheap = quench(configuration, self._mixture, tolerance=CHEAP_FORCE)
        number = self._number(cheap)
        if number is None:
            # a cheap quench may end where the way downhill is nearly level, and go on from there
            full = quench(cheap.configuration, self._mixture)
            number = self._number(full)
        if number is None:
            number = len(self.structures)
            if not full.converged:
                logger.warning("inherent structure %d: %s", number, full.message)
            self.structures.append(
                Structure(
                    full.configuration.positions,
                    full.energy_per_particle,
                    full.max_force,
                    full.converged,
                )
            )
        return number

    def _number(self, found: Quench) -> int | None:
        """Of the known structure that a quench ended in; None if it is new."""
        energies = np.array([one.energy for one in self.structures])
        for number in np.flatnonzero(np.abs(energies - found.energy_per_particle) < SAME_ENERGY):
            moved = displacement_between(
                found.configuration.positions,
                self.structures[number].positions,
                found.configuration.cell,
            )
            if largest_distance(moved) < SAME_POSITION:
                return int(number)
        return None
