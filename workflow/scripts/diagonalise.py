"""The modes of the inherent structures of one state point, and where they move particles."""

import json

from softmodes.stages import diagonalise
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        diagonalise.diagonalise(
            snakemake.input.equilibrium,
            snakemake.input.quench,
            snakemake.output.modes,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
