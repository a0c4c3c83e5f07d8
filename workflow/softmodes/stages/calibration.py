"""How fast this machine is beside the one that costs were measured on."""

from __future__ import annotations

import time
from collections.abc import Callable

from softmodes.dynamics.trajectory import PRECISIONS, Trajectory, random_start
from softmodes.random_streams import stream
from softmodes.study.costs import COUPLING_INTERVAL, TILES, TRAJECTORY
from softmodes.system.mixture import Mixture

N_PARTICLES, DENSITY, TEMPERATURE, TIME_STEP = 2000, 0.74, 0.5, 0.005
WARM_UP = 100
"""Blocks between two actions of the thermostat; the start forgets that it was random."""
BLOCKS, REPEATS = 1000, 3
"""A second or so on the reference machine, as often; the shortest counts: others disturb."""


def slowness(precision: str, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of a trajectory here, kernels compiled, over those that `costs` expects.

    Args:
        precision: a key of `trajectory.PRECISIONS`.
        clock: gives the time in seconds, of this process alone.
    """
    rng = stream(0, "calibrate", N_PARTICLES, temperature=TEMPERATURE, sample=0)
    start = random_start(Mixture(), N_PARTICLES, DENSITY, temperature=TEMPERATURE, rng=rng)
    trajectory = Trajectory(start, Mixture(), TIME_STEP, precision=PRECISIONS[precision])
    steps = round(COUPLING_INTERVAL / TIME_STEP)

    def run(blocks: int) -> float:
        began = clock()
        for _ in range(blocks):
            trajectory.advance(steps)
            trajectory.thermostat(TEMPERATURE, COUPLING_INTERVAL, rng)
        return clock() - began

    run(WARM_UP)
    expected = N_PARTICLES * BLOCKS * (steps * TRAJECTORY[precision] + TILES)
    return min(run(BLOCKS) for _ in range(REPEATS)) / expected
