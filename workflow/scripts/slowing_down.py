"""Densities and relaxation times of a study, and the laws they follow."""

import json

from softmodes.stages import slowing_down
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        slowing_down.write_slowing_down(
            snakemake.input.relaxation,
            times=snakemake.output.slowing_down,
            laws=snakemake.output.slowing_down_laws,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
