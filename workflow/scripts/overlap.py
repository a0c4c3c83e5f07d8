"""Overlaps between the fields of the samples of one N and T, with their controls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes import dynamics, overlap, progress, state, storage, tables
from softmodes.model import SMALL


class Field(NamedTuple):
    """One number per particle (N,) and the bonds of the configuration that it belongs to."""

    values: NDArray[np.float64]
    bonds: tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class Comparison:
    """What selects particles, and what the controls shuffle with.

    Attributes:
        species: (N,).
        top_fraction, minimum_cluster: what Θ keeps.
        shuffles: number of shuffled fields in each control.
        rng: source of the shuffles.
    """

    species: NDArray[np.int8]
    top_fraction: float
    minimum_cluster: int
    shuffles: int
    rng: np.random.Generator

    def selected(self, field: Field) -> NDArray[np.bool_]:
        """Θ of a field."""
        return overlap.top_clusters(
            field.values, *field.bonds, self.top_fraction, self.minimum_cluster
        )

    def of(self, one: Field, other: Field) -> dict[str, float]:
        """The overlap of two fields; the controls shuffle the other one."""
        selected = self.selected(one)

        def shuffled(within: NDArray[np.int8] | None) -> float:
            return overlap.shuffled_overlap(
                selected,
                other.values,
                *other.bonds,
                self.rng,
                self.shuffles,
                within,
                self.top_fraction,
                self.minimum_cluster,
            )

        return {
            "overlap": overlap.overlap(selected, self.selected(other)),
            "random": shuffled(None),
            "within_species": shuffled(self.species),
        }

    def with_small(self, field: Field) -> dict[str, float]:
        """The overlap of a field with all small particles, unclustered."""
        selected, small = self.selected(field), self.species == SMALL
        by_chance = [
            overlap.overlap(selected, self.rng.permutation(small)) for _ in range(self.shuffles)
        ]
        found = overlap.overlap(selected, small)
        return {"overlap": found, "random": np.mean(by_chance), "within_species": found}


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
    (d) and of the harmonic Debye-Waller factor on the unstrained one. `n_modes` is 0 where no soft
    modes enter. `DW_small` sets DW against all small particles.

    Args:
        equilibrium, isoconfigurational, quench, soft_modes: files to read.
        top_fraction, minimum_cluster: what Θ keeps.
        neighbour_distances: (3,) by pair type, in σ11.
        shuffles: number of shuffled fields in each control.
    """
    source = storage.read(equilibrium)
    thermal = state.configuration(source)
    moved = storage.read(isoconfigurational)
    quenched = storage.read(quench, "gamma", "positions", "nonaffine")
    soft = storage.read(soft_modes)
    compare = Comparison(
        thermal.species,
        top_fraction,
        minimum_cluster,
        shuffles,
        state.random_stream(source, "overlap"),
    )

    def bonds(positions: NDArray[np.float64], strain: float = 0.0) -> tuple:
        return overlap.neighbour_bonds(
            positions, thermal.species, thermal.cell.sheared(strain), neighbour_distances
        )

    gamma, n_modes = quenched["gamma"], soft.dataset_attributes["soft_participation"]["n_modes"]
    inherent_bonds = [bonds(*pair) for pair in zip(quenched["positions"], gamma, strict=True)]
    thermal_bonds = bonds(thermal.positions)
    debye_waller = Field(moved["debye_waller"], thermal_bonds)
    softness = list(map(Field, soft["soft_participation"], inherent_bonds))
    nonaffine = [
        Field(np.linalg.norm(vectors, axis=1), inherent_bonds[0])
        for vectors in quenched["nonaffine"]
    ]

    pairs = [("DW_pq", 0.0, n_modes, debye_waller, softness[0])]
    for place, strain in enumerate(gamma[1:], start=1):
        pairs += [
            ("DW_p", strain, n_modes, debye_waller, softness[place]),
            ("DW_d", strain, 0, debye_waller, nonaffine[place]),
            ("d_p", strain, n_modes, nonaffine[place], softness[place]),
            ("pq_pdq", strain, n_modes, softness[0], softness[place]),
        ]
    for strain, participations in zip(
        soft["scan/gamma"], soft["scan/soft_participation"], strict=True
    ):
        (place,) = np.flatnonzero(gamma == strain)
        for number, participation in zip(soft["scan/n_modes"], participations, strict=True):
            varied = Field(participation, inherent_bonds[place])
            pairs += [
                ("scan_DW_p", strain, number, debye_waller, varied),
                ("scan_d_p", strain, number, nonaffine[place], varied),
            ]
    if "propensity" in moved.data:
        propensity = Field(moved["propensity"], thermal_bonds)
        pairs += [
            ("DW_DP", 0.0, 0, debye_waller, propensity),
            ("DP_pq", 0.0, n_modes, propensity, softness[0]),
        ]
        pairs += [
            ("DP_p", strain, n_modes, propensity, field)
            for strain, field in zip(gamma[1:], softness[1:], strict=True)
        ]
    if "harmonic_debye_waller" in soft.data:
        harmonic = Field(soft["harmonic_debye_waller"], inherent_bonds[0])
        pairs.append(("DW_harmonic", 0.0, 0, debye_waller, harmonic))

    state_point = {name: source.attributes[name] for name in tables.STATE}
    return [
        state_point
        | {"quantity": "DW_small", "gamma": 0.0, "n_modes": 0}
        | compare.with_small(debye_waller),
        *(
            state_point
            | {"quantity": quantity, "gamma": strain, "n_modes": number}
            | compare.of(one, other)
            for quantity, strain, number, one, other in pairs
        ),
    ]


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
