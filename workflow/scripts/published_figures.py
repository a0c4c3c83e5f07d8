"""The figures of a study from its published tables."""

import json
from pathlib import Path

from softmodes.stages import figure
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        folder = Path(snakemake.output[0]).parent
        figure.draw_all(
            dict(snakemake.input.items()),
            folder,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
