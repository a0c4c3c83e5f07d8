"""Pack a study's tables, figures and summary, with all that tells where they come from."""

from softmodes.stages import archive
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        archive.pack(
            snakemake.input.results,
            snakemake.input.repository,
            snakemake.output.archive,
            config=snakemake.config,
        )
