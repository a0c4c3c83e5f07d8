"""How much of the linear response the lowest modes hold, in the samples of one N and T."""

import json

from softmodes.stages import linear_response
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]) as job:
        linear_response.write_responses(
            snakemake.input.equilibrium,
            snakemake.output.response,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
