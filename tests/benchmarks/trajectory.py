"""One trajectory: time per step at T = 0.40, as in an equilibration, and its growth with N."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise

from softmodes.dynamics import COUPLING_INTERVAL, Trajectory

from . import lammps_peer
from .agreement import check_forces
from .harness import Outcome, Point, Row, interleaved, timed
from .lammps_peer import SMOOTH, Settings
from .memory import in_child
from .systems import MIXTURE, TIME_STEP, cold

COMPARED = (2000, 8000)
GROWING = (2000, 8000, 32000)
REPETITIONS = 5
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
def peer_settings(n_particles: int) -> Settings:
    """LAMMPS's fastest settings for this many particles, from a scan."""
    return lammps_peer.fastest(cold(n_particles), SCANNED // n_particles)


def n_steps(n_particles: int) -> int:
    """Steps of a repetition: a whole number of calls."""
    return max(1, PARTICLE_STEPS // n_particles // CALL) * CALL


def our_run(n_particles: int) -> Callable[[], None]:
    """A warm trajectory's next repetition."""
    trajectory = Trajectory(cold(n_particles), MIXTURE, TIME_STEP)

    def run() -> None:
        for _ in range(n_steps(n_particles) // CALL):
            trajectory.advance(CALL)

    run()
    return run


def compare() -> Outcome:
    """LAMMPS runs all steps in one command, which spares it what our calls cost; it may cut the
    potential off without smoothing, if that is faster."""
    outcome = Outcome()
    for n_particles in COMPARED:
        configuration = cold(n_particles)
        check_forces(configuration)
        steps = n_steps(n_particles)
        settings = peer_settings(n_particles)
        with lammps_peer.system(configuration, settings) as code:
            code.command(f"run {steps} post no")
            ours, peer = interleaved(
                our_run(n_particles),
                lambda code=code, steps=steps: code.command(f"run {steps} pre no post no"),
                REPETITIONS,
            )
        ours, peer = ours / steps, peer / steps
        others = [replace(settings, style=SMOOTH, suffix=suffix) for suffix in ("", "omp")]
        smooth = min(lammps_peer.race(configuration, others, steps).values())
        print(
            f"    N = {n_particles}: {1e6 * ours:.1f} µs per step; LAMMPS {1e6 * peer:.1f} "
            f"({settings}), {1e6 * smooth:.1f} with {SMOOTH}"
        )
        name = f"trajectory, N = {n_particles}, T = 0.40, s/step"
        outcome.rows += [
            Row(name, ours, peer, BAR),
            Row(f"{name}, against {SMOOTH}", ours, smooth, BAR),
        ]
        outcome.points.append(Point("particle-step", "LAMMPS", n_particles, peer / n_particles))
    return outcome


def growth() -> Outcome:
    """Time per particle-step and memory per further particle: dearest against cheapest."""
    runs = {n_particles: our_run(n_particles) for n_particles in GROWING}
    rounds = [{n: timed(run) for n, run in runs.items()} for _ in range(REPETITIONS)]
    seconds = {
        n: sorted(times[n] for times in rounds)[REPETITIONS // 2] / n_steps(n) / n for n in GROWING
    }
    largest = max(GROWING)
    settings = peer_settings(max(COMPARED))
    peer = lammps_peer.step_time(cold(largest), settings, n_steps(largest)) / largest
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
        + [Point("particle-step", "LAMMPS", largest, peer)],
    )


def memory_per_particle() -> tuple[float | None, float | None]:
    """Bytes per particle, most and least; None where they cannot be had.

    Differences between sizes leave out what the interpreter and its libraries take.
    """
    told = {n: in_child("trajectory", n) for n in GROWING}
    peaks = {n: child["peak_bytes"] for n, child in told.items() if child is not None}
    if not peaks:
        return None, None
    print(*(f"    N = {n}: {peak / 1e6:.1f} MB in all" for n, peak in peaks.items()), sep="\n")
    each = [(peaks[more] - peaks[few]) / (more - few) for few, more in pairwise(GROWING)]
    return max(each), min(each)
