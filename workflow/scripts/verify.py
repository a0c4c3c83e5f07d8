"""Check an archive against its manifest, and write down the verdict."""

from softmodes.stages import verify
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        verify.verify(snakemake.input.archive, snakemake.params.verdict)
