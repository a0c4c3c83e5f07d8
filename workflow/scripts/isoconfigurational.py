"""Run one configuration many times from fresh velocities."""

import functools
import json

from softmodes.dynamics import isoconfigurational, trajectory
from softmodes.stages import ensembles
from softmodes.study import job_log
from softmodes.study.checkpoint import of_job


def main() -> None:
    """The job of Snakemake."""
    equilibrium, relaxation_files = snakemake.input.equilibrium, snakemake.input.relaxation
    output, parameters = snakemake.output.isoconfigurational, dict(snakemake.params)
    inputs, interval = [equilibrium, *relaxation_files], snakemake.config["checkpoint_interval"]
    with (
        job_log.job(snakemake.log[0]) as job,
        of_job(output, inputs, parameters, interval=interval) as kept,
    ):
        run_ensemble = functools.partial(
            isoconfigurational.run_ensemble,
            precision=trajectory.PRECISIONS[parameters["precision"]],
            progress=job.update,
            checkpoint=kept,
        )
        ensembles.write_ensemble(
            run_ensemble,
            equilibrium,
            relaxation_files,
            output=output,
            config=json.dumps(snakemake.config),
            **parameters,
        )


if __name__ == "__main__":
    main()
