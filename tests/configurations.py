"""Configurations that tests start from: disordered, without overlaps, of any size."""

from __future__ import annotations

import numpy as np

from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

DENSITY = 0.745


def jittered_lattice(
    n_particles: int, tilt: float = 0.0, jitter: float = 0.15, seed: int = 1
) -> Configuration:
    """Particles near a square lattice, their species in random order."""
    rng = np.random.default_rng(seed)
    cell = Cell(float(np.sqrt(n_particles / DENSITY)), tilt)
    side = int(np.ceil(np.sqrt(n_particles)))
    sites = rng.permutation(np.stack(np.divmod(np.arange(side**2), side), axis=1))[:n_particles]
    fractions = (sites + 0.5) / side
    positions = fractions @ np.array([[cell.length, 0.0], [cell.tilt, cell.length]])
    positions += rng.uniform(-jitter, jitter, positions.shape)
    return Configuration(positions, rng.permutation(Mixture().species(n_particles)), cell)
