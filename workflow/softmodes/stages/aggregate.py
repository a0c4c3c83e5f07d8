"""Collect the files of all state points into the study's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from softmodes.report import tables
from softmodes.study import storage


def aggregate(
    stages: Mapping[str, Sequence[str]],
    outputs: Mapping[str, str],
    *,
    minimum_relaxation_times: float,
    minimum_cage_relative_times: float,
    neighbour_distances: Sequence[float],
    config: str = "",
    code: str = "",
) -> None:
    """Write every table from the files of all state points.

    Args:
        stages: paths of the files by stage: equilibrium, relaxation, isoconfigurational, quench and
            modes, HDF5 files, and overlap, CSV files.
        outputs: paths of the tables by name.
        minimum_relaxation_times, minimum_cage_relative_times, neighbour_distances: as
            `tables.state_points` takes them.
        config, code: the study's configuration and `code_digest`, for the provenance.

    Raises:
        InputError: if an overlap file lacks columns, or relaxation files of one N and T differ in
            their times.
    """
    overlaps = tables.collect_overlaps(stages["overlap"])
    energy_stress = tables.energy_stress(stages["quench"])
    vs_temperature = tables.overlap_vs_temperature(overlaps, energy_stress)
    state_points = tables.state_points(
        stages,
        minimum_relaxation_times=minimum_relaxation_times,
        minimum_cage_relative_times=minimum_cage_relative_times,
        neighbour_distances=neighbour_distances,
    )
    frames = {
        "overlap_vs_gamma": tables.overlap_vs_gamma(overlaps, stages["quench"]),
        "overlap_vs_temperature": vs_temperature,
        "overlap_vs_modes": tables.overlap_vs_modes(overlaps, energy_stress),
        "energy_stress": energy_stress,
        "relaxation": tables.relaxation(stages["relaxation"]),
        "state_points": state_points,
        "means": tables.means(state_points, vs_temperature),
    }
    for name, frame in frames.items():
        tables.write_csv(frame, outputs[name])
    written = [outputs[name] for name in frames]
    storage.write_provenance(written, chain.from_iterable(stages.values()), config, code=code)
