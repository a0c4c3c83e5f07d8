"""Take a sample from published equilibria, and run it on where it is shorter than asked for."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from softmodes.dynamics import equilibration, trajectory
from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.stages.equilibrations import end_datasets
from softmodes.study import equilibria, records, storage
from softmodes.study.checkpoint import of_job


def take(
    archive: str | Path,
    equilibrium: str | Path,
    relaxation: str | Path,
    *,
    sample: int,
    time_step: float,
    equilibration_time: float,
    precision: str,
    checkpoint_interval: float,
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
) -> None:
    """Write the equilibrium and the relaxation file of a published sample.

    Where its constant-volume stage is shorter than asked for, that goes on in the same box, and the
    equilibrium file is then that of both parts. Relaxation functions stay those of the first.

    Args:
        archive: that holds the sample.
        equilibrium, relaxation: files to write.
        sample: its number.
        time_step, equilibration_time: in τ.
        precision: a key of `trajectory.PRECISIONS`.
        checkpoint_interval: in seconds.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
    """
    equilibria.unpack(
        archive, sample, equilibrium=equilibrium, relaxation=relaxation, config=config, code=code
    )
    times = {"time_step": time_step, "equilibration_time": equilibration_time}
    if equilibria.missing_time(storage.read(equilibrium).attributes["time"], equilibration_time):
        key = times | {"precision": precision, "code": code}
        with of_job(equilibrium, [equilibrium], key, interval=checkpoint_interval) as kept:
            run_on(equilibrium, precision=precision, update=update, checkpoint=kept, **times)


def run_on(
    equilibrium: str | Path,
    *,
    time_step: float,
    equilibration_time: float,
    precision: str,
    update: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Go on with the constant-volume stage of an equilibrium file, in its place.

    Its series gets as many more points, as far apart, as cover the time.

    Args:
        equilibrium: file to go on from, and to write.
        time_step: in τ.
        equilibration_time: of the whole stage, in τ.
        precision: a key of `trajectory.PRECISIONS`.
        update: called with the share done.
        checkpoint: of this job.
    """
    begun = storage.read(equilibrium)
    temperature, time = begun.attributes["temperature"], begun.attributes["time"]
    spacing = time / len(begun["series/time"])
    n_points = math.ceil(round((equilibration_time - time) / spacing, 6))
    added = equilibration.equilibrate(
        records.configuration(begun),
        records.mixture(begun),
        temperature,
        schedule=equilibration.schedule(time_step, n_points * spacing, n_points),
        rng=stretch_stream(begun),
        precision=trajectory.PRECISIONS[precision],
        progress=update,
        checkpoint=checkpoint,
    )
    series = {
        "time": time + added.time,
        "energy": added.energy,
        "pressure": added.pressures,
        "inherent_energy": added.inherent_energy,
    }
    whole = {
        f"series/{name}": np.concatenate([begun[f"series/{name}"], values])
        for name, values in series.items()
    }
    end = added.end.configuration
    storage.write(
        equilibrium,
        "equilibrium",
        end_datasets(end, **begun.point, seed=begun.attributes["seed"]) | whole,
        attributes=begun.common_attributes
        | {
            "box_length": begun.attributes["box_length"],
            "pressure": float(whole["series/pressure"].mean()),
            "time": float(whole["series/time"][-1]),
        },
        provenance=storage.read_provenance(equilibrium),
    )


def stretch_stream(begun: storage.StateFile) -> np.random.Generator:
    """The generator of what follows on an equilibrium file; a longer one has another."""
    thousandths = round(1000 * begun.attributes["time"])
    return records.random_stream(begun, "run on", replica=thousandths)
