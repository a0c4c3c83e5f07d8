"""Set the study's results beside the Letter's statements."""

import json

from softmodes.stages import summary
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        summary.summarise(
            dict(snakemake.input.items()),
            snakemake.params.study,
            snakemake.params.model,
            seed=snakemake.params.seed,
            markdown=snakemake.output.markdown,
            data=snakemake.output.json,
            config=json.dumps(snakemake.config),
            code=snakemake.params.code,
        )
