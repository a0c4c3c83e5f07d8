"""The figures of a study from its published tables, and one page of them and its summary."""

import json
from pathlib import Path

from softmodes.stages import pages
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        tables = dict(snakemake.input.items())
        pages.publish(
            tables,
            Path(snakemake.output.report).parent,
            summary=tables.pop("summary"),
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
