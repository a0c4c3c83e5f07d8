"""Run all configurations at one N and T many times from fresh velocities, on a GPU."""

import json

from softmodes import cuda_dynamics, ensembles, progress


def main() -> None:
    """The job of Snakemake."""
    config, outputs = json.dumps(snakemake.config), snakemake.output.isoconfigurational
    with progress.job(snakemake.log[0]) as job:
        for sample, (equilibrium, output) in enumerate(
            zip(snakemake.input.equilibrium, outputs, strict=True)
        ):
            ensembles.write_ensemble(
                cuda_dynamics.run_ensemble,
                equilibrium,
                snakemake.input.relaxation,
                output=output,
                precision="single",
                config=config,
                device=cuda_dynamics.device_name(),
                **snakemake.params,
            )
            job.update((sample + 1) / len(outputs))


if __name__ == "__main__":
    main()
