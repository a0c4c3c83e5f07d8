"""Pages of the report: the figures, the summary, and one page per sample."""

from softmodes.stages import pages
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        pages.write_pages(
            dict(snakemake.input.items()), dict(snakemake.output.items()), snakemake.config
        )
