"""Velocities in thermal equilibrium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError


def maxwell_boltzmann(
    n_particles: int, temperature: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Velocities (N, 2) of the canonical distribution at zero total momentum.

    Raises:
        InputError: if there is no particle, the temperature is negative or `rng` no generator.
    """
    if n_particles < 1:
        raise InputError(f"n_particles: {n_particles} given, 1 or more expected")
    if not 0.0 <= temperature < np.inf:
        raise InputError(f"temperature: {temperature} given, 0 or more expected")
    if not isinstance(rng, np.random.Generator):
        raise InputError(f"rng: a {type(rng).__name__} given, a numpy.random.Generator expected")
    velocities = rng.normal(0.0, np.sqrt(temperature), (n_particles, 2))
    return velocities - velocities.mean(axis=0)
