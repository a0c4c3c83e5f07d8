"""Collect what the trajectories of every N and T tell of soft modes into one table."""

import json

from softmodes.stages import persistence
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        persistence.collect(
            snakemake.input.persistence,
            snakemake.output.landscape,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
