"""Overlaps between the fields of the samples of one N and T, with their controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import pandas as pd

from softmodes.analysis.comparison import Comparison
from softmodes.dynamics.interruption import Progress
from softmodes.report import tables
from softmodes.study import records, storage


def overlap_rows(
    files: Mapping[str, str],
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
        files: to read: `equilibrium`, `isoconfigurational`, `quench` and `modes`.
        top_fraction, minimum_cluster: what Θ keeps.
        neighbour_distances: (3,) by pair type, in σ11.
        shuffles: number of shuffled fields in each control.
    """
    source = storage.read(files["equilibrium"])
    thermal = records.configuration(source)
    moved = storage.read(files["isoconfigurational"])
    quenched = storage.read(files["quench"], "gamma", "positions", "nonaffine", "linear_response")
    soft = storage.read(files["modes"])
    compare = Comparison(
        thermal.species,
        shuffles,
        records.random_stream(source, "overlap"),
        top_fraction=top_fraction,
        minimum_cluster=minimum_cluster,
    )
    fields = compare.fields(
        thermal,
        moved.data,
        quenched.data,
        soft=soft.data,
        n_modes=soft.dataset_attributes["soft_participation"]["n_modes"],
        neighbour_distances=neighbour_distances,
    )
    return [source.point | row for row in compare.rows(fields)]


def write_overlaps(
    stages: Mapping[str, Sequence[str]],
    output: str,
    *,
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
    **options: Any,
) -> None:
    """Write the overlap table of the samples of one N and T.

    Args:
        stages: the files of each stage that `overlap_rows` reads, in the same order of the samples.
        output: table to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
        options: as `overlap_rows`.
    """
    rows = []
    samples = list(zip(*stages.values(), strict=True))
    for number, files in enumerate(samples, start=1):
        rows += overlap_rows(dict(zip(stages, files, strict=True)), **options)
        update(number / len(samples))
    tables.write_csv(pd.DataFrame(rows, columns=tables.OVERLAP_COLUMNS), output)
    storage.write_provenance([output], chain.from_iterable(stages.values()), config, code=code)
