"""Check the files of all state points against each other."""

import json

from softmodes.stages import checks
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        checks.check(
            dict(snakemake.input.items()),
            snakemake.output.checks,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
