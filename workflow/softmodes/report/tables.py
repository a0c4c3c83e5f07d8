"""Tidy tables out of the files of all state points: one row per observation, one file per question.

Each function takes the paths of the stages it draws on, in any order, and returns a frame sorted
by state point; the figures and the summary are made from these frames alone. Means over samples
are left to those who read the tables, except where a quantity exists for the ensemble only
(relaxation curves, equilibration).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from softmodes.analysis.local_strain import local_shear_strain, quadrupole
from softmodes.analysis.stationarity import Record, Stationarity, judged, stationarity
from softmodes.analysis.statistics import summarise
from softmodes.analysis.structure import (
    first_minimum,
    hexatic_order,
    long_wave_factor,
    ordered,
)
from softmodes.errors import InputError
from softmodes.study import atomic, records, storage
from softmodes.study.storage import STATE

OVERLAP_COLUMNS = [
    *STATE,
    "quantity",
    "gamma",
    "n_modes",
    "overlap",
    "random",
    "within_species",
    "rank_correlation",
    "corrected",
]
GROUPS = ("all", "small", "large")
PAIRS = ("small", "mixed", "large")

STRAIN_QUANTITIES = ("DW_p", "DW_d", "d_p", "lin_p", "pq_pdq", "DP_p")
SCAN_QUANTITIES = {"scan_DW_p": "DW_p", "scan_d_p": "d_p", "scan_lin_p": "lin_p"}
# Figure 2 and its controls: name there -> quantity of the overlap files, and at which strain
UNSTRAINED_QUANTITIES = (
    "DP_pq",
    "DW_pq",
    "DW_DP",
    "DW_lin",
    "DW_harmonic",
    "DW_small",
    "DW_equal_size",
    "DW_attainable",
    "DP_attainable",
)
STRAINED_QUANTITIES = {
    "DP_pdq": "DP_p",
    "DW_pdq": "DW_p",
    "DW_d": "DW_d",
    "d_pdq": "d_p",
    "lin_pdq": "lin_p",
    "pq_pdq": "pq_pdq",
}

COMPARED = ("overlap", "random", "within_species", "corrected", "rank_correlation")
MEASURED = (
    "pressure",
    "density",
    "inherent_energy",
    "sample_relaxation_time",
    "peak_wavenumber",
    *(f"first_minimum_{pair}" for pair in PAIRS),
    "hexatic_order",
    "small_structure_factor",
    "debye_waller",
    "debye_waller_reliability",
    "propensity",
    "propensity_reliability",
    "quadrupole",
)


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table atomically; every float with as many digits as give it back exactly."""
    with atomic.replacing(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_csv` wrote. Raises InputError where it is missing or empty."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such table")
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: an empty file, expected a table with a header") from error


def collect_overlaps(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Rows of all state points' overlap files, columns `OVERLAP_COLUMNS`.

    Raises:
        InputError: a file lacks a column.
    """
    frames = []
    for path in paths:
        frame = read_csv(path)
        if lacking := [name for name in OVERLAP_COLUMNS if name not in frame.columns]:
            raise InputError(f"{path}: lacks the columns {', '.join(lacking)}")
        frames.append(frame[OVERLAP_COLUMNS])
    if not frames:
        raise InputError("overlap files: none given, expected one per state point")
    return _ordered(pd.concat(frames, ignore_index=True), "quantity", "gamma", "n_modes")


def overlap_vs_gamma(overlaps: pd.DataFrame, quench_paths: Iterable[str | Path]) -> pd.DataFrame:
    """Overlaps at the default number of modes against shear strain.

    `rms_distance` is that of the sheared inherent structure from the affinely sheared unstrained
    one, √⟨|d_i|²⟩ in σ11.
    """
    chosen = overlaps[overlaps["quantity"].isin(STRAIN_QUANTITIES)]
    distances = pd.concat(
        [
            _rows(
                state,
                gamma=state["gamma"],
                rms_distance=np.sqrt((state["nonaffine"] ** 2).sum(axis=2).mean(axis=1)),
            )
            for state in _states(quench_paths, "gamma", "nonaffine")
        ]
    )
    merged = chosen.merge(distances, on=[*STATE, "gamma"], how="left", validate="many_to_one")
    return _ordered(merged, "quantity", "gamma")


def overlap_vs_temperature(overlaps: pd.DataFrame, energy: pd.DataFrame) -> pd.DataFrame:
    """Overlaps of each state point without strain and at its smallest strain, by name.

    In the names q is the unstrained inherent structure, dq the one at the smallest strain, d the
    nonaffine displacement there, lin the linear response. `switched`, from the table
    `energy_stress`, tells whether the row's strain changed the basin.
    """
    smallest = _smallest_strain(overlaps)
    unstrained = overlaps[overlaps["quantity"].isin(UNSTRAINED_QUANTITIES)]
    names = {quantity: name for name, quantity in STRAINED_QUANTITIES.items()}
    strained = overlaps[overlaps["quantity"].isin(names) & (overlaps["gamma"] == smallest)].replace(
        {"quantity": names}
    )
    rows = pd.concat([unstrained, strained], ignore_index=True)
    return _ordered(_with_switched(rows, energy), "quantity")


def overlap_vs_modes(overlaps: pd.DataFrame, energy: pd.DataFrame) -> pd.DataFrame:
    """Overlaps against the number of soft modes; `mode_fraction` is that number over 2N.

    `switched`, from the table `energy_stress`, tells whether the row's strain changed the basin.
    """
    scan = overlaps[overlaps["quantity"].isin(SCAN_QUANTITIES)].replace(
        {"quantity": SCAN_QUANTITIES}
    )
    fraction = scan["n_modes"] / (2 * scan["n_particles"])
    scan.insert(scan.columns.get_loc("n_modes") + 1, "mode_fraction", fraction)
    return _ordered(_with_switched(scan, energy), "quantity", "gamma", "n_modes")


def _with_switched(rows: pd.DataFrame, energy: pd.DataFrame) -> pd.DataFrame:
    switched = energy[[*STATE, "gamma", "switched"]]
    return rows.merge(switched, on=[*STATE, "gamma"], how="left", validate="many_to_one")


def energy_stress(quench_paths: Iterable[str | Path]) -> pd.DataFrame:
    """Energy and stress of the sheared inherent structures, one row per state point and strain.

    `energy` is per particle, `normalised_energy` over that without strain, `energy_slope` is
    ρ de_IS/dγ by second-order differences over the grid of strains, comparable with
    `shear_stress`; `mean_nonaffine` is ⟨|d_i|⟩.
    """
    frames = [
        _rows(
            state,
            gamma=state["gamma"],
            energy=state["energy"],
            normalised_energy=state["energy"] / state["energy"][0],
            shear_stress=state["shear_stress"],
            energy_slope=state.attributes["density"] * np.gradient(state["energy"], state["gamma"]),
            pressure=state["pressure"],
            mean_nonaffine=np.linalg.norm(state["nonaffine"], axis=2).mean(axis=1),
            max_force=state["max_force"],
            converged=state["converged"],
            n_negative=state["n_negative"],
            switched=state["switched"],
        )
        for state in _states(
            quench_paths,
            "gamma",
            "energy",
            "shear_stress",
            "pressure",
            "nonaffine",
            "max_force",
            "converged",
            "n_negative",
            "switched",
        )
    ]
    return _ordered(pd.concat(frames, ignore_index=True), "gamma")


def relaxation(relaxation_paths: Iterable[str | Path]) -> pd.DataFrame:
    """Relaxation functions averaged over samples: rows by N, T, group of particles and time.

    Raises:
        InputError: samples of one N and T hold different times.
    """
    frames = []
    for (n_particles, temperature), states in by_ensemble(relaxation_paths).items():
        times = common_times(states)
        for row, group in enumerate(GROUPS):
            columns: dict[str, Any] = {
                "n_particles": n_particles,
                "temperature": temperature,
                "group": group,
                "time": times,
            }
            for name in (
                "self_intermediate_scattering",
                "cage_relative_scattering",
                "mean_squared_displacement",
            ):
                curves = np.stack([state[name][row] for state in states])
                columns[name] = curves.mean(axis=0)
                columns[f"{name}_sd"] = _deviation(curves)
            columns["n_samples"] = len(states)
            frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True).sort_values(
        ["n_particles", "temperature", "group", "time"], kind="stable", ignore_index=True
    )


def state_points(
    paths: Mapping[str, Iterable[str | Path]],
    *,
    minimum_relaxation_times: float,
    minimum_cage_relative_times: float,
    neighbour_distances: Sequence[float],
) -> pd.DataFrame:
    """How each state point was prepared and what went wrong with it, one row per sample.

    Columns from `relaxation_times` to `scattering_halves` are those of
    `stationarity.Stationarity`; `equilibrated` and `unequilibrated_because`, the same for all
    samples of one N and T, those of `stationarity.Judgement`. `switched` tells whether the smallest
    strain left the unstrained basin, `translation_switched` whether merely translating the
    configuration did; `quadrupole` is the amplitude of cos 4θ in the correlation of the local shear
    strain at that strain.

    Args:
        paths: of the equilibrium, relaxation, isoconfigurational, quench and modes files, by stage.
        minimum_relaxation_times, minimum_cage_relative_times: as `stationarity.judged` takes them.
        neighbour_distances: (3,) by pair type, in σ11, for the local strain; they are kept beside
            the measured minima of g_ab(r).

    Raises:
        InputError: samples of one N and T hold different times.
    """
    prepared = {tuple(state.point.values()): state for state in _states(paths["equilibrium"])}
    relaxed = by_ensemble(paths["relaxation"])
    found = [
        stationarity(
            [_record(prepared[tuple(state.point.values())], state) for state in states],
            common_times(states),
        )
        for states in relaxed.values()
    ]

    def quench_row(state: storage.StateFile) -> dict[str, Any]:
        equilibrium = prepared[tuple(state.point.values())]
        return _quench_row(state, equilibrium, neighbour_distances)

    table = pd.DataFrame(
        [_equilibrium_row(state, neighbour_distances) for state in prepared.values()]
    )
    for rows in (
        map(_relaxation_row, chain(*relaxed.values()), chain(*found)),
        map(_isoconfigurational_row, _states(paths["isoconfigurational"])),
        map(quench_row, _states(paths["quench"])),
        map(_modes_row, _states(paths["modes"], "soft_participation")),
    ):
        table = table.merge(pd.DataFrame(rows), on=STATE, how="left", validate="one_to_one")
    table["ordered"] = ordered(table["hexatic_order"], table["small_structure_factor"])
    for pair, distance in zip(PAIRS, neighbour_distances, strict=True):
        table[f"neighbour_distance_{pair}"] = distance
    judgements = judged(
        found,
        minimum_relaxation_times=minimum_relaxation_times,
        minimum_cage_relative_times=minimum_cage_relative_times,
    )
    ensembles = pd.DataFrame(list(relaxed), columns=STATE[:2]).join(pd.DataFrame(judgements))
    return _ordered(table.merge(ensembles, on=STATE[:2], validate="many_to_one"))


def means(points: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Means over the samples of one N and T, with their errors.

    Of the columns MEASURED of `state_points`, as `measure` `value`; and of every quantity of
    `overlap_vs_temperature` the overlap, its controls, its correction and the rank correlation, in
    all samples and, where a strain is involved, in those alone whose basin it kept or changed.

    Args:
        points: table `state_points`.
        overlaps: table `overlap_vs_temperature`.
    """
    measured = points.melt(STATE, MEASURED, var_name="quantity")
    compared = overlaps.melt([*STATE, "quantity", "switched"], COMPARED, var_name="measure")
    strained = compared[compared["quantity"].isin(STRAINED_QUANTITIES)]
    rows = [
        measured.assign(measure="value", basins="all"),
        compared.assign(basins="all"),
        strained.assign(basins=np.where(strained["switched"].astype(bool), "changed", "kept")),
    ]
    keys = ["n_particles", "temperature", "quantity", "measure", "basins"]
    found = []
    for key, values in pd.concat(rows)[[*keys, "value"]].dropna().groupby(keys)["value"]:
        mean = summarise(values)
        ends = {"lower": mean.interval.low, "upper": mean.interval.high}
        errors = {"value": mean.mean, "sd": mean.sd, "sem": mean.sem} | ends
        found.append(dict(zip(keys, key, strict=True)) | errors | {"n_samples": mean.n})
    return pd.DataFrame(found)


def _equilibrium_row(
    state: storage.StateFile, neighbour_distances: Sequence[float]
) -> dict[str, Any]:
    return state.point | {
        "pressure": state.attributes["pressure"],
        "density": state.attributes["density"],
        "inherent_energy": state["series/inherent_energy"].mean(),
        "time": state.attributes["time"],
        "hexatic_order": hexatic_order(records.configuration(state), neighbour_distances),
    }


def _record(equilibrium: storage.StateFile, relaxed: storage.StateFile) -> Record:
    return Record(
        duration=equilibrium.attributes["time"],
        time=equilibrium["series/time"],
        inherent_energy=equilibrium["series/inherent_energy"],
        pressure=equilibrium["series/pressure"],
        scattering=relaxed["self_intermediate_scattering"][0],
        cage_relative_scattering=relaxed["cage_relative_scattering"][0],
        scattering_halves=relaxed["self_intermediate_scattering_halves"],
    )


def _relaxation_row(state: storage.StateFile, found: Stationarity) -> dict[str, Any]:
    return (
        state.point
        | asdict(found)
        | {
            "peak_wavenumber": state.attributes["peak_wavenumber"],
            "small_structure_factor": long_wave_factor(
                state["wavenumber"], state["structure_factor"][GROUPS.index("small")]
            ),
        }
        | {
            f"first_minimum_{pair}": first_minimum(state["radius"], distribution)
            for pair, distribution in zip(PAIRS, state["radial_distribution"], strict=True)
        }
    )


def _isoconfigurational_row(state: storage.StateFile) -> dict[str, Any]:
    row = state.point | {"n_runs": state.attributes["n_runs"]}
    for name in ("debye_waller", "propensity"):
        mean, reliability = np.nan, np.nan
        if name in state.data:
            mean = state[name].mean()
            with threadpool_limits(1, user_api="blas"):
                reliability = np.corrcoef(state[f"{name}_halves"])[0, 1]
        row |= {name: mean, f"{name}_reliability": reliability}
    return row


def _quench_row(
    state: storage.StateFile,
    equilibrium: storage.StateFile,
    neighbour_distances: Sequence[float],
) -> dict[str, Any]:
    smallest = 1 + int(np.argmin(state["gamma"][1:]))
    unstrained = records.configuration(equilibrium).displaced(state["positions"][0])
    strain = local_shear_strain(unstrained, state["nonaffine"][smallest], neighbour_distances)
    return state.point | {
        "switched": state["switched"][smallest],
        "translation_switched": state.attributes["translation_switched"],
        "quadrupole": quadrupole(unstrained, strain),
        "n_quenches": state["gamma"].size,
        "n_unconverged": int((~state["converged"]).sum()),
        "n_saddles": int((state["n_negative"] > 0).sum()),
        "largest_force": state["max_force"].max(),
    }


def _modes_row(state: storage.StateFile) -> dict[str, Any]:
    carried = state.dataset_attributes["soft_participation"]
    return state.point | {
        "n_modes": carried["n_modes"],
        "n_split_degeneracies": int(np.sum(carried["splits_degenerate"])),
    }


def _states(paths: Iterable[str | Path], *names: str) -> Iterator[storage.StateFile]:
    for path in paths:
        yield storage.read(path, *names)


def by_ensemble(
    paths: Iterable[str | Path], *names: str
) -> dict[tuple[int, float], list[storage.StateFile]]:
    """State files by (N, T), each list by sample, so that means do not depend on path order.

    Args:
        paths: of one stage's files.
        names: datasets to read; all, if none is named.
    """
    found = sorted(_states(paths, *names), key=lambda state: tuple(state.point.values()))
    ensembles: dict[tuple[int, float], list[storage.StateFile]] = {}
    for state in found:
        key = (state.attributes["n_particles"], state.attributes["temperature"])
        ensembles.setdefault(key, []).append(state)
    return ensembles


def common_times(states: Sequence[storage.StateFile]) -> NDArray[np.float64]:
    """The times (K,), in τ, of relaxation files, which must be the same in all.

    Raises:
        InputError: they are not.
    """
    times = states[0]["time"]
    for state in states[1:]:
        if not np.array_equal(state["time"], times):
            raise InputError(f"{state.path}: its times are not those of {states[0].path}")
    return times


def _rows(state: storage.StateFile, **columns: NDArray) -> pd.DataFrame:
    return pd.DataFrame(state.point | columns)


def _deviation(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(curves) < 2:
        return np.full(curves.shape[1], np.nan)
    return curves.std(axis=0, ddof=1)


def _smallest_strain(overlaps: pd.DataFrame) -> float:
    strains = overlaps.loc[overlaps["gamma"] > 0, "gamma"]
    if strains.empty:
        raise InputError("overlaps: no row at a strain above 0")
    return strains.min()


def _ordered(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.sort_values([*STATE, *columns], kind="stable", ignore_index=True)
