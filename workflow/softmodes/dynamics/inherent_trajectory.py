"""A thermal trajectory, quenched at regular times: the inherent structures that it visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.dynamics.trajectory import (
    COUPLING_INTERVAL,
    PhasePoint,
    Trajectory,
    whole_steps,
)
from softmodes.landscape.visited import Structure, VisitedStructures
from softmodes.random_streams import generator_state, set_generator_state
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann


@dataclass(frozen=True)
class InherentTrajectory:
    """Inherent structures along a trajectory.

    Attributes:
        time: (V,) of the visits, the first 0, in τ.
        structure: (V,), number of the structure found then.
        positions: (I, N, 2) of the distinct structures in the order of their first visits, each
            continuous with the trajectory then, in σ11.
        energy: (I,), per particle, in ε.
        max_force: (I,), longest residual force, in ε/σ11.
        converged: (I,), whether the quench found a minimum.
    """

    time: NDArray[np.float64]
    structure: NDArray[np.int64]
    positions: NDArray[np.float64]
    energy: NDArray[np.float64]
    max_force: NDArray[np.float64]
    converged: NDArray[np.bool_]


def inherent_trajectory(
    configuration: Configuration,
    mixture: Mixture,
    temperature: float,
    *,
    time_step: float,
    interval: float,
    n_quenches: int,
    rng: np.random.Generator,
    precision: type[np.floating] = np.float64,
    progress: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> InherentTrajectory:
    """Quench a configuration, and the trajectory from it at regular times.

    Velocities are drawn anew; the thermostat acts every COUPLING_INTERVAL.

    Args:
        configuration: thermal; the start.
        mixture: its model.
        temperature: in ε.
        time_step: in τ.
        interval: between quenches, in τ; a multiple of the COUPLING_INTERVAL in whole steps.
        n_quenches: after the first.
        rng: of the velocities and the thermostat.
        precision: of the pair terms, as `Trajectory` takes it.
        progress: called with the fraction done.
        checkpoint: where to go on from and what to keep the state in; `configuration` and the
            state of `rng` are then those of an earlier run's start.

    Raises:
        InputError: if the interval is no such multiple, or as `quench` does.
    """
    steps_per_block = max(1, round(COUPLING_INTERVAL / time_step))
    block = steps_per_block * time_step
    blocks_per_quench = whole_steps(interval, block)
    velocities = maxwell_boltzmann(configuration.n_particles, temperature, rng)
    start = PhasePoint(configuration, velocities)
    trajectory = Trajectory(start, mixture, time_step, precision=precision)
    visited, structure, done = VisitedStructures(mixture), np.zeros(n_quenches + 1, np.int64), 0
    if checkpoint is not None and (kept := checkpoint.load()) is not None:
        trajectory.restore(kept)
        set_generator_state(rng, str(kept["generator"]))
        visited = VisitedStructures(mixture, _structures(kept))
        structure, done = kept["structure"], int(kept["done"])
    else:
        structure[0] = visited.visit(configuration)
    for quenched in range(done, n_quenches):
        for _ in range(blocks_per_quench):
            trajectory.advance(steps_per_block)
            trajectory.thermostat(temperature, block, rng)
        structure[quenched + 1] = visited.visit(trajectory.configuration)
        progress((quenched + 1) / n_quenches)
        # the end is kept too, for what is made of the structures
        if checkpoint is not None and (checkpoint.due() or quenched + 1 == n_quenches):
            checkpoint.save(
                done=quenched + 1,
                structure=structure,
                generator=generator_state(rng),
                **trajectory.state,
                **_arrays(visited),
            )
    found = _arrays(visited)
    return InherentTrajectory(
        time=interval * np.arange(n_quenches + 1, dtype=np.float64),
        structure=structure,
        positions=found["inherent_positions"],
        energy=found["energy"],
        max_force=found["max_force"],
        converged=found["converged"],
    )


def _arrays(visited: VisitedStructures) -> dict[str, NDArray]:
    """The structures in the arrays that a checkpoint keeps."""
    found = visited.structures
    return {
        "inherent_positions": np.stack([one.positions for one in found]),
        "energy": np.array([one.energy for one in found]),
        "max_force": np.array([one.max_force for one in found]),
        "converged": np.array([one.converged for one in found]),
    }


def _structures(state: Mapping[str, NDArray]) -> list[Structure]:
    names = ("inherent_positions", "energy", "max_force", "converged")
    return [
        Structure(positions, float(energy), float(max_force), bool(converged))
        for positions, energy, max_force, converged in zip(
            *(state[name] for name in names), strict=True
        )
    ]
