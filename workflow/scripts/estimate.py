"""Print what the study will cost, before anything is submitted, and what it took so far."""

from pathlib import Path

from softmodes.stages import estimate
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        logs = Path(snakemake.log[0]).parent
        print(estimate.estimate(snakemake.config, logs=logs, **snakemake.params))
