"""Compile all kernels into the shared cache, before many jobs that have none start at once."""

from pathlib import Path

from softmodes.stages.compile import compile_kernels
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        compile_kernels(snakemake.params.precision, snakemake.threads)
        Path(snakemake.output.done).touch()
