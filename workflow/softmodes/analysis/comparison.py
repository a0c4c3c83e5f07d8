"""Which fields of a sample meet which, and what is said of each pair.

    compare = Comparison(species, shuffles, rng)
    fields = compare.fields(thermal, moved, quenched, soft=..., n_modes=..., ...)
    compare.rows(fields)                                    ->  every row of the sample

`Fields` names what a sample has, each with Θ and ranks found once; `Fields.pairs` lists which of
them meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.analysis.overlap import (
    MINIMUM_CLUSTER,
    TOP_FRACTION,
    attainable_overlap,
    attenuation,
    chance_overlap,
    corrected_overlap,
    half_reliability,
    overlap,
    rank_correlation,
    shuffled_overlap,
    spearman_brown,
    standard_ranks,
    top_clusters,
)
from softmodes.system.configuration import Bonds, Configuration
from softmodes.system.mixture import SMALL


@dataclass(frozen=True)
class Field:
    """One number per particle, and all of it that comparisons need.

    Attributes:
        values: (N,).
        bonds: of the configuration that it belongs to.
        selected: (N,), Θ.
        ranks: (N,), `standard_ranks`.
        halves: Θ (N,) of either half of the runs, of a measured field; else None.
        half_reliability: of such a half; NaN if there are none.
    """

    values: NDArray[np.float64]
    bonds: Bonds
    selected: NDArray[np.bool_]
    ranks: NDArray[np.float64]
    halves: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None
    half_reliability: float


class Pair(NamedTuple):
    """Two fields that meet, of which the controls shuffle the other one.

    `n_modes` is 0 where no soft modes enter.
    """

    quantity: str
    gamma: float
    n_modes: int
    one: Field
    other: Field


@dataclass(frozen=True)
class Fields:
    """The fields of a sample.

    Attributes:
        debye_waller: DW, as the propensity on the thermal configuration, or None.
        linear: lin, length of the linear response to shear, on the unstrained inherent structure.
        nonaffine: d, length of the nonaffine displacement, by strain γ, on the same.
        soft: p, soft-mode participation by γ, each on its own inherent structure; γ = 0 too.
        scan: the same by γ and the number of modes.
        n_modes: that `soft` counts.
        propensity: DP, or None.
        harmonic: harmonic Debye-Waller factor, on the unstrained inherent structure, or None.
    """

    debye_waller: Field | None
    linear: Field
    nonaffine: Mapping[float, Field]
    soft: Mapping[float, Field]
    scan: Mapping[tuple[float, int], Field]
    n_modes: int
    propensity: Field | None
    harmonic: Field | None

    def pairs(self) -> Iterator[Pair]:
        """Which fields meet; new pairs go to the end, to leave the draws of the others alone."""
        moved, number, unstrained = self.debye_waller, self.n_modes, self.soft[0.0]
        strained = [(gamma, soft) for gamma, soft in self.soft.items() if gamma > 0.0]

        candidates: list[tuple[str, float, int, Field | None, Field | None]]
        candidates = [("DW_pq", 0.0, number, moved, unstrained)]
        for gamma, soft in strained:
            candidates += [
                ("DW_p", gamma, number, moved, soft),
                ("DW_d", gamma, 0, moved, self.nonaffine[gamma]),
                ("d_p", gamma, number, self.nonaffine[gamma], soft),
                ("pq_pdq", gamma, number, unstrained, soft),
            ]
        for (gamma, varied), soft in self.scan.items():
            candidates += [
                ("scan_DW_p", gamma, varied, moved, soft),
                ("scan_d_p", gamma, varied, self.nonaffine[gamma], soft),
            ]
        candidates += [
            ("DW_DP", 0.0, 0, moved, self.propensity),
            ("DP_pq", 0.0, number, self.propensity, unstrained),
            *(("DP_p", gamma, number, self.propensity, soft) for gamma, soft in strained),
            ("DW_harmonic", 0.0, 0, moved, self.harmonic),
            ("DW_lin", 0.0, 0, moved, self.linear),
            *(("lin_p", gamma, number, self.linear, soft) for gamma, soft in strained),
            *(
                ("scan_lin_p", gamma, varied, self.linear, soft)
                for (gamma, varied), soft in self.scan.items()
            ),
        ]
        for quantity, gamma, count, one, other in candidates:
            if one is not None and other is not None:
                yield Pair(quantity, gamma, count, one, other)


@dataclass(frozen=True)
class Comparison:
    """What selects particles, and what the controls shuffle with.

    Attributes:
        species: (N,).
        shuffles: number of shuffled fields in each control.
        rng: source of the shuffles.
        top_fraction, minimum_cluster: what Θ keeps.
    """

    species: NDArray[np.int8]
    shuffles: int
    rng: np.random.Generator
    top_fraction: float = TOP_FRACTION
    minimum_cluster: int = MINIMUM_CLUSTER

    def fields(
        self,
        thermal: Configuration,
        moved: Mapping[str, NDArray],
        quenched: Mapping[str, NDArray],
        *,
        soft: Mapping[str, NDArray],
        n_modes: int,
        neighbour_distances: ArrayLike,
    ) -> Fields:
        """The fields of a sample out of what its stages found.

        Clusters of Debye-Waller factor and propensity are taken on the thermal configuration, those
        of soft modes each on its own inherent structure, those of the nonaffine displacement, of
        the linear response and of the harmonic Debye-Waller factor on the unstrained one.

        Args:
            thermal: the configuration; strains are counted from the tilt of its cell.
            moved: datasets of an isoconfigurational file, as far as they are known.
            quenched, soft: datasets of a quench and of a modes file.
            n_modes: that its `soft_participation` counts.
            neighbour_distances: (3,) by pair type, in σ11.
        """
        gamma, thermal_bonds = quenched["gamma"], thermal.bonds(neighbour_distances)
        inherent_bonds = {
            strain: thermal.displaced(positions, strain).bonds(neighbour_distances)
            for strain, positions in zip(gamma, quenched["positions"], strict=True)
        }

        def measured(name: str) -> Field | None:
            if name not in moved:
                return None
            return self.field(moved[name], thermal_bonds, moved.get(f"{name}_halves"))

        def unstrained(values: NDArray[np.float64]) -> Field:
            return self.field(values, inherent_bonds[0.0])

        harmonic = soft.get("harmonic_debye_waller")
        return Fields(
            debye_waller=measured("debye_waller"),
            linear=unstrained(np.linalg.norm(quenched["linear_response"], axis=1)),
            nonaffine={
                strain: unstrained(np.linalg.norm(vectors, axis=1))
                for strain, vectors in zip(gamma, quenched["nonaffine"], strict=True)
            },
            soft={
                strain: self.field(participation, inherent_bonds[strain])
                for strain, participation in zip(gamma, soft["soft_participation"], strict=True)
            },
            scan={
                (strain, number): self.field(participation, inherent_bonds[strain])
                for strain, row in zip(
                    soft["scan/gamma"], soft["scan/soft_participation"], strict=True
                )
                for number, participation in zip(soft["scan/n_modes"], row, strict=True)
            },
            n_modes=n_modes,
            propensity=measured("propensity"),
            harmonic=None if harmonic is None else unstrained(harmonic),
        )

    def field(self, values: ArrayLike, bonds: Bonds, halves: NDArray | None = None) -> Field:
        """A field (N,) on a configuration with these bonds.

        Args:
            halves: (2, N), of the two halves of the runs, if the field is an average over runs.

        Raises:
            InputError: as `top_clusters` does.
        """
        values = np.asarray(values)
        of_halves, reliability = None, math.nan
        if halves is not None:
            first, second = (self._selected(half, bonds) for half in halves)
            of_halves = first, second
            reliability = half_reliability(first, second, self.top_fraction)
        selected, ranks = self._selected(values, bonds), standard_ranks(values)
        return Field(values, bonds, selected, ranks, of_halves, reliability)

    def rows(self, fields: Fields) -> Iterator[dict[str, Any]]:
        """The rows of a sample.

        All pairs, the Debye-Waller factor against small particles, and what overlap the noise of
        measured fields leaves within reach.
        """
        moved, unstrained = fields.debye_waller, {"gamma": 0.0, "n_modes": 0}
        if moved is not None:
            yield {"quantity": "DW_small"} | unstrained | self.with_small(moved)
        for pair in fields.pairs():
            key = {"quantity": pair.quantity, "gamma": pair.gamma, "n_modes": pair.n_modes}
            yield key | self.of(pair.one, pair.other)
        if moved is not None:
            yield {"quantity": "DW_equal_size"} | unstrained | self.with_as_many_small(moved)
        for name, field in (("DW", moved), ("DP", fields.propensity)):
            if field is not None and field.halves is not None:
                yield {"quantity": f"{name}_attainable"} | unstrained | self.within_reach(field)

    def of(self, one: Field, other: Field) -> dict[str, float]:
        """The overlap of two fields; the controls shuffle the other one."""
        return {
            "overlap": overlap(one.selected, other.selected),
            "random": self._shuffled(one, other.values, other.bonds),
            "within_species": self._shuffled(one, other.values, other.bonds, self.species),
            "rank_correlation": rank_correlation(one.ranks, other.ranks),
            "corrected": self._corrected(one, other),
        }

    def with_small(self, field: Field) -> dict[str, float]:
        """The overlap of a field with all small particles, unclustered."""
        small = self.species == SMALL
        by_chance = [
            overlap(field.selected, self.rng.permutation(small)) for _ in range(self.shuffles)
        ]
        found, chance = overlap(field.selected, small), chance_overlap(field.selected, small)
        return self._of_small(field, found, float(np.mean(by_chance)), chance)

    def with_as_many_small(self, field: Field) -> dict[str, float]:
        """The mean overlap of a field with small particles drawn at random.

        As many are drawn as a field selects from, and clustered on this field's configuration.
        """
        small = (self.species == SMALL).astype(np.float64)
        by_chance = self._shuffled(field, small, field.bonds)
        # shuffled within species, the largest values stay with the small particles
        found = self._shuffled(field, small, field.bonds, self.species)
        return self._of_small(field, found, by_chance, by_chance)

    def within_reach(self, field: Field) -> dict[str, float]:
        """The `attainable_overlap` of a measured field, the controls that of independent sets."""
        chance = chance_overlap(field.selected, field.selected)
        reliability = spearman_brown(field.half_reliability)
        found = attainable_overlap(chance, reliability, top_fraction=self.top_fraction)
        return {
            "overlap": found,
            "random": chance,
            "within_species": chance,
            "rank_correlation": math.nan,
            "corrected": math.nan if math.isnan(found) else 1.0,
        }

    def _of_small(
        self, field: Field, found: float, random: float, chance: float
    ) -> dict[str, float]:
        """What is said of a field and small particles.

        The share of small ones among the selected is proportional to a correlation, unlike what the
        largest values of two fields have in common; so the overlap beyond chance is corrected.
        """
        small = standard_ranks(self.species == SMALL)
        noise = attenuation(spearman_brown(field.half_reliability))
        return {
            "overlap": found,
            "random": random,
            "within_species": found,
            "rank_correlation": rank_correlation(field.ranks, small),
            "corrected": chance + (found - chance) / noise,
        }

    def _corrected(self, one: Field, other: Field) -> float:
        """The overlap without the noise of measured fields; NaN if neither is one.

        Two measured fields come from the same runs and share their noise, so that different halves
        of the runs are compared.
        """
        found = overlap(one.selected, other.selected)
        if one.halves is not None and other.halves is not None:
            (one_first, one_second), (first, second) = one.halves, other.halves
            found = 0.5 * (overlap(one_first, second) + overlap(one_second, first))
            reliability = one.half_reliability * other.half_reliability
        else:
            measured = other if one.halves is None else one
            reliability = spearman_brown(measured.half_reliability)
        chance = chance_overlap(one.selected, other.selected)
        return corrected_overlap(found, chance, reliability, top_fraction=self.top_fraction)

    def _selected(self, values: ArrayLike, bonds: Bonds) -> NDArray[np.bool_]:
        return top_clusters(
            values, bonds, top_fraction=self.top_fraction, minimum_cluster=self.minimum_cluster
        )

    def _shuffled(
        self,
        one: Field,
        values: NDArray[np.float64],
        bonds: Bonds,
        within: NDArray[np.int8] | None = None,
    ) -> float:
        return shuffled_overlap(
            one.selected,
            values,
            bonds,
            rng=self.rng,
            n_shuffles=self.shuffles,
            within=within,
            top_fraction=self.top_fraction,
            minimum_cluster=self.minimum_cluster,
        )
