"""All codes give the same answers, or nothing is timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from softmodes.dynamics.isoconfigurational import run_ensemble
from softmodes.dynamics.trajectory import PhasePoint, Trajectory
from softmodes.landscape.quench import quench
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, pressure
from softmodes.system.velocities import maxwell_boltzmann

from . import lammps_peer, openmm_peer
from .systems import MIXTURE, SEED, TIME_STEP, at_rest

SAME = 1e-10
"""Largest relative difference of forces, energies and pressures."""

SAME_SINGLE = 1e-5
"""The same against a peer of single precision."""

OTHER_TAIL = 3e-5
"""Of forces, against a peer whose potential ends in another way."""

GRID = 2.0**-15
"""Of positions and box, in σ11: single precision has as fine a one up to L = 256."""

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
    for precision in SAME_PATH:
        _expect_same_path(start, peer, precision)


def check_openmm(start: PhasePoint) -> None:
    """Energy, forces and a few steps of motion against OpenMM with our formula; forces against the
    soft spheres that are timed."""
    start = replace(start, configuration=on_grid(start.configuration))
    ours, species = evaluate(start.configuration, MIXTURE), start.configuration.species
    code = openmm_peer.system(start, openmm_peer.our_formula(species))
    _expect_same("energy", ours.energy, openmm_peer.energy(code), SAME_SINGLE)
    _expect_same("forces", ours.forces, openmm_peer.forces(code), SAME_SINGLE)
    timed = openmm_peer.system(start, openmm_peer.soft_spheres(species))
    _expect_same("forces", ours.forces, openmm_peer.forces(timed), OTHER_TAIL)
    code.getIntegrator().step(STEPS)
    _expect_same_path(start, openmm_peer.positions(code), np.float32)


def on_grid(configuration: Configuration) -> Configuration:
    """Shifted a little, so that single precision holds every distance between particles."""
    positions = np.rint(configuration.wrapped().positions / GRID) * GRID
    cell = Cell(round(configuration.cell.length / GRID) * GRID)
    return Configuration(positions, configuration.species, cell)


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


def _expect_same_path(start: PhasePoint, peer: np.ndarray, precision: type[np.floating]) -> None:
    """Raise if we end elsewhere than the peer after `STEPS`."""
    trajectory = Trajectory(start, MIXTURE, TIME_STEP, precision=precision)
    trajectory.advance(STEPS)
    distance = start.configuration.cell.minimum_image(peer - trajectory.positions)
    largest = np.abs(distance).max()
    if not largest < SAME_PATH[precision]:
        raise AssertionError(f"trajectories differ by {largest:.2g} after {STEPS} steps")


def _expect_same(
    what: str, ours: float | np.ndarray, peer: float | np.ndarray, bound: float = SAME
) -> None:
    """Raise if the largest difference exceeds the bound times the largest value."""
    difference = np.abs(np.subtract(ours, peer)).max() / np.abs(peer).max()
    if not difference <= bound:
        raise AssertionError(f"{what}: ours and the peer's differ by {difference:.2g}, relatively")
