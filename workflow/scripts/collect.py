"""One table of all those of a study's state points."""

import json

from softmodes.stages import collect
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        collect.collect(
            snakemake.input.parts,
            snakemake.output.table,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
