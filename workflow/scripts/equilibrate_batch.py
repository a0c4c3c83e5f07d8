"""Bring all samples at one N and T to equilibrium on a GPU, or take them from published ones."""

import json
from collections.abc import Mapping

from softmodes.dynamics import trajectory
from softmodes.stages import batches
from softmodes.study import equilibria, job_log
from softmodes.study.checkpoint import of_job
from softmodes.system.mixture import Mixture


def equilibrate(
    files: Mapping[str, list],
    samples: list[int],
    *,
    model: Mapping[str, float],
    time_step: float,
    barostat_time: float | None,
    equilibration_time: float,
    series_points: int,
    **arguments,
) -> None:
    """Write the equilibrium and relaxation files of samples.

    Args:
        files: `hotter`, `equilibria` and `relaxations`, as `batches.equilibrate` takes them.
        samples: their numbers.
        model: the mixture, by the keys of `Mixture`.
        time_step, barostat_time, equilibration_time: in τ.
        series_points: number of points of the recorded series.
        arguments: the others of `batches.equilibrate`.
    """
    batches.equilibrate(
        *(files[name] for name in ("hotter", "equilibria", "relaxations")),
        samples=samples,
        mixture=Mixture(**model),
        schedule=trajectory.schedule(
            time_step, equilibration_time, series_points, barostat_time=barostat_time or 0.0
        ),
        **arguments,
    )


def main() -> None:
    """The job of Snakemake."""
    parameters = dict(snakemake.params)
    archives = parameters.pop("published")
    config, code = json.dumps(snakemake.config), parameters["code"]
    outputs = list(zip(snakemake.output.equilibrium, snakemake.output.relaxation, strict=True))
    simulated = [sample for sample, archive in enumerate(archives) if not archive]
    files = {
        "hotter": list(snakemake.input.hotter),
        "equilibria": [outputs[sample][0] for sample in simulated],
        "relaxations": [outputs[sample][1] for sample in simulated],
    }
    point = {
        "n_particles": int(snakemake.wildcards.n_particles),
        "temperature": float(snakemake.wildcards.temperature),
    }
    interval = snakemake.config["checkpoint_interval"]
    with job_log.job(snakemake.log[0]) as job:
        for sample, archive in enumerate(archives):
            if archive:
                equilibrium, relaxation = outputs[sample]
                equilibria.unpack(
                    archive,
                    sample,
                    equilibrium=equilibrium,
                    relaxation=relaxation,
                    config=config,
                    code=code,
                )
        if not simulated:
            return
        with of_job(outputs[0][0], files["hotter"], point | parameters, interval=interval) as kept:
            equilibrate(
                files,
                simulated,
                n_cores=snakemake.threads,
                config=config,
                update=job.update,
                checkpoint=kept,
                **point,
                **parameters,
            )


if __name__ == "__main__":
    main()
