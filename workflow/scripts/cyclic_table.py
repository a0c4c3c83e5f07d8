"""Collect the cycles of all samples and amplitudes into one table."""

import json

from softmodes.stages import cyclic_shear
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        cyclic_shear.write_table(
            snakemake.input.cyclic,
            snakemake.output.cyclic_shear,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
