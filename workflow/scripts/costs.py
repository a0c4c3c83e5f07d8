"""What the jobs took that have finished, by stage, N and T."""

from pathlib import Path

from softmodes.stages import estimate
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        estimate.write_costs(
            snakemake.config,
            logs=Path(snakemake.log[0]).parent,
            output=snakemake.output.costs,
            **snakemake.params,
        )
