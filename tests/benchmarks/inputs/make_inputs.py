"""Make the configurations that the benchmarks start from: python make_inputs.py.

Cools a random configuration step by step at P = 13.5, as the study does, keeps those at T = 0.60
and 0.40, measures τ_e at 0.40 and lets a block of isoconfigurational runs part there. It takes
ten minutes or so; the files it writes are in the repository.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.replicas import MULTIPLE, replicas_at_start
from benchmarks.systems import COLD, MIXTURE, SEED, TIME_STEP, WARM, Parted, load, save, save_parted

from softmodes.analysis.relaxation import relaxation_time
from softmodes.dynamics.equilibration import equilibrate, schedule
from softmodes.dynamics.replicas import replicas_per_vector
from softmodes.dynamics.trajectory import random_start
from softmodes.random_streams import stream
from softmodes.stages.equilibrations import relaxation_curves
from softmodes.system.configuration import Configuration

PRESSURE = 13.5
START_DENSITY = 0.7
STAGES = {
    1.0: (20.0, 40.0),
    0.8: (20.0, 60.0),
    WARM: (30.0, 150.0),
    0.5: (60.0, 200.0),
    0.46: (100.0, 500.0),
    0.43: (150.0, 1000.0),
    COLD: (300.0, 2500.0),
}
"""Temperatures in descending order, with the times of barostat and constant-volume stage, in τ."""

SERIES_POINTS = 20
RELAXATION_RUN = 3000.0
"""Length of the run that τ_e is taken from, in τ."""

NEIGHBOUR_DISTANCES = (1.45, 1.67, 1.91)
PARTED_AT = (0.05, 0.2, 0.5, 1.0)
"""Times of the parted runs, in units of their whole time."""


def cooled(n_particles: int) -> None:
    """Cool and save."""
    rng = stream(SEED, "random start", n_particles, temperature=max(STAGES), sample=0)
    state = random_start(MIXTURE, n_particles, START_DENSITY, temperature=max(STAGES), rng=rng)
    for temperature, (barostat_time, equilibration_time) in STAGES.items():
        reached = equilibrate(
            state.configuration,
            MIXTURE,
            temperature,
            schedule=schedule(
                TIME_STEP, equilibration_time, SERIES_POINTS, barostat_time=barostat_time
            ),
            rng=stream(SEED, "equilibrate", n_particles, temperature=temperature, sample=0),
            pressure=PRESSURE,
        )
        state = reached.end
        print(
            f"N = {n_particles}, T = {temperature}: P = {reached.pressure:.2f}, "
            f"e_IS = {reached.inherent_energy[0]:.4f} ... {reached.inherent_energy[-1]:.4f}"
        )
        if temperature == COLD or (temperature == WARM and n_particles == 2000):
            save(state, temperature)


def measured_relaxation_time(start: Configuration) -> float:
    """τ_e, in τ, as the study measures it."""
    rng = stream(SEED, "relaxation", start.n_particles, temperature=COLD, sample=0)
    reached = equilibrate(
        start, MIXTURE, COLD, schedule=schedule(TIME_STEP, RELAXATION_RUN, 1), rng=rng
    )
    curves, _ = relaxation_curves(reached, NEIGHBOUR_DISTANCES)
    return relaxation_time(curves["time"], curves["self_intermediate_scattering"][0])


def parted(configuration: Configuration, time: float) -> Parted:
    """Runs followed over 1.5 τ_e, as many as a block holds in single precision."""
    stops = [round(fraction * MULTIPLE * time / TIME_STEP) for fraction in PARTED_AT]
    n_runs = replicas_per_vector(np.float32)
    displacements = np.empty((len(stops), *configuration.positions.shape, n_runs))
    for first in range(0, n_runs, replicas_per_vector(np.float64)):
        replicas = replicas_at_start(configuration, first=first)
        block = slice(first, first + replicas_per_vector(np.float64))
        for index, (start, stop) in enumerate(pairwise([0, *stops])):
            replicas.advance(stop - start)
            displacements[index, replicas.order, :, block] = replicas.displacement.transpose(
                1, 0, 2
            )
    return Parted(np.array(stops) * TIME_STEP, displacements, time)


if __name__ == "__main__":
    for size in (2000, 8000):
        cooled(size)
    time = measured_relaxation_time(load(2000).configuration)
    print(f"τ_e = {time:.0f} τ at T = {COLD}")
    save_parted(parted(load(2000).configuration, time))
