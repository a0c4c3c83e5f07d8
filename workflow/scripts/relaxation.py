"""Measure structure and relaxation of one equilibrated configuration."""

import json
import math
from collections.abc import Sequence

from softmodes import dynamics, progress, relaxation, state, storage

MOST_FRAMES = 1000
"""Frames of the trajectory, at most; all are in memory at once."""


def measure(
    equilibrium: str,
    output: str,
    *,
    time_step: float,
    relaxation_time: float,
    precision: str,
    neighbour_distances: Sequence[float],
    config: str = "",
    code: str = "",
    update: dynamics.Progress = lambda share: None,
) -> None:
    """Write the relaxation file of one state point, from a run at constant energy.

    Args:
        equilibrium: file to read.
        output: file to write.
        time_step, relaxation_time: step and length of the run, in τ.
        precision: a key of `dynamics.PRECISIONS`.
        neighbour_distances: (3,) by pair type, in σ11; they define the cages.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
    """
    source = storage.read(equilibrium)
    start = state.configuration(source)
    trajectory = dynamics.Trajectory(
        start, state.mixture(source), time_step, dynamics.PRECISIONS[precision]
    )
    n_steps = dynamics.whole_steps(relaxation_time, time_step)
    steps_per_frame = math.ceil(n_steps / MOST_FRAMES)
    frames = dynamics.record(trajectory, n_steps // steps_per_frame, steps_per_frame, update)

    wavenumber, structure = relaxation.structure_factor(frames, start.species, start.cell)
    radius, distribution = relaxation.radial_distribution(frames, start.species, start.cell)
    peak = relaxation.first_peak(wavenumber, structure[0])
    lags = relaxation.logarithmic_lags(len(frames))
    moved = relaxation.self_dynamics(
        frames, lags, peak, start.species, start.cell, neighbour_distances
    )
    storage.write(
        output,
        "relaxation",
        {
            "time": lags * (steps_per_frame * time_step),
            "self_intermediate_scattering": moved.self_intermediate_scattering,
            "cage_relative_scattering": moved.cage_relative_scattering,
            "mean_squared_displacement": moved.mean_squared_displacement,
            "wavenumber": wavenumber,
            "structure_factor": structure,
            "radius": radius,
            "radial_distribution": distribution,
        },
        source.common_attributes | {"box_length": start.cell.length, "peak_wavenumber": peak},
        storage.provenance([equilibrium], config, code),
    )


if __name__ == "__main__":
    with progress.job(snakemake.log[0]) as job:
        measure(
            snakemake.input.equilibrium,
            snakemake.output.relaxation,
            config=json.dumps(snakemake.config),
            # the rest of the time goes to the correlation functions
            update=job.part(0.0, 0.9),
            **snakemake.params,
        )
