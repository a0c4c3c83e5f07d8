"""The files between the stages and the objects that the physics takes, one from the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes.random_streams import stream
from softmodes.study.contract import CONTRACT
from softmodes.study.storage import StateFile
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann


def mixture(file: StateFile) -> Mixture:
    """The model that a file's attributes name."""
    return Mixture(**{field.name: file.attributes[field.name] for field in fields(Mixture)})


def configuration(equilibrium: StateFile) -> Configuration:
    """The thermal configuration X, in a box that is untilted but for one from elsewhere."""
    cell = Cell(equilibrium.attributes["box_length"], equilibrium.attributes.get("tilt", 0.0))
    return Configuration(equilibrium["positions"], equilibrium["species"], cell)


def inherent_structures(
    thermal: Configuration, quenched: Mapping[str, NDArray]
) -> list[Configuration]:
    """Those of a configuration at every strain, from the datasets of its quench file."""
    return [
        thermal.displaced(positions, gamma)
        for positions, gamma in zip(quenched["positions"], quenched["gamma"], strict=True)
    ]


def datasets(stage: str, found: object) -> dict[str, NDArray]:
    """What a stage's file holds, by name, of a result that has it as attributes.

    Dataset a/b is attribute b of attribute a; what is None or not there is no dataset.
    """
    values: dict[str, Any] = {
        name: reduce(lambda part, of: getattr(part, of, None), name.split("/"), found)
        for name in CONTRACT[stage].datasets
    }
    return {name: array for name, array in values.items() if array is not None}


def random_stream(file: StateFile, use: str, replica: int = 0) -> np.random.Generator:
    """The generator of one use at a file's state point."""
    return stream(file.attributes["seed"], use, **file.point, replica=replica)


def grid_positions(positions: NDArray[np.float64], length: float) -> NDArray[np.uint32]:
    """Positions (N, 2), wrapped or not, as whole multiples of length/2³², in the box."""
    return (np.rint(positions * (2.0**32 / length)).astype(np.int64) % 2**32).astype(np.uint32)


def positions_on_grid(whole: NDArray[np.uint32], length: float) -> NDArray[np.float64]:
    """Positions (N, 2) in the box, of such multiples."""
    return whole.astype(np.float64) * (length / 2.0**32)


def drawn_velocities(
    seed: int, n_particles: int, temperature: float, *, sample: int
) -> NDArray[np.float64]:
    """The velocities (N, 2) in the equilibrium file of a state point."""
    rng = stream(seed, "velocities", n_particles, temperature=temperature, sample=sample)
    return maxwell_boltzmann(n_particles, temperature, rng)
