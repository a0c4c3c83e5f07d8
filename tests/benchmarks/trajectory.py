"""One trajectory: time per step at T = 0.40, as in an equilibration, and its growth with N."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache, partial
from itertools import pairwise

import numpy as np

from softmodes.dynamics.trajectory import COUPLING_INTERVAL, PhasePoint, Trajectory

from . import lammps_peer, openmm_peer
from .agreement import check_forces, check_openmm
from .harness import Outcome, Point, Row, interleaved, timed
from .lammps_peer import STYLES, Settings
from .memory import in_child
from .systems import MIXTURE, TIME_STEP, cold

COMPARED = (2000, 8000)
PRECISIONS = (np.float32, np.float64)
GROWING = (2000, 8000, 32000)
REPETITIONS = 5
PROCESSES = 3
"""Whose peak memory is compared."""

PARTICLE_STEPS = 4_000_000
"""Of one repetition."""

SCANNED = 1_000_000
"""Particle-steps of LAMMPS at each of the settings it is tried with."""

CALL = round(COUPLING_INTERVAL / TIME_STEP)
"""Steps between two actions of the thermostat: the study advances by so many at once."""

BAR = 3.0
FLAT = 1.0 / 1.2
"""Bar of a cost per particle that stays within 20%."""


@cache
def peer_settings(n_particles: int, kind: str) -> Settings:
    """LAMMPS's fastest settings for this many particles, from a scan of one kind of styles."""
    return lammps_peer.fastest(cold(n_particles), kind, SCANNED // n_particles)


def n_steps(n_particles: int) -> int:
    """Steps of a repetition: a whole number of calls."""
    return max(1, PARTICLE_STEPS // n_particles // CALL) * CALL


def our_run(n_particles: int, precision: type[np.floating] = np.float32) -> Callable[[], None]:
    """A warm trajectory's next repetition; studies run in single precision."""
    trajectory = Trajectory(cold(n_particles), MIXTURE, TIME_STEP, precision=precision)

    def run() -> None:
        for _ in range(n_steps(n_particles) // CALL):
            trajectory.advance(CALL)

    run()
    return run


def compare() -> Outcome:
    """The peers run all steps in one command, which spares them what our calls cost."""
    outcome = Outcome()
    for n_particles in COMPARED:
        start = cold(n_particles)
        check_forces(start)
        steps = n_steps(n_particles)
        with ExitStack() as stack:
            runs = {}
            for kind in STYLES:
                settings = peer_settings(n_particles, kind)
                code = stack.enter_context(lammps_peer.system(start, settings))
                code.command(f"run {steps} post no")
                runs[kind] = partial(code.command, f"run {steps} pre no post no")
            if openmm_peer.openmm:
                check_openmm(start)
                runs[openmm_peer.NAME] = openmm_run(start, steps)
            ours = [our_run(n_particles, precision) for precision in PRECISIONS]
            seconds = interleaved([*ours, *runs.values()], REPETITIONS)
        taken = [in_all / steps for in_all in seconds]
        peers = dict(zip(runs, taken[len(ours) :], strict=True))
        told = peers | {openmm_peer.NAME: peers.get(openmm_peer.NAME)}
        for precision, each in zip(PRECISIONS, taken, strict=False):
            name = f"trajectory, N = {n_particles}, T = 0.40, {precision.__name__}, s/step"
            outcome.rows += rows(name, each, told, bar=BAR)
        outcome.points += [
            Point("particle-step", kind, n_particles, peer / n_particles)
            for kind, peer in peers.items()
        ]
    return outcome


def openmm_run(start: PhasePoint, steps: int) -> Callable[[], None]:
    """The next steps of a warm OpenMM."""
    context = openmm_peer.system(start, openmm_peer.soft_spheres(start.configuration.species))

    def run() -> None:
        context.getIntegrator().step(steps)  # the integrator alone does not keep its context

    run()
    return run


def rows(name: str, ours: float, peers: Mapping[str, float | None], *, bar: float) -> list[Row]:
    """One row for each peer; None: not measured."""
    return [Row(f"{name}, {kind}", ours, peer, bar) for kind, peer in peers.items()]


def growth() -> Outcome:
    """Time per particle-step and memory per further particle: dearest against cheapest."""
    runs = {n_particles: our_run(n_particles) for n_particles in GROWING}
    rounds = [{n: timed(run) for n, run in runs.items()} for _ in range(REPETITIONS)]
    seconds = {
        n: sorted(times[n] for times in rounds)[REPETITIONS // 2] / n_steps(n) / n for n in GROWING
    }
    largest = max(GROWING)
    peers = {
        kind: lammps_peer.step_time(
            cold(largest), peer_settings(max(COMPARED), kind), n_steps(largest)
        )
        for kind in STYLES
    }
    for n in GROWING:
        print(f"    N = {n}: {1e9 * seconds[n]:.1f} ns per particle-step")
    each = memory_per_particle()
    return Outcome(
        [
            Row(
                "growth: time per particle-step, N = 2000 to 32000",
                max(seconds.values()),
                min(seconds.values()),
                FLAT,
            ),
            Row("growth: memory per further particle, bytes", *each, FLAT),
        ],
        [Point("particle-step", "softmodes", n, seconds[n]) for n in GROWING]
        + [Point("particle-step", kind, largest, peer / largest) for kind, peer in peers.items()],
    )


def memory_per_particle() -> tuple[float | None, float | None]:
    """Bytes per particle, most and least; None where they cannot be had.

    Differences between sizes leave out what the interpreter and its libraries take, the least of
    several processes what one of them takes by chance.
    """
    told = {n: [in_child("trajectory", n) for _ in range(PROCESSES)] for n in GROWING}
    if None in told[GROWING[0]]:
        return None, None
    peaks = {n: min(child["peak_bytes"] for child in children) for n, children in told.items()}
    print(*(f"    N = {n}: {peak / 1e6:.1f} MB in all" for n, peak in peaks.items()), sep="\n")
    each = [(peaks[more] - peaks[few]) / (more - few) for few, more in pairwise(GROWING)]
    return max(each), min(each)
