"""Curves over strain that drop at a known one, for tests of critical strains."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOW = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.02, 0.027, 0.035, 0.045, 0.055]
GAMMA = np.array([*LOW, 0.067, 0.08, 0.1, 0.125, 0.16, 0.2, 0.3, 0.45, 0.7, 1.0])


def rng(seed: int = 0) -> np.random.Generator:
    """A generator of its own."""
    return np.random.default_rng(seed)


def logistic(
    half: ArrayLike, steepness: float, plateau: ArrayLike = 0.45, floor: ArrayLike = 0.2
) -> NDArray[np.float64]:
    """A curve (G,), or (S, G) of half drops, plateaus or floors (S, 1)."""
    half, plateau, floor = map(np.asarray, (half, plateau, floor))
    return floor + (plateau - floor) / (1.0 + (GAMMA / half) ** steepness)


def noisy(curve: NDArray[np.float64], n_samples: int, noise: float, seed: int) -> NDArray:
    """Samples (S, G) of a curve."""
    return curve + noise * rng(seed).standard_normal((n_samples, len(curve)))
