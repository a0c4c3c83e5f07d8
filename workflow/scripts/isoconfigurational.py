"""Run one configuration many times from fresh velocities."""

import json

from softmodes.stages import isoconfigurational
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        isoconfigurational.run_ensemble(
            snakemake.input.equilibrium,
            snakemake.input.relaxation,
            snakemake.output.isoconfigurational,
            checkpoint_interval=snakemake.config["checkpoint_interval"],
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
