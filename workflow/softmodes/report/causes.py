"""What a difference from the Letter may depend on: numbers beside the statements that do not agree.

Each function below yields numbers that answer one question about one statement. They explain a
verdict, and decide none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from softmodes.analysis.critical_strain import FLOOR_START, PLATEAU_END, plateau_drop
from softmodes.analysis.statistics import linearised_ratio, sum_of_means
from softmodes.report.evidence import Tables, mean_over_state_points
from softmodes.report.letter import (
    COLD,
    DEFAULT_FRACTION,
    GAMMA_C,
    LEVELS_BELOW,
    rate_of_rise,
)
from softmodes.report.verdicts import ANYTHING, Observation, difference, mean, of_summary, ratio
from softmodes.study.storage import STATE

STEEP_BELOW = 0.6
"""Temperature below which the overlap rises at all."""


Yielded = Iterator[Observation]


class Cause(NamedTuple):
    """The name of a statement, a question about it, and the function that yields the answer."""

    statement: str
    question: str
    observe: Callable[[Tables], Yielded]


CAUSES: list[Cause] = []


def _of(statement: str, question: str) -> Callable:
    """Decorator of the function that yields the answer."""

    def added(observe: Callable[[Tables], Yielded]) -> Callable:
        CAUSES.append(Cause(statement, question, observe))
        return observe

    return added


@_of(
    "critical_strain",
    "Half-way to what? The floor of the drop lies above the overlaps by chance.",
)
def _ends_of_the_drop(tables: Tables) -> Yielded:
    if tables.temperatures[0] > COLD:
        return
    ends = {"its floor": None, "that within species": "within_species", "that at random": "random"}
    for name, control in ends.items():
        done = pd.concat(
            _fraction_done(tables, size, temperature, control)
            for size in tables.sizes
            for temperature in _cold(tables, size)
        )
        if done.empty:
            continue
        what = f"fraction of the way from the plateau to {name} done at γ = {GAMMA_C:g}"
        yield of_summary(f"{what}, T ≤ {COLD:g}", mean_over_state_points(done), ANYTHING)


def _fraction_done(tables: Tables, size: int, temperature: float, control: str | None) -> pd.Series:
    """Of the way down to the floor, or to a control, by state point; linearised."""
    curves = tables.overlap_curves(size, temperature)
    gamma = curves.columns.to_numpy(float)
    plateau = curves.loc[:, gamma <= PLATEAU_END].mean(axis=1)
    there = [
        np.interp(np.log(GAMMA_C), np.log(gamma), curve, left=np.nan, right=np.nan)
        for curve in curves.to_numpy()
    ]
    if control is None:
        way = pd.Series(plateau_drop(gamma, curves), curves.index)
    else:
        way = plateau - tables.overlap_curves(size, temperature, control).mean(axis=1)
    known = pd.DataFrame({"gone": plateau - there, "way": way}).dropna()
    index = pd.MultiIndex.from_product([[size], [temperature], known.index], names=STATE)
    return pd.Series(linearised_ratio(known["gone"], known["way"]), index)


@_of("critical_strain", "Does that floor depend on temperature?")
def _floor(tables: Tables) -> Yielded:
    for size in tables.sizes:
        floors = {}
        for temperature in _cold(tables, size):
            curves = tables.overlap_curves(size, temperature)
            floors[temperature] = curves.loc[:, curves.columns >= FLOOR_START].mean(axis=1)
        if len(floors) > 1:
            coldest, warmest = min(floors), max(floors)
            what = f"floor, T = {coldest:g} less T = {warmest:g}, N = {size}"
            yield mean(what, floors[coldest] - floors[warmest], ANYTHING)


@_of("critical_strain", "Are the samples' own strains averaged, of those that could be fitted?")
def _single_samples(tables: Tables) -> Yielded:
    own = tables.own_strains("overlap_drop")
    yield of_summary("mean of the samples' own half drops", mean_over_state_points(own), ANYTHING)


@_of("energy", "Is an onset compared with a half drop?")
def _onsets(tables: Tables) -> Yielded:
    logarithms = np.log(tables.own_strains("energy_onset") / tables.own_strains("overlap_onset"))
    cold = logarithms[logarithms.index.get_level_values("temperature") <= COLD]
    what = f"ln(energy's onset over the overlap's) of single samples, T ≤ {COLD:g}"
    yield of_summary(what, mean_over_state_points(cold), ANYTHING)


@_of(
    "levels_off",
    f"Against what does it level off? Above T = {STEEP_BELOW:g} it hardly rises, and relaxation "
    "slows down ever faster.",
)
def _rates(tables: Tables) -> Yielded:
    for size in tables.sizes:
        for low, high in ((0.0, LEVELS_BELOW), (LEVELS_BELOW, STEEP_BELOW), (STEEP_BELOW, 1.0)):
            yield from _rate(tables, size, (low, high), "overlap", per_decade=False)
        for low, high in ((0.0, LEVELS_BELOW), (LEVELS_BELOW, STEEP_BELOW)):
            yield from _rate(tables, size, (low, high), "overlap", per_decade=True)


@_of("levels_off", "Is it composition that goes on rising, or the noise of the fields that falls?")
def _other_measures(tables: Tables) -> Yielded:
    for size in tables.sizes:
        for measure in ("within_species", "corrected", "rank_correlation"):
            yield from _rate(tables, size, (0.0, LEVELS_BELOW), measure, per_decade=False)


def _rate(
    tables: Tables, size: int, between: tuple[float, float], measure: str, *, per_decade: bool
) -> Yielded:
    """How fast a measure of O_DW,pq rises on cooling, by T or by the decade of τ_e."""
    low, high = between
    values = tables.overlap_by_temperature("DW_pq", size, measure)
    values = values.loc[:, (values.columns >= low) & (values.columns <= high)]
    if values.shape[1] < 2:
        return
    abscissa = values.columns.to_series()
    if per_decade:
        times = [tables.states(size, t)["relaxation_time"].iloc[0] for t in abscissa]
        abscissa = pd.Series(-np.log10(times), abscissa)
    name = "O_DW,pq" if measure == "overlap" else f"O_DW,pq ({measure.replace('_', ' ')})"
    where = f"T = {low:g} to {high:g}" if low else f"T ≤ {high:g}"
    what = (
        f"rise of {name} per {'decade of τ_e' if per_decade else 'unit of T'}, {where}, N = {size}"
    )
    yield of_summary(what, sum_of_means(values, rate_of_rise(abscissa)), ANYTHING)


@_of("grows_with_modes", "Is the maximum flat?")
def _flat_maximum(tables: Tables) -> Yielded:
    for size in tables.sizes:
        curves = tables.mode_curves("DW_p", size, near_critical=False)
        if curves.empty:
            continue
        one = curves[curves.columns[np.abs(curves.columns - DEFAULT_FRACTION).argmin()]]
        most = curves.mean().idxmax()
        what = f"O_DW,p at 1% of the modes over that at {100 * most:.3g}%"
        yield ratio(
            f"{what}, T = {tables.coldest(size):g}, N = {size}", one, curves[most], allowed=ANYTHING
        )


@_of(
    "quadrupolar",
    "Are changes of basin quadrupoles too? Where it is hot most configurations change theirs.",
)
def _switches(tables: Tables) -> Yielded:
    for size in tables.sizes:
        changed = tables.state_points[tables.state_points["n_particles"] == size]
        by_basin = {
            (t, switched): rows["quadrupole"]
            for (t, switched), rows in changed.groupby(["temperature", "switched"])
        }
        hot = tables.states(size, tables.hottest(size))["switched"].astype(float)
        yield mean(
            f"share of changed basins, T = {tables.hottest(size):g}, N = {size}", hot, ANYTHING
        )
        both = [
            t for t in tables.temperatures_at(size) if {(t, True), (t, False)} <= by_basin.keys()
        ]
        if both:
            even = max(both, key=lambda t: min(len(by_basin[t, one]) for one in (True, False)))
            what = f"cos 4θ amplitude, changed less kept basins, T = {even:g}, N = {size}"
            yield difference(what, by_basin[even, True], by_basin[even, False], allowed=ANYTHING)


def _cold(tables: Tables, size: int) -> list[float]:
    return [t for t in tables.temperatures_at(size) if t <= COLD]
