"""Where soft modes stay and where they change: along trajectories, by shear, between metabasins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes.analysis import metabasins, persistence
from softmodes.analysis.cages import cage_fates, out_of_cage
from softmodes.analysis.overlap import shuffled_overlap, top_clusters
from softmodes.analysis.persistence import (
    DISTANCE_EDGES,
    OVERLAP_EDGES,
    Distances,
    lagged_pairs,
    pair_distances,
    pair_overlaps,
    rank_changes,
    relative_ranks,
)
from softmodes.analysis.relaxation import logarithmic_lags
from softmodes.dynamics.interruption import Progress
from softmodes.landscape.shear import nonaffine_displacement
from softmodes.report import tables
from softmodes.stages.ensembles import mean_relaxation_time
from softmodes.study import records, storage
from softmodes.study.storage import STATE, StateFile
from softmodes.system.configuration import Bonds, Configuration
from softmodes.system.distance import mobile_distance, rms_distance

COLUMNS = [*STATE, "mode_fraction", "observable", "relation", "x", "value", "n"]

MOST_PAIRS = 1000
"""Of a sample, for one lag or one relation."""

MOST_SHUFFLED = 50
"""Pairs for one lag of which the second field is shuffled."""

Row = dict[str, Any]


@dataclass(frozen=True)
class _SoftModes:
    """The fields of one number of modes.

    Attributes:
        fraction: of 2N.
        fields: (I, N), of the structures.
        selected: (I, N), their Θ.
        sheared: (G, N), Θ of the sheared structures.
    """

    fraction: float
    fields: NDArray[np.float64]
    selected: NDArray[np.bool_]
    sheared: NDArray[np.bool_]


@dataclass(frozen=True)
class _Landscape:
    """What the rows of one sample come from.

    Attributes:
        time: (V,), of the visits.
        sequence: (V,), the structures found.
        structures: I.
        bonds: I, of their own.
        strains: (G,).
        strained: G, of the start, sheared.
        soft: of each number of modes.
    """

    time: NDArray[np.float64]
    sequence: NDArray[np.int64]
    structures: Sequence[Configuration]
    bonds: Sequence[Bonds]
    strains: NDArray[np.float64]
    strained: Sequence[Configuration]
    soft: Sequence[_SoftModes]

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """(I, N, 2)."""
        return np.stack([one.positions for one in self.structures])

    def distances(self, pairs: NDArray[np.int64]) -> Distances:
        """Of pairs of structures (P, 2)."""
        return pair_distances(self.positions, self.structures[0].cell, pairs)


def write_rows(
    stages: Mapping[str, Sequence[str]],
    output: str,
    *,
    top_fraction: float,
    minimum_cluster: int,
    neighbour_distances: Sequence[float],
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
) -> None:
    """Write the rows of the table `landscape` that are of one N and T.

    Args:
        stages: `equilibrium`, `landscape` and `relaxation` files, in the same order of the samples.
        output: table to write.
        top_fraction, minimum_cluster: what Θ keeps.
        neighbour_distances: (3,) by pair type, in σ11.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
    """
    n_samples = len(stages["landscape"])
    relaxation_time = _row("relaxation_time", mean_relaxation_time(stages["relaxation"]), n_samples)
    rows = []
    for done, (equilibrium, followed) in enumerate(
        zip(stages["equilibrium"], stages["landscape"], strict=True), start=1
    ):
        source = storage.read(equilibrium)
        found = _read(
            source,
            storage.read(followed),
            neighbour_distances,
            top_fraction=top_fraction,
            minimum_cluster=minimum_cluster,
        )
        rng = records.random_stream(source, "persistence")
        options = {"top_fraction": top_fraction, "minimum_cluster": minimum_cluster}
        of_sample = chain(
            [relaxation_time],
            _along_the_dynamics(found, rng, options),
            _by_strain(found),
            _of_metabasins(found),
            _by_fate(found),
        )
        rows += [source.point | row for row in of_sample]
        update(done / n_samples)
    tables.write_csv(pd.DataFrame(rows, columns=COLUMNS), output)
    storage.write_provenance([output], chain.from_iterable(stages.values()), config, code=code)


def _read(
    source: StateFile,
    followed: StateFile,
    neighbour_distances: Sequence[float],
    **options: Any,
) -> _Landscape:
    thermal = records.configuration(source)
    structures = [thermal.displaced(positions) for positions in followed["positions"]]
    strained = [
        thermal.displaced(positions, gamma)
        for positions, gamma in zip(
            followed["shear/positions"], followed["shear/gamma"], strict=True
        )
    ]
    bonds, sheared_bonds = (
        [one.bonds(neighbour_distances) for one in some] for some in (structures, strained)
    )

    def selected(fields: NDArray[np.float64], bonds: Sequence[Bonds]) -> NDArray[np.bool_]:
        of_each = zip(fields, bonds, strict=True)
        return np.stack([top_clusters(*each, **options) for each in of_each])

    soft = [
        _SoftModes(
            float(fraction), fields, selected(fields, bonds), selected(sheared, sheared_bonds)
        )
        for fraction, fields, sheared in zip(
            followed["mode_fraction"],
            followed["soft_participation"],
            followed["shear/soft_participation"],
            strict=True,
        )
    ]
    return _Landscape(
        followed["time"],
        followed["structure"],
        structures,
        bonds,
        followed["shear/gamma"],
        strained,
        soft,
    )


def _row(
    observable: str,
    value: float,
    n: int,
    *,
    fraction: float = math.nan,
    relation: str = "",
    x: float = math.nan,
) -> Row:
    return {
        "mode_fraction": fraction,
        "observable": observable,
        "relation": relation,
        "x": x,
        "value": value,
        "n": n,
    }


def _mean(observable: str, values: NDArray[np.float64], **where: Any) -> Iterator[Row]:
    """The row of a mean; none where no value is a number."""
    values = values[np.isfinite(values)]
    if len(values):
        yield _row(observable, float(values.mean()), len(values), **where)


def _along_the_dynamics(
    found: _Landscape, rng: np.random.Generator, options: Mapping[str, Any]
) -> Iterator[Row]:
    """By the time and by the distance between two structures, of the same pairs."""
    lags = logarithmic_lags(len(found.time))[1:]
    of_lags = [lagged_pairs(found.sequence, lag, MOST_PAIRS) for lag in lags]
    # many lags have pairs in common, and a structure and itself
    pairs, place = np.unique(np.sort(np.concatenate(of_lags), axis=1), axis=0, return_inverse=True)
    places = np.split(place.ravel(), np.cumsum([len(some) for some in of_lags])[:-1])
    distances = found.distances(pairs)
    overlaps = [pair_overlaps(one.selected, pairs) for one in found.soft]
    for lag, at, lagged in zip(lags, places, of_lags, strict=True):
        where = {"relation": "dynamics", "x": float(found.time[lag])}
        yield from _mean("distance_by_time", distances.rms[at], **where)
        yield from _mean("mobile_distance_by_time", distances.mobile[at], **where)
        for one, values in zip(found.soft, overlaps, strict=True):
            soft = {"fraction": one.fraction, **where}
            yield from _mean("overlap_by_time", values[at], **soft)
            shuffled = [
                shuffled_overlap(
                    one.selected[first],
                    one.fields[second],
                    found.bonds[second],
                    rng=rng,
                    n_shuffles=1,
                    **options,
                )
                for first, second in lagged[persistence.spread(len(lagged), MOST_SHUFFLED)]
            ]
            yield from _mean("random_by_time", np.array(shuffled), **soft)
    different = pairs[:, 0] != pairs[:, 1]
    for name, apart in (("distance", distances.rms), ("mobile_distance", distances.mobile)):
        which = np.where(different, np.digitize(apart, DISTANCE_EDGES), 0)
        for number, centre in enumerate(_centres(), start=1):
            where = {"relation": "dynamics", "x": centre}
            for one, values in zip(found.soft, overlaps, strict=True):
                some = values[which == number]
                yield from _mean(f"overlap_by_{name}", some, fraction=one.fraction, **where)


def _by_strain(found: _Landscape) -> Iterator[Row]:
    reference = found.strained[0]
    for number, (gamma, structure) in enumerate(zip(found.strains, found.strained, strict=True)):
        if number == 0:
            continue
        moved = nonaffine_displacement(structure, reference, gamma)
        where: dict[str, Any] = {"relation": "shear", "x": float(gamma)}
        yield _row("distance_by_strain", float(rms_distance(moved)), 1, **where)
        yield _row("mobile_distance_by_strain", float(mobile_distance(moved)), 1, **where)
        for one in found.soft:
            values = pair_overlaps(one.sheared, np.array([[0, number]]))
            yield from _mean("overlap_by_strain", values, fraction=one.fraction, **where)


def _of_metabasins(found: _Landscape) -> Iterator[Row]:
    basins = metabasins.metabasins(found.sequence)
    moves = metabasins.transitions(found.sequence)
    visits = len(found.sequence)
    yield _row("n_structures", len(found.structures), visits)
    yield _row("n_metabasins", len(basins.first), visits)
    if basins.changes:
        lifetime = metabasins.mean_lifetime(basins, float(found.time[1]))
        yield _row("lifetime", lifetime, basins.changes)
    yield from _mean("returned_fraction", moves.returned.astype(np.float64))
    # most metabasins are a single structure: those that last for the mean lifetime are told apart
    lasting = basins.visits * basins.changes >= basins.visits.sum()
    of_relation = {
        "within": persistence.pairs_within(basins, MOST_PAIRS),
        "between": persistence.pairs_between(basins, MOST_PAIRS),
        "within_lasting": persistence.pairs_within(basins, MOST_PAIRS, lasting),
        "between_lasting": persistence.pairs_between(basins, MOST_PAIRS, lasting),
    }
    distances_of = {relation: found.distances(pairs) for relation, pairs in of_relation.items()}
    overlaps_of = {
        relation: [pair_overlaps(one.selected, pairs) for one in found.soft]
        for relation, pairs in of_relation.items()
    }
    for relation, distances in distances_of.items():
        yield from _mean("distance_of_pairs", distances.rms, relation=relation)
        yield from _mean("mobile_distance_of_pairs", distances.mobile, relation=relation)
        yield from _distribution(
            "distance_distribution",
            distances.rms,
            DISTANCE_EDGES,
            centres=_centres(),
            relation=relation,
        )
        for one, values in zip(found.soft, overlaps_of[relation], strict=True):
            soft = {"relation": relation, "fraction": one.fraction}
            yield from _mean("overlap_of_pairs", values, **soft)
            middle = 0.5 * (OVERLAP_EDGES[1:] + OVERLAP_EDGES[:-1])
            yield from _distribution(
                "overlap_distribution", values, OVERLAP_EDGES, centres=middle, **soft
            )
    for kind in ("", "_lasting"):
        within, between = f"within{kind}", f"between{kind}"
        for place, one in enumerate(found.soft):
            difference = persistence.difference_at_equal_distance(
                *((distances_of[some].rms, overlaps_of[some][place]) for some in (within, between))
            )
            yield from _mean(
                "overlap_at_equal_distance",
                np.array([difference]),
                relation=between,
                fraction=one.fraction,
            )


def _distribution(
    observable: str,
    values: NDArray[np.float64],
    edges: NDArray[np.float64],
    *,
    centres: NDArray[np.float64],
    **where: Any,
) -> Iterator[Row]:
    """Shares of the values that are numbers by bins; no row where there are none."""
    values = values[np.isfinite(values)]
    counts, _ = np.histogram(values, edges)
    for centre, count in zip(centres, counts, strict=True):
        if len(values):
            share = float(count / len(values))
            yield _row(observable, share, len(values), x=float(centre), **where)


def _by_fate(found: _Landscape) -> Iterator[Row]:
    """Ranks at the start and half the trajectory later, by what became of the cages."""
    half = (len(found.sequence) - 1) // 2
    start, later = found.sequence[[0, half]]
    n_particles = found.structures[0].n_particles
    out = np.stack([out_of_cage(bonds, found.bonds[start], n_particles) for bonds in found.bonds])
    fates = cage_fates(out[found.sequence], half)
    for one in found.soft:
        before, after = one.fields[start], one.fields[later]
        for relation in ("left", "returned", "elsewhere"):
            some = getattr(fates, relation)
            where = {"relation": relation, "fraction": one.fraction}
            yield from _mean("rank_change", rank_changes(before, after)[some], **where)
            yield from _mean("rank_before", relative_ranks(before)[some], **where)


def _centres() -> NDArray[np.float64]:
    """Geometric, of the bins of distances."""
    return np.sqrt(DISTANCE_EDGES[1:] * DISTANCE_EDGES[:-1])
