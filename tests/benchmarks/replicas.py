"""Isoconfigurational runs: the cost of one of 100 replicas, ours in blocks, LAMMPS's in turn.

LAMMPS starts every run from the same positions with other velocities; the averages over the run,
which we make in between, it is spared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from softmodes.dynamics import Configuration, maxwell_boltzmann
from softmodes.isoconfigurational import LANES, Ensemble, Lanes, run_ensemble
from softmodes.random_streams import stream

from . import lammps_peer
from .agreement import check_forces
from .harness import Outcome, Row, interleaved, timed
from .lammps_peer import lammps
from .systems import COLD, MIXTURE, SEED, TIME_STEP, WARM, load, load_parted
from .trajectory import peer_settings

N_PARTICLES = 2000
RUNS = 100
DEBYE_WALLER_TIME, SAMPLING_INTERVAL = 10.0, 0.1
WARM_RELAXATION_TIME = 3.06
"""τ_e at T = 0.60, in τ, as the demo measures it."""

MULTIPLE = 1.5
"""Of τ_e: the time of the propensity."""

REPETITIONS = 3
PEER_RUNS = 2
"""Of LAMMPS in each repetition."""

SAMPLED = 1000
"""Steps over which the cost of parted replicas is measured: several list builds."""

WARM_UP = 100
"""Steps before."""

DEBYE_WALLER_BAR, PROPENSITY_BAR = 10.0, 5.0


def debye_waller() -> Outcome:
    """100 replicas over 10 τ."""
    configuration = load(N_PARTICLES)
    check_forces(configuration)
    steps = round(DEBYE_WALLER_TIME / TIME_STEP)
    with lammps_peer.system(configuration, peer_settings(N_PARTICLES)) as code:
        ours, peer = interleaved(
            lambda: ensemble(configuration, COLD, DEBYE_WALLER_TIME),
            peer_runs(code, configuration, COLD, steps),
            REPETITIONS,
        )
    name = "DWF, 10 τ, N = 2000, T = 0.40, s/replica"
    return Outcome([Row(name, ours / RUNS, peer / PEER_RUNS, DEBYE_WALLER_BAR)])


def warm_propensity() -> Outcome:
    """100 replicas over 1.5 τ_e at T = 0.60, where they part soon."""
    configuration = load(N_PARTICLES, WARM)
    check_forces(configuration)
    steps = round(MULTIPLE * WARM_RELAXATION_TIME / TIME_STEP)
    with lammps_peer.system(configuration, peer_settings(N_PARTICLES)) as code:
        ours, peer = interleaved(
            lambda: ensemble(configuration, WARM, SAMPLING_INTERVAL, steps * TIME_STEP),
            peer_runs(code, configuration, WARM, steps),
            REPETITIONS,
        )
    name = "DP, 1.5 τ_e, N = 2000, T = 0.60, s/replica"
    return Outcome([Row(name, ours / RUNS, peer / PEER_RUNS, PROPENSITY_BAR)])


def cold_propensity() -> Outcome:
    """100 replicas over 1.5 τ_e at T = 0.40, too long to be run here.

    Ours cost more the farther they have moved apart. Their time per step is measured at the start
    and at the times at which `inputs/` holds them parted, and integrated over the whole run by
    the trapezoidal rule. LAMMPS's time per step stays; it is measured over 10 τ.
    """
    configuration = load(N_PARTICLES)
    parted = load_parted(N_PARTICLES)
    duration = MULTIPLE * parted.relaxation_time
    peer_steps = round(DEBYE_WALLER_TIME / TIME_STEP)
    stages = [np.zeros(parted.displacements.shape[1:]), *parted.displacements]
    with lammps_peer.system(configuration, peer_settings(N_PARTICLES)) as code:
        run_peer = peer_runs(code, configuration, COLD, peer_steps)
        pairs = [(lane_step_time(configuration, stage), timed(run_peer)) for stage in stages]
    ours = np.array([pair[0] for pair in pairs])
    peer = float(np.median([pair[1] for pair in pairs])) / PEER_RUNS / peer_steps
    times = np.concatenate([[0.0], parted.times])
    for time, seconds in zip(times, ours, strict=True):
        print(f"    after {time:6.1f} τ: {1e6 * seconds:.1f} µs per step and replica")
    print(f"    LAMMPS: {1e6 * peer:.1f} µs per step; τ_e = {parted.relaxation_time:.0f} τ")
    return Outcome(
        [
            Row(
                "DP, 1.5 τ_e, N = 2000, T = 0.40, s/replica",
                float(np.trapezoid(ours, times)) / TIME_STEP * duration / times[-1],
                peer * duration / TIME_STEP,
                PROPENSITY_BAR,
            )
        ]
    )


def ensemble(
    configuration: Configuration,
    temperature: float,
    debye_waller_time: float,
    propensity_time: float | None = None,
) -> Ensemble:
    """The study's own call."""
    return run_ensemble(
        configuration.positions,
        configuration.species,
        configuration.cell,
        MIXTURE,
        temperature,
        TIME_STEP,
        RUNS,
        debye_waller_time,
        SAMPLING_INTERVAL,
        lambda run: velocity_stream(temperature, run),
        propensity_time,
    )


def velocity_stream(temperature: float, run: int) -> np.random.Generator:
    """The generator of one run's velocities."""
    return stream(SEED, "isoconfigurational", N_PARTICLES, temperature, 0, run)


def peer_runs(
    code: lammps.lammps, configuration: Configuration, temperature: float, steps: int
) -> Callable[[], None]:
    """The next few of LAMMPS's runs, one after the other, each from the same positions."""
    replica = itertools.count()
    positions, _ = configuration.cell.wrap(configuration.positions)

    def run() -> None:
        for _ in range(PEER_RUNS):
            rng = velocity_stream(temperature, next(replica))
            lammps_peer.scatter(code, "x", positions)
            lammps_peer.scatter(code, "v", maxwell_boltzmann(N_PARTICLES, temperature, rng))
            code.command(f"run {steps} post no")

    return run


def lanes_per_block() -> int:
    """Replicas that advance together, of `RUNS`."""
    return math.ceil(RUNS / math.ceil(RUNS / LANES))


def lane_step_time(configuration: Configuration, displacements: np.ndarray) -> float:
    """Seconds per step and replica of lanes displaced by (N, 2, R) from the configuration."""
    n_lanes = min(lanes_per_block(), displacements.shape[2])
    velocities = np.stack(
        [
            maxwell_boltzmann(N_PARTICLES, COLD, velocity_stream(COLD, run))
            for run in range(n_lanes)
        ],
        axis=-1,
    )
    lanes = Lanes(
        configuration.positions,
        velocities,
        configuration.species,
        configuration.cell,
        MIXTURE,
        TIME_STEP,
    )
    lanes.x += displacements[:, 0, :n_lanes]
    lanes.y += displacements[:, 1, :n_lanes]
    lanes.advance(0)
    call = round(SAMPLING_INTERVAL / TIME_STEP)

    def run(steps: int) -> None:
        for _ in range(steps // call):
            lanes.advance(call)

    run(WARM_UP)
    return timed(lambda: run(SAMPLED)) / SAMPLED / n_lanes
