"""Bring one sample to its temperature, or take it from published equilibria.

It comes from the next higher temperature or from a random start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from softmodes.dynamics import equilibration, trajectory
from softmodes.dynamics.interruption import Progress
from softmodes.random_streams import stream
from softmodes.stages.equilibrations import write_equilibrium
from softmodes.stages.published import take
from softmodes.study import records, storage
from softmodes.study.checkpoint import Checkpoint, of_job
from softmodes.system.mixture import Mixture


def equilibrate(
    hotter: str | None,
    equilibrium: str,
    relaxation: str,
    *,
    published: str | None,
    checkpoint_interval: float,
    config: str,
    update: Progress,
    **parameters: Any,
) -> None:
    """Write the equilibrium and the relaxation file of one state point.

    It goes on where it was broken off.

    Args:
        hotter, equilibrium, relaxation, config, update: as `simulate` takes them.
        published: archive to take the sample from, and to run on where that is too short; None or
            empty: it is simulated.
        checkpoint_interval: in seconds.
        parameters: what else `simulate` takes.
    """
    if published:
        names = ("sample", "time_step", "equilibration_time", "precision", "code")
        take(
            published,
            equilibrium,
            relaxation,
            checkpoint_interval=checkpoint_interval,
            config=config,
            update=update,
            **{name: parameters[name] for name in names},
        )
        return
    inputs = [hotter] if hotter else []
    with of_job(equilibrium, inputs, parameters, interval=checkpoint_interval) as kept:
        simulate(
            hotter,
            equilibrium,
            relaxation,
            config=config,
            update=update,
            checkpoint=kept,
            **parameters,
        )


def simulate(
    hotter: str | None,
    equilibrium: str,
    relaxation: str,
    *,
    study: str,
    seed: int,
    n_particles: int,
    temperature: float,
    sample: int,
    model: Mapping[str, Any],
    start_density: float,
    pressure: float | None,
    time_step: float,
    barostat_time: float | None,
    equilibration_time: float,
    series_points: int,
    precision: str,
    neighbour_distances: Sequence[float],
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Write the equilibrium and the relaxation file of one state point.

    Args:
        hotter: equilibrium file to start from; None for a random start.
        equilibrium, relaxation: files to write.
        model: the mixture, by the keys of `Mixture`.
        start_density: of a random start, in 1/σ11².
        pressure: of the barostat stage, in ε/σ11²; None keeps the density.
        time_step, barostat_time, equilibration_time: in τ.
        series_points: number of points of the recorded series.
        precision: a key of `trajectory.PRECISIONS`.
        neighbour_distances: (3,) by pair type, in σ11; they define the cages.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
        checkpoint: of this job.
    """
    mixture = Mixture(**model)
    rng = stream(seed, "equilibrate", n_particles, temperature=temperature, sample=sample)
    if hotter is None:
        start = trajectory.random_start(
            mixture, n_particles, start_density, temperature=temperature, rng=rng
        ).configuration
    else:
        start = records.configuration(storage.read(hotter))
    reached = equilibration.equilibrate(
        start,
        mixture,
        temperature,
        schedule=equilibration.schedule(
            time_step, equilibration_time, series_points, barostat_time=barostat_time or 0.0
        ),
        rng=rng,
        pressure=pressure,
        precision=trajectory.PRECISIONS[precision],
        progress=update,
        checkpoint=checkpoint,
    )
    write_equilibrium(
        equilibrium,
        relaxation,
        reached,
        mixture=mixture,
        study=study,
        seed=seed,
        temperature=temperature,
        sample=sample,
        neighbour_distances=neighbour_distances,
        provenance=storage.provenance([hotter] if hotter else [], config, code),
    )
