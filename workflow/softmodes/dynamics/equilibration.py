"""Equilibration: a barostat stage, then constant volume, with what is recorded along it."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.analysis.relaxation import logarithmic_lags
from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.dynamics.trajectory import (
    COUPLING_INTERVAL,
    PhasePoint,
    Trajectory,
)
from softmodes.errors import InputError
from softmodes.landscape.quench import quench
from softmodes.random_streams import generator_state, set_generator_state
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann

logger = logging.getLogger(__name__)

SERIES_FORCE = 1e-4
"""Convergence of the quenches along a run, in ε/σ11: e_IS to about 1e-8 ε."""

TIME_ORIGINS = 24
"""Equally spaced time origins of the frames kept along an equilibration, or a few more."""


@dataclass(frozen=True)
class Schedule:
    """When things happen in an equilibration, in blocks of the coupling interval.

    Attributes:
        time_step: in τ.
        steps_per_block: between two actions of thermostat and barostat.
        n_barostat: blocks of the barostat stage; 0 at fixed density.
        n_points: points of the series recorded along the constant-volume stage.
        blocks_per_point: blocks that each of them averages.
        frame_blocks: (F,), blocks since the start of the constant-volume stage after which the
            positions are kept; ascending, from 0 to the stage's last.
    """

    time_step: float
    steps_per_block: int
    n_barostat: int
    n_points: int
    blocks_per_point: int
    frame_blocks: NDArray[np.int64]

    @property
    def interval(self) -> float:
        """Length of a block, in τ."""
        return self.steps_per_block * self.time_step

    @property
    def n_blocks(self) -> int:
        """Blocks of both stages."""
        return self.n_barostat + self.n_points * self.blocks_per_point


@dataclass(frozen=True)
class Equilibration:
    """An equilibrated configuration and the record of its constant-volume stage.

    Attributes:
        end: where it ended.
        pressure: mean over the stage, in ε/σ11².
        time: (S,), since the start of the stage, in τ.
        energy: (S,) potential energy per particle, mean over the interval before `time`, in ε.
        pressures: (S,), likewise.
        inherent_energy: (S,) energy per particle of the inherent structure at `time`, in ε.
        frames: (F, N, 2), positions along the stage, unwrapped, in σ11.
        frame_time: (F,), since the start of the stage, in τ; the first is 0.
    """

    end: PhasePoint
    pressure: float
    time: NDArray[np.float64]
    energy: NDArray[np.float64]
    pressures: NDArray[np.float64]
    inherent_energy: NDArray[np.float64]
    frames: NDArray[np.float64]
    frame_time: NDArray[np.float64]


def schedule(
    time_step: float, equilibration_time: float, n_points: int, *, barostat_time: float = 0.0
) -> Schedule:
    """The schedule of an equilibration.

    Both stages are rounded up, the second to `n_points` equal numbers of blocks. Frames are kept at
    TIME_ORIGINS or a few more equally spaced origins and, after each, at logarithmically spaced
    lags up to the next, so that some hundred frames resolve the motion from the shortest time to
    the longest.

    Args:
        time_step: in τ.
        equilibration_time: length of the constant-volume stage, in τ.
        n_points: number of points of the recorded series.
        barostat_time: length of the barostat stage, in τ; 0 at fixed density.
    """
    steps_per_block = max(1, round(COUPLING_INTERVAL / time_step))
    interval = steps_per_block * time_step
    blocks_per_point = _rounded_up(equilibration_time / interval / n_points)
    last = n_points * blocks_per_point
    spacing = max(1, last // TIME_ORIGINS)
    bursts = np.arange(0, last, spacing)[:, None] + logarithmic_lags(spacing + 1)
    return Schedule(
        time_step=time_step,
        steps_per_block=steps_per_block,
        n_barostat=_rounded_up(barostat_time / interval),
        n_points=n_points,
        blocks_per_point=blocks_per_point,
        frame_blocks=np.unique(np.append(bursts[bursts < last], last)),
    )


def _rounded_up(ratio: float) -> int:
    # whole numbers are, however they were rounded
    return math.ceil(round(ratio, 6))


def equilibrate(
    configuration: Configuration,
    mixture: Mixture,
    temperature: float,
    *,
    schedule: Schedule,
    rng: np.random.Generator,
    pressure: float | None = None,
    precision: type[np.floating] = np.float64,
    progress: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> Equilibration:
    """Bring a configuration to a temperature: barostat stage, then constant volume.

    Velocities are drawn anew. The box of the constant-volume stage has the mean area of the
    barostat stage's second half.

    Args:
        configuration: where to start.
        temperature: in ε.
        schedule: as the function of that name gives it.
        pressure: of the barostat stage, in ε/σ11²; None if the schedule has none.
        precision: of the pair terms, as `Trajectory` takes it.
        progress: called with the fraction done.
        checkpoint: where to go on from and what to keep the state in; `configuration` and the
            state of `rng` are then those of an earlier run's start.

    Raises:
        InputError: if a barostat stage has no pressure, or a pressure no barostat stage.
    """
    interval, n_barostat = schedule.interval, schedule.n_barostat
    check_coupling(schedule, pressure)
    n_particles = configuration.n_particles
    thermal = PhasePoint(configuration, maxwell_boltzmann(n_particles, temperature, rng))
    trajectory = Trajectory(thermal, mixture, schedule.time_step, precision=precision)
    areas = np.zeros(n_barostat)
    series, means, done = np.zeros((4, schedule.n_points)), np.zeros(2), 0
    frames = np.zeros((len(schedule.frame_blocks), n_particles, 2))
    frames[0] = trajectory.positions
    if checkpoint is not None and (kept := checkpoint.load()) is not None:
        trajectory.restore(kept)
        set_generator_state(rng, str(kept["generator"]))
        areas, series, means = (kept[name] for name in ("areas", "series", "means"))
        done = int(kept["done"])
        frames[: len(kept["frames"])] = kept["frames"]
    for block in range(done, schedule.n_blocks):
        trajectory.advance(schedule.steps_per_block)
        trajectory.thermostat(temperature, interval, rng)
        elapsed = block + 1 - n_barostat
        if block < n_barostat:
            assert pressure is not None  # by check_coupling
            trajectory.barostat(pressure, temperature, interval, rng=rng)
            areas[block] = trajectory.cell.area
            if elapsed == 0:
                area = areas[n_barostat // 2 :].mean()
                trajectory.rescale(float(np.sqrt(area) / trajectory.cell.length))
        else:
            means += trajectory.potential_energy / n_particles, trajectory.pressure
            point, rest = divmod(elapsed, schedule.blocks_per_point)
            if rest == 0:
                series[0, point - 1] = elapsed * interval
                series[1:3, point - 1] = means / schedule.blocks_per_point
                series[3, point - 1] = inherent_energy_of(trajectory.configuration, mixture)
                means[:] = 0.0
        frames[schedule.frame_blocks == elapsed] = trajectory.positions
        progress((block + 1) / schedule.n_blocks)
        if checkpoint is not None and checkpoint.due():
            checkpoint.save(
                done=block + 1,
                areas=areas,
                series=series,
                means=means,
                frames=frames[: np.searchsorted(schedule.frame_blocks, elapsed, "right")],
                generator=generator_state(rng),
                **trajectory.state,
            )
    return Equilibration(
        end=trajectory.phase_point,
        pressure=float(series[2].mean()),
        time=series[0],
        energy=series[1],
        pressures=series[2],
        inherent_energy=series[3],
        frames=frames,
        frame_time=schedule.frame_blocks.astype(np.float64) * interval,
    )


def check_coupling(schedule: Schedule, pressure: float | None) -> None:
    """Refuse a barostat stage without a pressure, and a pressure without one.

    Raises:
        InputError: likewise.
    """
    if (pressure is None) != (schedule.n_barostat == 0):
        raise InputError(
            f"pressure: {pressure} given with {schedule.n_barostat} blocks of a barostat stage, "
            "both or neither expected"
        )


def inherent_energy_of(configuration: Configuration, mixture: Mixture) -> float:
    """Energy per particle of a configuration's inherent structure, for a series, in ε."""
    inherent = quench(configuration, mixture, tolerance=SERIES_FORCE)
    if not inherent.converged:
        logger.warning("inherent structure of the series: %s", inherent.message)
    return inherent.energy_per_particle
