"""Inherent structures of one configuration, sheared by every strain of the grid."""

import json

from softmodes.stages import quench
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        quench.quench_strains(
            snakemake.input.equilibrium,
            snakemake.output.quench,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
