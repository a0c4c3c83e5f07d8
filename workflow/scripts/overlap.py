"""Overlaps between the fields of the samples of one N and T, with their controls."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pandas as pd

from softmodes import dynamics, progress, state, storage, tables
from softmodes.comparison import Comparison


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

    Of the names, DW is the Debye-Waller factor, DP the propensity, p soft modes, d the nonaffine
    displacement and lin the linear response; where each is clustered, `Comparison.fields` tells.
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
        shuffles,
        state.random_stream(source, "overlap"),
        top_fraction,
        minimum_cluster,
    )
    fields = compare.fields(
        thermal,
        moved.data,
        quenched.data,
        soft=soft.data,
        n_modes=soft.dataset_attributes["soft_participation"]["n_modes"],
        neighbour_distances=neighbour_distances,
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
