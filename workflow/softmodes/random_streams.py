"""Random streams, each derived from the study's seed and the state point alone."""

from __future__ import annotations

import json
import zlib

import numpy as np


def stream(
    seed: int, stage: str, n_particles: int, *, temperature: float, sample: int, replica: int = 0
) -> np.random.Generator:
    """The generator of one stage, state point and replica, independent of all others.

    Args:
        seed: of the study.
        stage: name of the stage or of the use within it.
        n_particles, temperature, sample: the state point; the temperature counts in thousandths.
        replica: number of the isoconfigurational run.
    """
    key = (seed, zlib.crc32(stage.encode()), n_particles, round(1000 * temperature))
    return np.random.default_rng(np.random.SeedSequence((*key, sample, replica)))


def generator_state(rng: np.random.Generator) -> str:
    """Where a generator stands, as text."""
    return json.dumps(rng.bit_generator.state)


def set_generator_state(rng: np.random.Generator, text: str) -> None:
    """Put a generator where another of its kind stood."""
    rng.bit_generator.state = json.loads(text)
