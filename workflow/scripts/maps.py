"""The table that figure 3 is drawn from."""

import json

from softmodes.stages import maps
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        maps.write_maps(
            **snakemake.input,
            output=snakemake.output.maps,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
