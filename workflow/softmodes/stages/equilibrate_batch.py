"""Many state points in one job: a GPU moves the particles, the cores do the rest.

Inherent structures, structure and relaxation of each sample are found on the CPU, as many samples
at a time as the job has cores, and each sample's files are those of a job of its own.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from softmodes.dynamics import cuda
from softmodes.dynamics.equilibration import Schedule, schedule
from softmodes.dynamics.interruption import Progress
from softmodes.dynamics.trajectory import random_start
from softmodes.random_streams import stream
from softmodes.stages.equilibrations import write_equilibrium
from softmodes.stages.published import take
from softmodes.study import records, storage
from softmodes.study.checkpoint import Checkpoint, of_job
from softmodes.system.mixture import Mixture

BACKEND = "cuda"
PRECISION = "single"
"""Of the device, and so of what the CPU runs on of a published sample."""


def equilibrate(
    hotter: Sequence[str],
    equilibria: Sequence[str],
    relaxations: Sequence[str],
    *,
    published: Sequence[str],
    model: Mapping[str, Any],
    time_step: float,
    barostat_time: float | None,
    equilibration_time: float,
    series_points: int,
    n_cores: int,
    checkpoint_interval: float,
    config: str,
    code: str,
    update: Progress,
    **parameters: Any,
) -> None:
    """Write the files of all samples at one N and T, simulated together or taken.

    Args:
        hotter: equilibrium files to start from, one a simulated sample; none for random starts.
        equilibria, relaxations: files to write, one a sample.
        published: archive to take each sample from; empty where it is simulated.
        model: the mixture, by the keys of `Mixture`.
        time_step, barostat_time, equilibration_time: in τ.
        series_points: number of points of the recorded series.
        checkpoint_interval: in seconds.
        n_cores, config, code, update: as `simulate` takes them.
        parameters: what else that takes, which results depend on.
    """
    for sample, archive in enumerate(published):
        if archive:
            take(
                archive,
                equilibria[sample],
                relaxations[sample],
                sample=sample,
                time_step=time_step,
                equilibration_time=equilibration_time,
                precision=PRECISION,
                checkpoint_interval=checkpoint_interval,
                config=config,
                code=code,
            )
    samples = [sample for sample, archive in enumerate(published) if not archive]
    if not samples:
        return
    times = {
        "time_step": time_step,
        "barostat_time": barostat_time,
        "equilibration_time": equilibration_time,
        "series_points": series_points,
    }
    key = parameters | times | {"model": model, "samples": samples, "code": code}
    with of_job(equilibria[0], hotter, key, interval=checkpoint_interval) as kept:
        simulate(
            hotter,
            [equilibria[sample] for sample in samples],
            [relaxations[sample] for sample in samples],
            samples=samples,
            mixture=Mixture(**model),
            schedule=schedule(
                time_step, equilibration_time, series_points, barostat_time=barostat_time or 0.0
            ),
            n_cores=n_cores,
            config=config,
            code=code,
            update=update,
            checkpoint=kept,
            **parameters,
        )


def simulate(
    hotter: Sequence[str | Path],
    equilibria: Sequence[str | Path],
    relaxations: Sequence[str | Path],
    *,
    samples: Sequence[int],
    study: str,
    seed: int,
    n_particles: int,
    temperature: float,
    mixture: Mixture,
    start_density: float,
    pressure: float | None,
    schedule: Schedule,
    neighbour_distances: Sequence[float],
    n_cores: int = 1,
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Write the equilibrium and relaxation files of samples at one N and T.

    Args:
        hotter: equilibrium files to start from, one a sample; none for random starts.
        equilibria, relaxations: files to write, one a sample.
        samples: their numbers.
        study, seed, n_particles, temperature, mixture: the state point.
        start_density: of random starts, in 1/σ11².
        pressure: of the barostat stage, in ε/σ11²; None keeps the density.
        schedule: of the equilibration.
        neighbour_distances: (3,) by pair type, in σ11; they define the cages.
        n_cores: samples that are quenched and analysed at a time.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
        checkpoint: of this job.
    """
    generators = [
        stream(seed, "equilibrate", n_particles, temperature=temperature, sample=sample)
        for sample in samples
    ]
    if hotter:
        starts = [records.configuration(storage.read(path)) for path in hotter]
    else:
        starts = [
            random_start(
                mixture, n_particles, start_density, temperature=temperature, rng=rng
            ).configuration
            for rng in generators
        ]
    runs = cuda.equilibrate(
        starts,
        mixture,
        temperature,
        schedule=schedule,
        generators=generators,
        pressure=pressure,
        progress=lambda share: update(0.9 * share),
        checkpoint=checkpoint,
    )
    # a process that has used a device must not be forked
    context = multiprocessing.get_context("spawn")
    # Ctrl-C does not reach them: seconds before its end the job comes to it
    deaf = signal.SIGINT, signal.SIG_IGN
    with ProcessPoolExecutor(min(n_cores, len(runs)), context, signal.signal, deaf) as pool:
        written = [
            pool.submit(
                finish,
                run,
                mixture,
                schedule,
                equilibrium=equilibrium,
                relaxation=relaxation,
                inputs=[hotter[place]] if hotter else [],
                study=study,
                seed=seed,
                temperature=temperature,
                sample=sample,
                neighbour_distances=neighbour_distances,
                config=config,
                code=code,
                device=cuda.device_name(),
            )
            for place, (run, sample, equilibrium, relaxation) in enumerate(
                zip(runs, samples, equilibria, relaxations, strict=True)
            )
        ]
        for number, future in enumerate(written, start=1):
            future.result()
            update(0.9 + 0.1 * number / len(written))


def finish(
    run: cuda.Run,
    mixture: Mixture,
    schedule: Schedule,
    *,
    equilibrium: str | Path,
    relaxation: str | Path,
    inputs: Sequence[str | Path],
    config: str,
    code: str,
    device: str,
    **point: Any,
) -> None:
    """Write the two files of one run.

    Args:
        run: of one sample.
        mixture, schedule: of the run.
        equilibrium, relaxation: files to write.
        inputs: files that the run began from.
        config, code: as `simulate` takes them.
        device: that moved the particles.
        point: what else `write_equilibrium` takes.
    """
    write_equilibrium(
        equilibrium,
        relaxation,
        run.equilibration(mixture, schedule),
        mixture=mixture,
        provenance=storage.provenance(inputs, config, code) | {"device": device},
        backend=BACKEND,
        **point,
    )
