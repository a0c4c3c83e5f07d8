"""Run all configurations at one N and T many times from fresh velocities, on a GPU."""

import json

from softmodes.stages import isoconfigurational_batch
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        isoconfigurational_batch.run_ensembles(
            snakemake.input.equilibrium,
            snakemake.input.relaxation,
            snakemake.output.isoconfigurational,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
