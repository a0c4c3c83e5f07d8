"""How much of the linear response the lowest modes hold, in all samples."""

import json

from softmodes.stages import linear_response
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        linear_response.write_table(
            snakemake.input.responses,
            snakemake.output.table,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
