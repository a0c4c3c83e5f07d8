"""Many state points in one job: a GPU moves the particles, the cores do the rest.

Inherent structures, structure and relaxation of each sample are found on the CPU, as many samples
at a time as the job has cores, and each sample's files are those of a job of its own.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softmodes.dynamics import cuda
from softmodes.dynamics.trajectory import Progress, Schedule, random_start
from softmodes.random_streams import stream
from softmodes.study import records, storage
from softmodes.system.mixture import Mixture

if TYPE_CHECKING:
    from softmodes.study.checkpoint import Checkpoint

BACKEND = "cuda"


def equilibrate(
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
    update: Progress = lambda share: None,
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
        config, code: as `equilibrate` takes them.
        device: that moved the particles.
        point: what else `state.write_equilibrium` takes.
    """
    records.write_equilibrium(
        equilibrium,
        relaxation,
        run.equilibration(mixture, schedule),
        mixture=mixture,
        provenance=storage.provenance(inputs, config, code) | {"device": device},
        backend=BACKEND,
        **point,
    )
