"""Bring one sample to its temperature, from the next higher one or from a random start."""

import json
from collections.abc import Mapping

from softmodes import dynamics, progress, state, storage
from softmodes.checkpoint import Checkpoint, of_job
from softmodes.model import Mixture
from softmodes.random_streams import stream


def equilibrate(
    hotter: str | None,
    equilibrium: str,
    *,
    study: str,
    seed: int,
    n_particles: int,
    temperature: float,
    sample: int,
    model: Mapping[str, float],
    start_density: float,
    pressure: float | None,
    time_step: float,
    barostat_time: float | None,
    equilibration_time: float,
    series_points: int,
    precision: str,
    config: str = "",
    code: str = "",
    update: dynamics.Progress = lambda share: None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Write the equilibrium file of one state point.

    Args:
        hotter: equilibrium file to start from; None for a random start.
        equilibrium: file to write.
        model: the mixture, by the keys of `Mixture`.
        start_density: of a random start, in 1/σ11².
        pressure: of the barostat stage, in ε/σ11²; None keeps the density.
        time_step, barostat_time, equilibration_time: in τ.
        series_points: number of points of the recorded series.
        precision: a key of `dynamics.PRECISIONS`.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
        checkpoint: of this job.
    """
    mixture = Mixture(**model)
    rng = stream(seed, "equilibrate", n_particles, temperature, sample)
    if hotter is None:
        start = dynamics.random_configuration(mixture, n_particles, start_density, temperature, rng)
    else:
        start = state.configuration(storage.read(hotter))
    reached = dynamics.equilibrate(
        start,
        mixture,
        temperature,
        time_step,
        equilibration_time,
        series_points,
        rng,
        pressure,
        barostat_time or 0.0,
        dynamics.PRECISIONS[precision],
        update,
        checkpoint,
    )
    end = reached.configuration
    wrapped, image = end.cell.wrap(end.positions)
    storage.write(
        equilibrium,
        "equilibrium",
        {
            "positions": wrapped,
            "image": image,
            "velocities": end.velocities,
            "species": end.species,
            "series/time": reached.time,
            "series/energy": reached.energy,
            "series/pressure": reached.pressures,
            "series/inherent_energy": reached.inherent_energy,
        },
        {
            "study": study,
            "n_particles": n_particles,
            "temperature": temperature,
            "sample": sample,
            "seed": seed,
            "density": n_particles / end.cell.area,
            **model,
            "backend": "cpu",
            "box_length": end.cell.length,
            "pressure": reached.pressure,
            "time": float(reached.time[-1]),
        },
        storage.provenance([hotter] if hotter else [], config, code),
    )


if __name__ == "__main__":
    point = {
        "n_particles": int(snakemake.wildcards.n_particles),
        "temperature": float(snakemake.wildcards.temperature),
        "sample": int(snakemake.wildcards.sample),
    }
    hotter, equilibrium = snakemake.input.hotter or None, snakemake.output.equilibrium
    parameters = point | dict(snakemake.params)
    interval = snakemake.config["checkpoint_interval"]
    with (
        progress.job(snakemake.log[0]) as job,
        of_job(equilibrium, [hotter] if hotter else [], parameters, interval) as kept,
    ):
        equilibrate(
            hotter,
            equilibrium,
            config=json.dumps(snakemake.config),
            update=job.update,
            checkpoint=kept,
            **parameters,
        )
