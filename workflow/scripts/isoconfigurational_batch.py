"""Run all configurations at one N and T many times from fresh velocities, on a GPU."""

import json

from softmodes.dynamics import cuda
from softmodes.stages import ensembles
from softmodes.study import job_log


def main() -> None:
    """The job of Snakemake."""
    config, outputs = json.dumps(snakemake.config), snakemake.output.isoconfigurational
    with job_log.job(snakemake.log[0]) as job:
        for sample, (equilibrium, output) in enumerate(
            zip(snakemake.input.equilibrium, outputs, strict=True)
        ):
            ensembles.write_ensemble(
                cuda.run_ensemble,
                equilibrium,
                snakemake.input.relaxation,
                output=output,
                precision="single",
                config=config,
                device=cuda.device_name(),
                **snakemake.params,
            )
            job.update((sample + 1) / len(outputs))


if __name__ == "__main__":
    main()
