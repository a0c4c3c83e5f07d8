"""The critical strains of a study and their trends, from its tables."""

import json

from softmodes.stages import gamma_c
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        gamma_c.write_strains(
            snakemake.input.overlap,
            snakemake.input.energy,
            strains=snakemake.output.gamma_c,
            trends=snakemake.output.gamma_c_trends,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
