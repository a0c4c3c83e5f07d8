"""Overlaps between the fields of the samples of one N and T, with their controls."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes import dynamics, progress, state, storage, tables
from softmodes.comparison import Bonds, Comparison, Field, Fields
from softmodes.overlap import neighbour_bonds


def overlap_rows(
    equilibrium: str,
    isoconfigurational: str,
    quench: str,
    soft_modes: str,
    *,
    top_fraction: float,
    minimum_cluster: int,
    neighbour_distances: Sequence[float],
    shuffles: int,
) -> list[dict[str, Any]]:
    """The rows of the overlap table of one state point, keys `tables.OVERLAP_COLUMNS`.

    Clusters of Debye-Waller factor (DW) and propensity (DP) are taken on the thermal configuration,
    those of soft modes (p) each on its own inherent structure, those of the nonaffine displacement
    (d), of the linear response (lin) and of the harmonic Debye-Waller factor on the unstrained one.
    `n_modes` is 0 where no soft modes enter. `DW_small` sets DW against all small particles,
    `DW_equal_size` against small ones drawn at random, as many as DW selects from.

    Args:
        equilibrium, isoconfigurational, quench, soft_modes: files to read.
        top_fraction, minimum_cluster: what Θ keeps.
        neighbour_distances: (3,) by pair type, in σ11.
        shuffles: number of shuffled fields in each control.
    """
    source = storage.read(equilibrium)
    thermal = state.configuration(source)
    moved = storage.read(isoconfigurational)
    quenched = storage.read(quench, "gamma", "positions", "nonaffine", "linear_response")
    soft = storage.read(soft_modes)
    compare = Comparison(
        thermal.species,
        top_fraction,
        minimum_cluster,
        shuffles,
        state.random_stream(source, "overlap"),
    )

    def bonds(positions: NDArray[np.float64], strain: float = 0.0) -> Bonds:
        return neighbour_bonds(
            positions, thermal.species, thermal.cell.sheared(strain), neighbour_distances
        )

    gamma, thermal_bonds = quenched["gamma"], bonds(thermal.positions)
    inherent_bonds = dict(zip(gamma, map(bonds, quenched["positions"], gamma), strict=True))

    def measured(name: str) -> Field | None:
        if name not in moved.data:
            return None
        return compare.field(moved[name], thermal_bonds, moved[f"{name}_halves"])

    def unstrained(values: NDArray[np.float64]) -> Field:
        return compare.field(values, inherent_bonds[0.0])

    fields = Fields(
        debye_waller=measured("debye_waller"),
        linear=unstrained(np.linalg.norm(quenched["linear_response"], axis=1)),
        nonaffine={
            strain: unstrained(np.linalg.norm(vectors, axis=1))
            for strain, vectors in zip(gamma, quenched["nonaffine"], strict=True)
        },
        soft={
            strain: compare.field(participation, inherent_bonds[strain])
            for strain, participation in zip(gamma, soft["soft_participation"], strict=True)
        },
        scan={
            (strain, number): compare.field(participation, inherent_bonds[strain])
            for strain, row in zip(soft["scan/gamma"], soft["scan/soft_participation"], strict=True)
            for number, participation in zip(soft["scan/n_modes"], row, strict=True)
        },
        n_modes=soft.dataset_attributes["soft_participation"]["n_modes"],
        propensity=measured("propensity"),
        harmonic=unstrained(soft["harmonic_debye_waller"])
        if "harmonic_debye_waller" in soft.data
        else None,
    )
    state_point = {name: source.attributes[name] for name in tables.STATE}
    return [state_point | row for row in compare.rows(fields)]


def write_overlaps(
    stages: Sequence[Sequence[str]],
    output: str,
    *,
    config: str = "",
    code: str = "",
    update: dynamics.Progress = lambda share: None,
    **options: Any,
) -> None:
    """Write the overlap table of the samples of one N and T.

    Args:
        stages: the files of the samples, stage by stage in the order of `overlap_rows`.
        output: table to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
        options: as `overlap_rows`.
    """
    rows = []
    samples = list(zip(*stages, strict=True))
    for number, files in enumerate(samples, start=1):
        rows += overlap_rows(*files, **options)
        update(number / len(samples))
    tables.write_csv(pd.DataFrame(rows, columns=tables.OVERLAP_COLUMNS), output)
    storage.write_provenance([output], chain.from_iterable(stages), config, code)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]) as job:
        write_overlaps(
            [
                snakemake.input.equilibrium,
                snakemake.input.isoconfigurational,
                snakemake.input.quench,
                snakemake.input.modes,
            ],
            snakemake.output.overlap,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
