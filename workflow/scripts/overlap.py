"""Overlaps between the fields of the samples of one N and T, with their controls."""

import json

from softmodes.stages import overlap
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        overlap.write_overlaps(
            dict(snakemake.input.items()),
            snakemake.output.overlap,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
