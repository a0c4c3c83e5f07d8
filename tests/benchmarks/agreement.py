"""Both codes give the same answers, or nothing is timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from softmodes.dynamics.isoconfigurational import run_ensemble
from softmodes.dynamics.trajectory import PhasePoint, Trajectory, maxwell_boltzmann
from softmodes.landscape.quench import quench
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, pressure

from . import lammps_peer
from .systems import MIXTURE, SEED, TIME_STEP, at_rest

SAME = 1e-10
"""Largest relative difference of forces, energies and pressures."""

STEPS = 20
"""Length of the compared trajectories."""

SAME_PATH = {np.float64: 1e-9, np.float32: 1e-5}
"""Their largest distance at the end, in σ11, by the precision of ours."""

NUDGE = 0.01
"""Random displacement out of a minimum, in σ11, from which both codes find back to it."""


def check_forces(start: PhasePoint) -> None:
    """Energy, forces, pressure and a few steps of motion against LAMMPS with our formula."""
    ours, cell = evaluate(start.configuration, MIXTURE), start.configuration.cell
    with lammps_peer.system(start, lammps_peer.EXACT) as code:
        _expect_same("energy", ours.energy, code.get_thermo("pe"))
        _expect_same("forces", ours.forces, lammps_peer.gathered(code, "f"))
        code.command("velocity all set 0 0 0")
        code.command("run 0 post no")
        _expect_same("pressure", pressure(ours, cell), code.get_thermo("press"))
        lammps_peer.scatter(code, "v", start.velocities)
        code.command(f"run {STEPS} post no")
        peer = lammps_peer.gathered(code, "x")
    for precision, bound in SAME_PATH.items():
        trajectory = Trajectory(start, MIXTURE, TIME_STEP, precision=precision)
        trajectory.advance(STEPS)
        distance = cell.minimum_image(peer - trajectory.positions)
        largest = np.abs(distance).max()
        if not largest < bound:
            raise AssertionError(f"trajectories differ by {largest:.2g} after {STEPS} steps")


def check_ensemble(
    configuration: Configuration,
    temperature: float,
    random_stream: Callable[[int], np.random.Generator],
) -> None:
    """Propensity after a few steps, from two runs, against LAMMPS with our formula."""
    positions, cell = configuration.positions, configuration.cell
    time = STEPS * TIME_STEP
    runs = (0, 1)
    ours = run_ensemble(
        configuration,
        MIXTURE,
        temperature,
        time_step=TIME_STEP,
        n_runs=len(runs),
        debye_waller_time=time,
        sampling_interval=time,
        random_stream=random_stream,
        propensity_time=time,
    ).propensity
    peer = np.zeros(len(positions))
    for run in runs:
        velocities = maxwell_boltzmann(len(positions), temperature, random_stream(run))
        start = PhasePoint(configuration, velocities)
        with lammps_peer.system(start, lammps_peer.EXACT) as code:
            code.command(f"run {STEPS} post no")
            moved = cell.minimum_image(lammps_peer.gathered(code, "x") - positions)
        peer += (moved**2).sum(axis=1) / len(runs)
    _expect_same("propensities", ours, peer)


def check_quench(configuration: Configuration) -> None:
    """Energies of one minimum, found by both codes from beside it."""
    inherent, n = quench(configuration, MIXTURE).configuration, configuration.n_particles
    noise = np.random.default_rng(SEED).normal(0.0, NUDGE, (n, 2))
    start = replace(inherent, positions=inherent.positions + noise)
    ours = quench(start, MIXTURE)
    with lammps_peer.system(at_rest(start), lammps_peer.EXACT) as code:
        code.commands_string("min_style cg\nminimize 0 1e-8 20000 200000")
        _expect_same("minimum's energy", ours.energy_per_particle * n, code.get_thermo("pe"))


def _expect_same(what: str, ours: float | np.ndarray, peer: float | np.ndarray) -> None:
    """Raise if the largest difference exceeds `SAME` times the largest value."""
    difference = np.abs(np.subtract(ours, peer)).max() / np.abs(peer).max()
    if not difference <= SAME:
        raise AssertionError(f"{what}: ours and LAMMPS's differ by {difference:.2g}, relatively")
