"""Where soft modes stay along the trajectories of one N and T, and where they change."""

import json

from softmodes.stages import persistence
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        persistence.write_rows(
            dict(snakemake.input.items()),
            snakemake.output.persistence,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
