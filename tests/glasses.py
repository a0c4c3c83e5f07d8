"""Small inherent structures that tests start from, and the same with thermal-like noise."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
from configurations import jittered_lattice

from softmodes.landscape.quench import quench
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

N_PARTICLES = 150
"""Large enough for a cutoff of 4.5 σ_ab."""


@functools.cache
def glass(tilt: float = 0.0, seed: int = 1) -> tuple[Configuration, Mixture]:
    """A minimum (its positions read-only) and its mixture; the tilt as a fraction of L."""
    length = jittered_lattice(N_PARTICLES).cell.length
    found = quench(jittered_lattice(N_PARTICLES, tilt * length, seed=seed), Mixture())
    assert found.converged, found.message
    found.configuration.positions.flags.writeable = False
    return found.configuration, Mixture()


def shaken(configuration: Configuration, amplitude: float, seed: int) -> Configuration:
    """A configuration with Gaussian noise."""
    noise = np.random.default_rng(seed).normal(0.0, amplitude, configuration.positions.shape)
    return replace(configuration, positions=configuration.positions + noise)
