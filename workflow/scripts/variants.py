"""What choices of the analysis change, over all samples for which they were made otherwise."""

import json

from softmodes.stages import variants
from softmodes.study import job_log

if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        variants.write_comparison(
            snakemake.input.variants,
            differences=snakemake.output.variants,
            directions=snakemake.output.shear_directions,
            config=json.dumps(snakemake.config),
            **snakemake.params,
        )
