"""Collect the files of all state points into the study's tables."""

import json

from softmodes.stages import aggregate
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        aggregate.aggregate(
            dict(snakemake.input.items()),
            dict(snakemake.output.items()),
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
