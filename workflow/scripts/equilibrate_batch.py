"""Bring all samples at one N and T to equilibrium on a GPU, or take them from published ones."""

import json

from softmodes.stages import equilibrate_batch
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        equilibrate_batch.equilibrate(
            list(snakemake.input.hotter),
            list(snakemake.output.equilibrium),
            list(snakemake.output.relaxation),
            n_particles=int(snakemake.wildcards.n_particles),
            temperature=float(snakemake.wildcards.temperature),
            n_cores=snakemake.threads,
            checkpoint_interval=snakemake.config["checkpoint_interval"],
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
