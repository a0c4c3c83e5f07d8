"""The inherent structures along a trajectory from one configuration, and their soft modes."""

import json

from softmodes.stages import landscape
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        landscape.follow(
            snakemake.input.equilibrium,
            snakemake.output.landscape,
            checkpoint_interval=snakemake.config["checkpoint_interval"],
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
