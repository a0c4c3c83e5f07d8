"""Peak memory of one task, measured in a process of its own: python -m benchmarks.memory task N."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from softmodes.dynamics.trajectory import Trajectory
from softmodes.landscape.hessian import hessian
from softmodes.landscape.modes import Modes, lowest_modes
from softmodes.landscape.quench import quench
from softmodes.random_streams import stream
from softmodes.system.configuration import Configuration

from .systems import COLD, MIXTURE, SEED, TIME_STEP, cold

STEPS = 100
MIXING_STEPS = 200
"""After which tiled copies are no longer alike."""

FRACTION = 0.01
"""Of the modes."""


def n_modes(n_particles: int) -> int:
    """The lowest 1%."""
    return round(FRACTION * 2 * n_particles)


def trajectory(n_particles: int) -> dict[str, float]:
    """A short run, kernels compiled before; the compiler's memory does not count."""
    Trajectory(cold(2000), MIXTURE, TIME_STEP, precision=np.float32).advance(STEPS)
    start = cold(n_particles)
    reset_peak()
    Trajectory(start, MIXTURE, TIME_STEP, precision=np.float32).advance(STEPS)
    return {}


def modes(n_particles: int) -> dict[str, float]:
    """Quench and lowest 1% of the modes; seconds of both, kernels compiled before."""
    lowest(quench(cold(2000).configuration, MIXTURE).configuration)
    moving = Trajectory(cold(n_particles), MIXTURE, TIME_STEP)
    moving.advance(MIXING_STEPS)
    large = moving.configuration
    started = time.perf_counter()
    found = quench(large, MIXTURE)
    quenched = time.perf_counter()
    assert found.converged, found.message
    lowest(found.configuration)
    return {
        "quench_seconds": quenched - started,
        "modes_seconds": time.perf_counter() - quenched,
    }


def lowest(inherent: Configuration) -> Modes:
    """The lowest 1% of the modes of a minimum."""
    n = inherent.n_particles
    return lowest_modes(
        hessian(inherent, MIXTURE), n_modes(n), stream(SEED, "modes", n, temperature=COLD, sample=0)
    )


def reset_peak() -> None:
    """Let the peak of memory begin anew at what is now in use (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Most bytes of this process that were in memory at a time (Linux). `getrusage` would also
    count what the parent had when it started this process."""
    status = Path("/proc/self/status").read_text()
    kibibytes = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return 1024 * int(kibibytes)


def in_child(task: str, n_particles: int) -> dict[str, float] | None:
    """What a task tells, with the `peak_bytes` of its process; None without Linux's /proc."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    # so that every array of size goes back to the system when it is freed, and is not used again
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    command = [sys.executable, "-m", "benchmarks.memory", task, str(n_particles)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout)


if __name__ == "__main__":
    told = {"trajectory": trajectory, "modes": modes}[sys.argv[1]](int(sys.argv[2]))
    print(json.dumps(told | {"peak_bytes": peak()}))
