"""What a sample's overlaps become where a choice of the analysis is made otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes.analysis import gamma_c
from softmodes.analysis.comparison import Comparison
from softmodes.analysis.overlap import overlap
from softmodes.analysis.statistics import bootstrap_interval, summarise
from softmodes.dynamics import isoconfigurational, trajectory
from softmodes.dynamics.interruption import Progress
from softmodes.landscape import modes, shear
from softmodes.report import tables
from softmodes.study import records, storage
from softmodes.study.config import OLDER_CUTOFF, OTHER_WINDOWS
from softmodes.study.storage import STATE, StateFile
from softmodes.system.configuration import Configuration
from softmodes.system.mixture import Mixture

REFERENCE, ALONG, BOTH_SIGNS = "reference", "shear along ", "mean of +x and -x"
SCALES = (0.95, 1.05)
"""Factors of the neighbour distances."""
RUNS = (32, 100)
DIRECTIONS = [direction for direction in shear.AXES if direction != "+x"]
N_VARIANTS = 3 + len(SCALES) + len(RUNS) + len(OTHER_WINDOWS) + len(DIRECTIONS)

Datasets = Mapping[str, NDArray]


@dataclass(frozen=True)
class _Sample:
    """What the fields of a sample come from, as `Comparison.fields` takes it."""

    thermal: Configuration
    moved: Datasets
    quenched: Datasets
    soft: Datasets
    n_modes: int
    neighbour_distances: NDArray[np.float64]


def write_variants(
    files: Mapping[str, str],
    output: str,
    *,
    scan_gamma: Sequence[float],
    ensemble: Mapping[str, Any],
    neighbour_distances: Sequence[float],
    top_fraction: float,
    minimum_cluster: int,
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
) -> None:
    """Write the overlaps of one state point under every variant.

    Rows have `variant`, `quantity`, `gamma` and `value`: the overlaps as the overlap tables name
    them, and `shear_stress` and `normalised_energy`. With other modes or another potential they are
    at γ = 0 and the strains of the scan alone.

    Args:
        files: `equilibrium`, `isoconfigurational`, `quench` and `modes` of the state point.
        output: table to write.
        scan_gamma: strains of the scan.
        ensemble: of the runs: `time_step`, `n_runs`, `debye_waller_time`, `sampling_interval` and
            `precision`.
        neighbour_distances: (3,) by pair type, in σ11.
        top_fraction, minimum_cluster: what Θ keeps.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
    """
    source = storage.read(files["equilibrium"])
    soft = storage.read(files["modes"])
    reference = _Sample(
        records.configuration(source),
        storage.read(files["isoconfigurational"]).data,
        storage.read(files["quench"]).data,
        soft.data,
        soft.dataset_attributes["soft_participation"]["n_modes"],
        np.asarray(neighbour_distances),
    )
    rows = []
    variants = _variants(reference, source, scan_gamma, ensemble)
    for number, (name, sample) in enumerate(variants, start=1):
        compare = Comparison(
            sample.thermal.species,
            shuffles=0,
            rng=np.random.default_rng(0),  # nothing is shuffled
            top_fraction=top_fraction,
            minimum_cluster=minimum_cluster,
        )
        found = chain(_overlaps(compare, sample), _curves(sample.quenched))
        rows += [source.point | {"variant": name} | row for row in found]
        update(number / N_VARIANTS)
    tables.write_csv(
        pd.DataFrame(rows, columns=[*STATE, "variant", "quantity", "gamma", "value"]), output
    )
    storage.write_provenance([output], files.values(), config, code=code)


def _overlaps(compare: Comparison, sample: _Sample) -> Iterator[dict[str, Any]]:
    fields = compare.fields(
        sample.thermal,
        sample.moved,
        sample.quenched,
        soft=sample.soft,
        n_modes=sample.n_modes,
        neighbour_distances=sample.neighbour_distances,
    )
    for pair in fields.pairs():
        if not pair.quantity.startswith("scan"):
            value = overlap(pair.one.selected, pair.other.selected)
            yield {"quantity": pair.quantity, "gamma": pair.gamma, "value": value}


def _curves(quenched: Datasets) -> Iterator[dict[str, Any]]:
    curves = {
        "shear_stress": quenched["shear_stress"],
        "normalised_energy": quenched["energy"] / quenched["energy"][0],
    }
    for name, curve in curves.items():
        for gamma, value in zip(quenched["gamma"], curve, strict=True):
            yield {"quantity": name, "gamma": gamma, "value": value}


def _variants(
    reference: _Sample,
    source: StateFile,
    scan_gamma: Sequence[float],
    ensemble: Mapping[str, Any],
) -> Iterator[tuple[str, _Sample]]:
    """Names and samples; each is computed when it is asked for."""
    mixture, strains = records.mixture(source), reference.quenched["gamma"][1:].tolist()
    n_modes = reference.n_modes

    def moved(mixture: Mixture, **changes: float) -> Datasets:
        options = {**ensemble, **changes}
        precision = trajectory.PRECISIONS[options.pop("precision")]
        found = isoconfigurational.run_ensemble(
            reference.thermal,
            mixture,
            source.attributes["temperature"],
            random_stream=lambda run: records.random_stream(source, "isoconfigurational", run),
            precision=precision,
            **options,
        )
        return records.datasets("isoconfigurational", found)

    def sheared(
        thermal: Configuration, mixture: Mixture, gamma: Sequence[float], number: int
    ) -> dict[str, Any]:
        quenched = records.datasets("quench", shear.quench_strains(thermal, mixture, gamma))
        soft = modes.modes_of_strains(
            records.inherent_structures(thermal, quenched),
            mixture,
            quenched["gamma"],
            n_modes=number,
            scan_gamma=[],
            scan_numbers=[],
            rng=records.random_stream(source, "diagonalise"),
        )
        return {
            "thermal": thermal,
            "quenched": quenched,
            "soft": records.datasets("modes", soft),
            "n_modes": number,
        }

    yield REFERENCE, reference
    for scale in SCALES:
        scaled = reference.neighbour_distances * scale
        yield f"neighbour distances × {scale:g}", replace(reference, neighbour_distances=scaled)
    for runs in RUNS:
        yield f"{runs} runs", replace(reference, moved=moved(mixture, n_runs=runs))
    for window in OTHER_WINDOWS:
        changed = moved(mixture, debye_waller_time=window)
        yield f"t_DW = {window:g} τ", replace(reference, moved=changed)
    fewer = sheared(reference.thermal, mixture, scan_gamma, n_modes - 2)
    yield "translations among the N_m modes", replace(reference, **fewer)
    older = replace(mixture, cutoff=OLDER_CUTOFF, smoothed=False)
    changed = sheared(reference.thermal, older, scan_gamma, n_modes) | {"moved": moved(older)}
    yield f"unsmoothed, cut off at {OLDER_CUTOFF:g} σ_ab", replace(reference, **changed)
    for direction in DIRECTIONS:
        turned = shear.turned(reference.thermal, direction)
        yield ALONG + direction, replace(reference, **sheared(turned, mixture, strains, n_modes))


def write_comparison(
    files: Sequence[str],
    *,
    differences: str,
    directions: str,
    seed: int,
    config: str = "",
    code: str = "",
) -> None:
    """Write the tables `variants` and `shear_directions`.

    The first has, of each variant, the mean over samples of what a quantity differs by from the
    reference, sample by sample; the second the critical strains by direction of shear, and of each
    sample's mean of +x and -x, and the logarithm of their ratio to those along +x, all from
    one draw of the samples.

    Args:
        files: tables of `write_variants`, of any state points.
        differences, directions: tables to write.
        seed: of the study, for the draws.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    rows = pd.concat(map(tables.read_csv, files), ignore_index=True)
    tables.write_csv(_differences(rows), differences)
    tables.write_csv(_directions(rows, seed), directions)
    storage.write_provenance([differences, directions], files, config, code=code)


def _differences(rows: pd.DataFrame) -> pd.DataFrame:
    same = [*STATE, "quantity", "gamma"]
    reference = rows.loc[rows["variant"] == REFERENCE, [*same, "value"]]
    others = rows[rows["variant"] != REFERENCE].merge(
        reference, on=same, suffixes=("", "_reference"), validate="many_to_one"
    )
    found = []
    group = ["n_particles", "temperature", "variant", "quantity", "gamma"]
    for key, some in others.groupby(group, sort=False):
        change = summarise(some["value"] - some["value_reference"])
        found.append(
            dict(zip(group, key, strict=True))
            | {"reference": some["value_reference"].mean(), "difference": change.mean}
            | {"lower": change.interval.low, "upper": change.interval.high, "n_samples": change.n}
        )
    return pd.DataFrame(found)


def _directions(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    along = rows[rows["variant"].eq(REFERENCE) | rows["variant"].str.startswith(ALONG)]
    same = [*STATE, "quantity", "gamma"]
    # +y is a symmetry of the response of a minimum, and only tells how the thermal start matters
    both = along[along["variant"].isin([REFERENCE, f"{ALONG}-x"])]
    mean = both.groupby(same, sort=False, as_index=False)["value"].mean()
    by_variant = {
        "+x" if name == REFERENCE else str(name).removeprefix(ALONG): some
        for name, some in along.groupby("variant", sort=False)
    } | {BOTH_SIGNS: mean}
    estimates = {name: _estimates(some, seed) for name, some in by_variant.items()}
    reference = {_state(one): one for one in estimates["+x"]}
    found = []
    for name, of_variant in estimates.items():
        for one in of_variant:
            ratios = one.logarithms - reference[_state(one)].logarithms
            ratio = bootstrap_interval(ratios[0], ratios[1:], one.n_whole)
            found.append(
                {"n_particles": one.n_particles, "temperature": one.temperature}
                | {"estimator": one.estimator, "direction": name, "value": one.value}
                | {"lower": one.interval.low, "upper": one.interval.high}
                | {"log_ratio": ratios[0], "log_ratio_lower": ratio.low}
                | {"log_ratio_upper": ratio.high, "n_samples": one.n_whole, "reason": one.reason}
            )
    return pd.DataFrame(found)


def _state(one: gamma_c.Estimate) -> tuple[int, float, str]:
    return one.n_particles, one.temperature, one.estimator


def _estimates(rows: pd.DataFrame, seed: int) -> list[gamma_c.Estimate]:
    curves = ["shear_stress", "normalised_energy"]
    energy = rows[rows["quantity"].isin(curves)].pivot(
        index=[*STATE, "gamma"], columns="quantity", values="value"
    )
    overlaps = rows.rename(columns={"value": "overlap"})
    return gamma_c.estimates(overlaps, energy.reset_index(), seed)
