"""One of the study's figures, from tables or, the maps of figure 3, from one state point."""

import json

from softmodes.stages import figure
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        figure.draw(
            snakemake.params.number,
            dict(snakemake.input.items()),
            snakemake.output.pdf,
            png=snakemake.output.png,
            config=json.dumps(snakemake.config),
            code=snakemake.params.code,
        )
