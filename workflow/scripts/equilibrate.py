"""Bring one sample to its temperature, from the next higher one or from a random start; or take it
from published equilibria.
"""

import json

from softmodes.stages import equilibrate
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        equilibrate.equilibrate(
            snakemake.input.hotter or None,
            snakemake.output.equilibrium,
            snakemake.output.relaxation,
            published=snakemake.input.published,
            n_particles=int(snakemake.wildcards.n_particles),
            temperature=float(snakemake.wildcards.temperature),
            sample=int(snakemake.wildcards.sample),
            checkpoint_interval=snakemake.config["checkpoint_interval"],
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
