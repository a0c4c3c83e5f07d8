"""What a file between the stages describes, as the objects that the physics takes."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from softmodes.cell import Cell
from softmodes.dynamics import Configuration
from softmodes.model import Mixture
from softmodes.random_streams import stream
from softmodes.storage import StateFile


def mixture(file: StateFile) -> Mixture:
    """The model that a file's attributes name."""
    return Mixture(**{field.name: file.attributes[field.name] for field in fields(Mixture)})


def cell(file: StateFile) -> Cell:
    """The untilted box of a file's state point."""
    return Cell(file.attributes["box_length"])


def configuration(equilibrium: StateFile) -> Configuration:
    """The thermal configuration X, its positions in the box."""
    return Configuration(
        positions=equilibrium["positions"],
        velocities=equilibrium["velocities"],
        species=equilibrium["species"],
        cell=cell(equilibrium),
    )


def random_stream(file: StateFile, use: str, replica: int = 0) -> np.random.Generator:
    """The generator of one use at a file's state point."""
    names = ("n_particles", "temperature", "sample")
    return stream(file.attributes["seed"], use, *(file.attributes[name] for name in names), replica)
