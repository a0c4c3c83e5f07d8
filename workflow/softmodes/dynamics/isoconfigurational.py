"""The isoconfigurational ensemble: many runs from one configuration with new velocities.

Single precision was measured against double, with the same velocities, from configurations of
N = 2000 at T = 0.4, 0.5 and 1.0 and 96 runs. Debye-Waller factors of particles differ by 0.04 %,
0.3 % and 6 % (root mean square over the mean), where the statistical error is 5 %, 6 % and 7 %, and
propensities (1.5 τ_e at T = 0.5 and 1.0) by 10 % and 5e-5 %, where it is 13 % and 10 %; the large
differences are those of chaos, which makes any two roundings part. Means over particles differ by
at most 0.5 %, those of runs with other velocities by up to 3 %.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.dynamics.replicas import Replicas, replicas_per_vector
from softmodes.dynamics.trajectory import whole_steps
from softmodes.errors import InputError
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture
from softmodes.system.velocities import maxwell_boltzmann


@dataclass(frozen=True)
class Ensemble:
    """Per-particle averages over the runs from one configuration.

    Attributes:
        debye_waller: (N,) variance of the position over the Debye-Waller time, mean over runs,
            in σ11².
        debye_waller_halves: (2, N), the same from the first and the second half of the runs.
        propensity: (N,) mean squared displacement at the propensity time, or None if not asked.
        propensity_halves: (2, N), or None.
    """

    debye_waller: NDArray[np.float64]
    debye_waller_halves: NDArray[np.float64]
    propensity: NDArray[np.float64] | None
    propensity_halves: NDArray[np.float64] | None


def run_ensemble(
    configuration: Configuration,
    mixture: Mixture,
    temperature: float,
    *,
    time_step: float,
    n_runs: int,
    debye_waller_time: float,
    sampling_interval: float,
    random_stream: Callable[[int], np.random.Generator],
    propensity_time: float | None = None,
    precision: type[np.floating] = np.float64,
    progress: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> Ensemble:
    """Debye-Waller factor and dynamic propensity of each particle.

    Every run starts from the configuration with Maxwell-Boltzmann velocities of zero total momentum
    and conserves its energy. The Debye-Waller factor is the variance of the position about the
    run's own time mean, over the Debye-Waller time (Widmer-Cooper & Harrowell, PRL 96, 185701,
    2006); the propensity ⟨(r_i(t_α) - r_i(0))²⟩ (Widmer-Cooper et al., PRL 93, 135701, 2004).

    Args:
        configuration: shared by all runs.
        n_runs: even, at least 2.
        debye_waller_time, sampling_interval: in τ; positions count at every interval.
        random_stream: gives the generator of the velocities of run 0, 1, ...
        propensity_time: t_α in τ, rounded to whole steps; None: no propensity.
        precision: numpy.float64 or numpy.float32, of the runs; averages are float64.
        progress: called with the fraction done.
        checkpoint: where to go on from and what to keep the state in.

    Raises:
        InputError: if n_runs is odd, the temperature negative, `random_stream` a generator and no
            function that gives one, the propensity time shorter than a step, another time no
            multiple of it, or the box too small.
    """
    n_sampling, n_samples, n_propensity = sampling(
        n_runs,
        time_step=time_step,
        debye_waller_time=debye_waller_time,
        sampling_interval=sampling_interval,
        propensity_time=propensity_time,
    )
    n_debye_waller = n_samples * n_sampling
    n_total = max(n_debye_waller, n_propensity)
    stops = sorted({*range(n_sampling, n_total + 1, n_sampling), n_propensity} - {0})

    n_particles = configuration.n_particles
    variance, square = np.zeros((2, n_runs, n_particles))
    n_replicas = replicas_per_vector(precision)
    kept = None if checkpoint is None else checkpoint.load()
    if kept is not None:
        variance, square = kept["variance"], kept["square"]
    for first in range(0 if kept is None else int(kept["first"]), n_runs, n_replicas):
        runs = range(first, min(first + n_replicas, n_runs))
        velocities = np.stack(
            [velocities_of_run(n_particles, temperature, random_stream, run=run) for run in runs],
            axis=-1,
        )
        replicas = Replicas(
            configuration, mixture, velocities, time_step=time_step, precision=precision
        )
        total, total_square = (
            np.zeros(replicas.displacement.shape),
            np.zeros(replicas.velocity.shape[1:]),
        )
        done = 0
        if kept is not None:
            replicas.displacement[:], replicas.velocity[:] = kept["displacement"], kept["velocity"]
            replicas.refresh()
            total, total_square = kept["total"], kept["total_square"]
            done, kept = int(kept["done"]), None
        for stop in stops[bisect.bisect(stops, done) :]:
            replicas.advance(stop - done)
            done = stop
            moved = replicas.displacement.astype(np.float64)
            if stop <= n_debye_waller and stop % n_sampling == 0:
                total += moved
                total_square += (moved**2).sum(axis=0)
            if stop == n_propensity:
                square[runs.start : runs.stop, replicas.order] = (
                    (moved**2).sum(axis=0).T[: len(runs)]
                )
            progress((first + len(runs) * stop / n_total) / n_runs)
            if checkpoint is not None and checkpoint.due():
                checkpoint.save(
                    first=first,
                    done=done,
                    variance=variance,
                    square=square,
                    displacement=replicas.displacement,
                    velocity=replicas.velocity,
                    total=total,
                    total_square=total_square,
                )
        of_rows = total_square / n_samples - ((total / n_samples) ** 2).sum(axis=0)
        variance[runs.start : runs.stop, replicas.order] = of_rows.T[: len(runs)]

    return ensemble_of(variance, None if propensity_time is None else square)


def sampling(
    n_runs: int,
    *,
    time_step: float,
    debye_waller_time: float,
    sampling_interval: float,
    propensity_time: float | None,
) -> tuple[int, int, int]:
    """When an ensemble looks at its runs; all times in τ, as `run_ensemble` takes them.

    Returns:
        Steps between two samples, the number of samples, and the steps until the propensity's
        time, 0 where there is none.

    Raises:
        InputError: if n_runs is odd, the propensity time shorter than a step, or another time no
            multiple of it.
    """
    if n_runs < 2 or n_runs % 2:
        raise InputError(f"n_runs: {n_runs} given, an even number of runs expected")
    if propensity_time is not None and not propensity_time >= time_step:
        raise InputError(
            f"propensity_time: {propensity_time} given, at least one step, {time_step}, expected"
        )
    return (
        whole_steps(sampling_interval, time_step),
        whole_steps(debye_waller_time, sampling_interval),
        0 if propensity_time is None else round(propensity_time / time_step),
    )


def velocities_of_run(
    n_particles: int,
    temperature: float,
    random_stream: Callable[[int], np.random.Generator],
    *,
    run: int,
) -> NDArray[np.float64]:
    """The velocities (N, 2) that a run starts with.

    Raises:
        InputError: as `maxwell_boltzmann` does; or `random_stream` is no function.
    """
    if not callable(random_stream):
        raise InputError(
            f"random_stream: a {type(random_stream).__name__} given, a function that gives the "
            "generator of run 0, 1, ... expected"
        )
    return maxwell_boltzmann(n_particles, temperature, random_stream(run))


def ensemble_of(variance: NDArray[np.float64], square: NDArray[np.float64] | None) -> Ensemble:
    """The ensemble of runs with these variances and squared displacements, (n_runs, N) each."""
    return Ensemble(
        debye_waller=variance.mean(axis=0),
        debye_waller_halves=_halves(variance),
        propensity=None if square is None else square.mean(axis=0),
        propensity_halves=None if square is None else _halves(square),
    )


def _halves(of_runs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means (2, N) over the first and the second half of runs (R, N)."""
    return of_runs.reshape(2, len(of_runs) // 2, -1).mean(axis=1)
