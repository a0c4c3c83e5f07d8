"""Shear the inherent structure of one state point to and fro at one amplitude."""

import json

from softmodes.stages import cyclic_shear
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        cyclic_shear.run_cycles(
            snakemake.input.equilibrium,
            snakemake.output.cyclic,
            checkpoint_interval=snakemake.config["checkpoint_interval"],
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
