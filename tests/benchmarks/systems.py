"""The inputs that ship with the benchmarks, and what is derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.trajectory import PhasePoint
from softmodes.random_streams import stream
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann

FOLDER = Path(__file__).parent / "inputs"
SEED = 20140314
MIXTURE = Mixture()
TIME_STEP = 0.005
COLD, WARM = 0.40, 0.60
"""Temperatures, in ε."""


@dataclass(frozen=True)
class Parted:
    """Runs from one configuration, at times when they have moved apart.

    Attributes:
        times: (K,), in τ, ascending.
        displacements: (K, N, 2, R) of R runs from the configuration, in σ11.
        relaxation_time: τ_e, in τ.
    """

    times: NDArray[np.float64]
    displacements: NDArray[np.float64]
    relaxation_time: float


RESOLUTION = 0.01
"""Of the displacements in the file, in σ11: they only have to be as wide apart as the runs were."""


def path(name: str, n_particles: int, temperature: float) -> Path:
    """File of an input."""
    return FOLDER / f"{name}_N{n_particles}_T{temperature:.2f}.npz"


def save(end: PhasePoint, temperature: float) -> None:
    """Write an equilibrated configuration; the species follow from the mixture."""
    wrapped = end.configuration.wrapped()
    np.savez_compressed(
        path("configuration", wrapped.n_particles, temperature),
        positions=wrapped.positions,
        velocities=end.velocities,
        box_length=wrapped.cell.length,
    )


def load(n_particles: int, temperature: float = COLD) -> PhasePoint:
    """The equilibrated configuration and its velocities."""
    with np.load(path("configuration", n_particles, temperature)) as file:
        cell = Cell(float(file["box_length"]))
        configuration = Configuration(file["positions"], MIXTURE.species(n_particles), cell)
        return PhasePoint(configuration, file["velocities"])


def at_rest(configuration: Configuration) -> PhasePoint:
    """A configuration whose particles do not move."""
    return PhasePoint(configuration, np.zeros_like(configuration.positions))


def save_parted(parted: Parted) -> None:
    """Write the runs that start from the cold configuration of their size."""
    np.savez_compressed(
        path("parted", parted.displacements.shape[1], COLD),
        times=parted.times,
        displacements=np.rint(parted.displacements / RESOLUTION).astype(np.int16),
        relaxation_time=parted.relaxation_time,
    )


def load_parted(n_particles: int) -> Parted:
    """The runs that start from `load(n_particles)`."""
    with np.load(path("parted", n_particles, COLD)) as file:
        return Parted(
            file["times"], file["displacements"] * RESOLUTION, float(file["relaxation_time"])
        )


def tiled(configuration: Configuration, copies: int, temperature: float = COLD) -> PhasePoint:
    """copies² copies side by side, each with velocities of its own, so that they move apart.

    The small particles come first, as everywhere.
    """
    length = configuration.cell.length
    origins = [(column * length, row * length) for row in range(copies) for column in range(copies)]
    positions = np.concatenate([configuration.positions + origin for origin in origins])
    species = np.tile(configuration.species, copies**2)
    order = np.argsort(species, kind="stable")
    rng = stream(SEED, "tiled", len(positions), temperature=temperature, sample=0)
    velocities = maxwell_boltzmann(len(positions), temperature, rng)
    cell = Cell(length * copies)
    return PhasePoint(Configuration(positions[order], species[order], cell), velocities)


def cold(n_particles: int) -> PhasePoint:
    """A configuration at T = 0.40 of 2000, 8000 or, tiled from those, 4ᵏ times as many particles.

    The tiled ones hold the same equilibrated liquid, but no density waves longer than a tile.
    """
    if path("configuration", n_particles, COLD).exists():
        return load(n_particles)
    return tiled(cold(n_particles // 4).configuration, 2)


def in_space(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors (N, 2) as (N, 3)."""
    return np.concatenate([vectors, np.zeros((len(vectors), 1))], axis=1)
