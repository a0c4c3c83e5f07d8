"""What the overlaps of one state point become where choices of the analysis are made otherwise."""

import json

from softmodes.stages import variants
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        variants.write_variants(
            dict(snakemake.input.items()),
            snakemake.output.variants,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
