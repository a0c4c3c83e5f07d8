"""Small inherent structures that tests start from, and the same with thermal-like noise."""

from __future__ import annotations

import functools

import numpy as np
from configurations import jittered_lattice
from numpy.typing import NDArray

from softmodes.cell import Cell
from softmodes.minimise import quench
from softmodes.model import Mixture

N_PARTICLES = 150
"""Large enough for a cutoff of 4.5 σ_ab."""


@functools.cache
def glass(
    tilt: float = 0.0, seed: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.int8], Cell, Mixture]:
    """Positions of a minimum (read-only), species, cell and mixture; the tilt as a share of L."""
    length = jittered_lattice(N_PARTICLES)[2].length
    start, species, cell = jittered_lattice(N_PARTICLES, tilt * length, seed=seed)
    inherent = quench(start, species, cell, Mixture())
    assert inherent.converged, inherent.message
    inherent.positions.flags.writeable = False
    return inherent.positions, species, cell, Mixture()


def shaken(positions: NDArray[np.float64], amplitude: float, seed: int) -> NDArray[np.float64]:
    """Positions (N, 2) with Gaussian noise."""
    return positions + np.random.default_rng(seed).normal(0.0, amplitude, positions.shape)
