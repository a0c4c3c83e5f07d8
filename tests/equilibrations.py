"""Equilibrations that took no time: particles that walk at random, and the two files of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from configurations import jittered_lattice

from softmodes.dynamics.equilibration import Equilibration, schedule
from softmodes.dynamics.trajectory import PhasePoint
from softmodes.stages.equilibrations import write_equilibrium
from softmodes.system.mixture import Mixture

NEIGHBOUR_DISTANCES = (1.45, 1.67, 1.91)
POINT = {"study": "a", "seed": 11, "temperature": 0.46, "sample": 3}


def walked(n_particles: int = 150, time: float = 100.0, seed: int = 1) -> Equilibration:
    """What an equilibration might give."""
    rng = np.random.default_rng(seed)
    lattice = jittered_lattice(n_particles)
    blocks = schedule(0.01, time, 20).frame_blocks
    moves = rng.normal(0.0, 0.05, (len(blocks) - 1, n_particles, 2))
    moves *= np.sqrt(np.diff(blocks))[:, None, None]
    frames = lattice.positions + np.concatenate(
        [np.zeros((1, n_particles, 2)), np.cumsum(moves, axis=0)]
    )
    return Equilibration(
        end=PhasePoint(replace(lattice, positions=frames[-1]), np.zeros((n_particles, 2))),
        pressure=13.4 + 0.1 * rng.random(),
        time=np.arange(1, 21) * time / 20,
        energy=rng.random(20),
        pressures=rng.random(20),
        inherent_energy=rng.random(20),
        frames=frames,
        frame_time=0.1 * blocks,
    )


def write(folder: Path, reached: Equilibration, **changes: Any) -> tuple[Path, Path]:
    """The equilibrium and the relaxation file of `POINT` with some changes, in a folder."""
    point = {"mixture": Mixture(), "provenance": {"written": "then"}, **POINT, **changes}
    paths = tuple(
        folder / stage / f"{point['sample']}.h5" for stage in ("equilibrium", "relaxation")
    )
    write_equilibrium(*paths, reached, neighbour_distances=NEIGHBOUR_DISTANCES, **point)
    return paths
