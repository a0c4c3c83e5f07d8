"""The Letter's statements, and this study's own, each with what it is judged by.

Each function below yields the observations of one statement, and remarks as texts; the decorator
holds its name, its sentence and its criterion. Criteria were fixed before results were looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from softmodes.analysis import statistics
from softmodes.analysis.critical_strain import FLOOR_START, PLATEAU_END, plateau_drop
from softmodes.analysis.statistics import Interval, student, sum_of_means
from softmodes.random_streams import stream
from softmodes.report.evidence import MIN_FRACTION, Tables, mean_over_state_points
from softmodes.report.verdicts import (
    Observation,
    Statements,
    above,
    around_zero,
    below,
    combined,
    difference,
    mean,
    of_interval,
    of_summary,
    ratio,
    root_mean_square,
    undefined,
)
from softmodes.study.storage import STATE

GAMMA_C, GAMMA_C_SD, GAMMA_C_SAMPLES = 0.071, 0.024, 50
"""The Letter's critical strain, the standard deviation over samples, and their number."""

MIXTURE = {
    "sigma_small": 1.0,
    "sigma_mixed": 1.2,
    "sigma_large": 1.4,
    "exponent": 12,
    "small_fraction": 0.5,
}
"""The Letter's particles: what it says is about no others."""

COLD = 0.5
"""Temperature up to which the Letter's liquid is influenced by its landscape beyond doubt here."""

LEVELS_BELOW = 0.43
"""A levelling off can show only in a study with several temperatures up to this one."""

DEFAULT_FRACTION = 0.01
SIMILAR = 0.05
STRONG_RISE = 0.1
MOSTLY_THE_SAME = 0.5
NEAR = 2.0
FLAT_SHARE = 0.25
VANISHED_SHARE = 0.2

Yielded = Iterator[Observation | str]

LETTER: Statements[Tables] = Statements()
OWN: Statements[Tables] = Statements()


def is_letters(model: Mapping[str, Any]) -> bool:
    """Whether a configuration's `model` is the Letter's, in whatever cutoff."""
    return all(math.isclose(model[name], value) for name, value in MIXTURE.items())


# --- against strain ---------------------------------------------------------------------------


@LETTER.state(
    "plateau",
    "Below the critical strain the overlap of soft modes and Debye–Waller factor does not depend "
    "on strain.",
    f"lowest T: linear change in log γ up to γ = {PLATEAU_END:g} within {FLAT_SHARE:g} of the drop",
)
def _plateau(tables: Tables) -> Yielded:
    for size in tables.sizes:
        curves = tables.overlap_curves(size, tables.coldest(size))
        gamma = curves.columns.to_numpy()
        flat = gamma <= PLATEAU_END
        if np.count_nonzero(flat) < 2 or curves.empty:
            what = f"flatness, without two strains on the plateau, {_at(tables, size)}"
            yield undefined(what, around_zero(FLAT_SHARE))
            continue
        drops = plateau_drop(gamma, curves)
        decades = np.log10(gamma[flat])
        changes = np.polyfit(decades, curves.to_numpy()[:, flat].T, 1)[0] * np.ptp(decades)
        what = f"change of O_DW,p up to γ = {PLATEAU_END:g} over the drop, {_at(tables, size)}"
        yield ratio(what, changes, drops, allowed=around_zero(FLAT_SHARE))


@LETTER.state(
    "plateau_rises_on_cooling",
    "That plateau rises as the liquid is cooled.",
    "plateau at the lowest T less that at the highest > 0",
)
def _plateau_rises(tables: Tables) -> Yielded:
    for size in tables.sizes:
        low, high = tables.coldest(size), tables.hottest(size)
        if low < high:
            what = f"O_DW,p plateau, T = {low:g} less T = {high:g}, N = {size}"
            yield mean(what, _plateaus(tables, size, low) - _plateaus(tables, size, high), above(0))


def _plateaus(tables: Tables, size: int, temperature: float) -> pd.Series:
    curves = tables.overlap_curves(size, temperature)
    return curves.loc[:, curves.columns <= PLATEAU_END].mean(axis=1)


@LETTER.state(
    "drop",
    "In the landscape-influenced liquid the overlap drops at a critical strain.",
    f"every T ≤ {COLD:g}: plateau less floor, the mean from γ = {FLOOR_START:g} on, > 0",
)
def _drop(tables: Tables) -> Yielded:
    for size in tables.sizes:
        for temperature in (t for t in tables.temperatures_at(size) if t <= COLD):
            curves = tables.overlap_curves(size, temperature)
            what = f"plateau less floor, N = {size}, T = {temperature:g}"
            if curves.empty:
                yield undefined(what, above(0))
                continue
            yield mean(what, plateau_drop(curves.columns.to_numpy(), curves), above(0))
    if tables.temperatures[0] > COLD:
        yield f"no temperature of the study is {COLD:g} or lower"


@LETTER.state(
    "critical_strain",
    f"The critical strain is {GAMMA_C:g}.",
    "half drop of the mean curve, averaged over T and N, less the Letter's value, with the errors "
    f"of both (the Letter's: {GAMMA_C_SD:g}/√{GAMMA_C_SAMPLES}): within half its standard "
    "deviation",
)
def _critical_strain(tables: Tables) -> Yielded:
    found = tables.trend("overlap_drop", "mean", None)
    if found is None:
        yield "not defined at any state point"
        return
    value, interval, row = found
    letter = student(GAMMA_C_SAMPLES - 1) * GAMMA_C_SD / math.sqrt(GAMMA_C_SAMPLES)
    difference = value - GAMMA_C
    both = Interval(
        difference - math.hypot(value - interval.low, letter),
        difference + math.hypot(interval.high - value, letter),
        interval.n_undefined,
    )
    yield of_interval(
        f"γ_c = {value:.3g}, less {GAMMA_C:g}",
        difference,
        both,
        n_samples=_n_samples(tables),
        allowed=around_zero(0.5 * GAMMA_C_SD),
        fixed=letter,
    )
    yield from _left_out(row)


@LETTER.state(
    "critical_strain_scatter",
    f"The critical strains of single samples scatter about it by {GAMMA_C_SD:g} (standard "
    "deviation).",
    f"root mean square deviation of the samples' own half drops from {GAMMA_C:g} over "
    f"{GAMMA_C_SD:g}: within a factor {NEAR:g}",
)
def _critical_strain_scatter(tables: Tables) -> Yielded:
    own = tables.own_strains("overlap_drop")
    squares = mean_over_state_points(((own - GAMMA_C) / GAMMA_C_SD) ** 2)
    what = f"scatter about {GAMMA_C:g} over the Letter's"
    yield root_mean_square(what, squares, (1 / NEAR, NEAR))
    yield f"{own.isna().sum()} of {len(own)} samples' own fits failed"
    yield from _alone(own)


@LETTER.state(
    "independent_of_temperature",
    "The critical strain does not depend on temperature.",
    "straight line of ln γ_c of the mean curves against T, every T where γ_c is defined: change "
    f"over that range within the Letter's {GAMMA_C_SD:g}",
)
def _independent_of_temperature(tables: Tables) -> Yielded:
    for size in tables.sizes:
        found = tables.trend("overlap_drop", "change_with_temperature", size)
        if found is None:
            what = f"change of γ_c, defined at fewer than two temperatures, N = {size}"
            yield undefined(what, around_zero(GAMMA_C_SD))
            continue
        value, interval, row = found
        what = (
            f"γ_c at T = {row['abscissa_high']:g} less at T = {row['abscissa_low']:g}, N = {size}"
        )
        yield of_interval(
            what,
            value,
            interval,
            n_samples=_n_samples(tables, size),
            allowed=around_zero(GAMMA_C_SD),
        )
        yield from _left_out(row)


@LETTER.state(
    "independent_of_size",
    "The critical strain does not depend on the number of particles.",
    "straight line of ln γ_c, averaged over T, against ln N: change over the range of N within the "
    f"Letter's {GAMMA_C_SD:g}",
)
def _independent_of_size(tables: Tables) -> Yielded:
    found = tables.trend("overlap_drop", "change_with_size", None)
    if found is None:
        yield "fewer than two N where γ_c is defined"
        return
    value, interval, row = found
    what = f"γ_c at N = {row['abscissa_high']:g} less at N = {row['abscissa_low']:g}"
    yield of_interval(
        what, value, interval, n_samples=_n_samples(tables), allowed=around_zero(GAMMA_C_SD)
    )
    yield from _left_out(row)


@LETTER.state(
    "stress",
    "The shear stress of the sheared inherent structures peaks near the critical strain and falls "
    "to about zero beyond.",
    f"|ln ratio of the strains|, from mean curves, within ln {NEAR:g}; lowest T: last stress "
    f"within {VANISHED_SHARE:g} of the maximum",
)
def _stress(tables: Tables) -> Yielded:
    yield from _ratios(tables, "stress_maximum", "strain of the stress maximum over γ_c")
    for size in tables.sizes:
        stress = tables.energy_curves(size, tables.coldest(size), "shear_stress")
        what = f"σ_xy at the largest strain over its maximum, {_at(tables, size)}"
        if stress.columns[-1] < FLOOR_START:  # it may not have fallen yet
            yield undefined(what, around_zero(VANISHED_SHARE))
            continue
        maximum = stress[stress.mean().idxmax()]
        yield ratio(what, stress.iloc[:, -1], maximum, allowed=around_zero(VANISHED_SHARE))


@LETTER.state(
    "energy",
    "The inherent structures' energy is flat at small strain and rises near the critical strain.",
    f"lowest T: rise > 0, of which at most {FLAT_SHARE:g} comes up to γ = {PLATEAU_END:g}; |ln "
    f"ratio of the strains|, from mean curves, within ln {NEAR:g}",
)
def _energy(tables: Tables) -> Yielded:
    yield from _ratios(tables, "energy_onset", "strain of the energy's onset over γ_c")
    for size in tables.sizes:
        energy = tables.energy_curves(size, tables.coldest(size), "normalised_energy")
        rise = energy.iloc[:, -1] - 1
        yield mean(f"total rise of e_IS/e_IS(0), {_at(tables, size)}", rise, above(0))
        before = energy.loc[:, energy.columns <= PLATEAU_END]
        what = f"share of the rise up to γ = {PLATEAU_END:g}, {_at(tables, size)}"
        # flatness cannot be told without a strain so small, nor before all of the rise
        if before.empty or energy.columns[-1] < FLOOR_START:
            yield undefined(what, around_zero(FLAT_SHARE))
            continue
        yield ratio(what, before.iloc[:, -1] - 1, rise, allowed=around_zero(FLAT_SHARE))


def _ratios(tables: Tables, estimator: str, what: str) -> Yielded:
    for size in tables.sizes:
        found = tables.trend(estimator, "log_ratio", size)
        if found is None:
            yield undefined(f"{what}, not defined, N = {size}", around_zero(math.log(NEAR)))
            continue
        value, interval, row = found
        yield of_interval(
            f"ln({what}), N = {size}",
            value,
            interval,
            n_samples=_n_samples(tables, size),
            allowed=around_zero(math.log(NEAR)),
        )
        yield from _left_out(row)


# --- against temperature ----------------------------------------------------------------------


@LETTER.state(
    "propensity_pq_pdq",
    "Soft modes before and after the small strain overlap equally with the propensity.",
    "O_DP,pq less O_DP,pdq, averaged over T, of all configurations and of those alone whose basin "
    f"the strain changed: within {SIMILAR:g}",
)
def _propensities_alike(tables: Tables) -> Yielded:
    difference = (tables.by_state("DP_pq") - tables.by_state("DP_pdq")).dropna()
    if difference.empty:
        yield "no propensity was asked for"
        return
    switched = tables.state_points.set_index(STATE)["switched"].astype(bool)
    changed = difference[switched.reindex(difference.index, fill_value=False)]
    what = "O_DP,pq less O_DP,pdq"
    yield of_summary(f"{what}, all", mean_over_state_points(difference), around_zero(SIMILAR))
    yield from _alone(difference)
    # at which temperatures a sample changed is chance: its mean is over those
    of_samples = changed.groupby(["n_particles", "sample"]).mean()
    yield mean(f"{what}, changed basins alone", of_samples, around_zero(SIMILAR))
    yield (
        f"the strain changed the basin of {len(changed) or 'none'} of the {len(difference)} "
        "configurations compared"
    )


@LETTER.state(
    "propensity_rises_on_cooling",
    "Both overlaps with the propensity rise strongly on cooling.",
    f"lowest T with a propensity less highest T > {STRONG_RISE:g}",
)
def _propensity_rises(tables: Tables) -> Yielded:
    for size in tables.sizes:
        for quantity in ("DP_pq", "DP_pdq"):
            where, rise = tables.rise_on_cooling(quantity, size)
            yield mean(f"{LABELS[quantity]}, {where}", rise, above(STRONG_RISE))


@LETTER.state(
    "levels_off",
    "The overlap of the Debye–Waller factor with the soft modes levels off at the lowest "
    "temperatures.",
    f"all N together, weighted by N: half of -dO_DW,pq/dT from T = {LEVELS_BELOW:g} to T = 1 "
    f"less -dO_DW,pq/dT for T ≤ {LEVELS_BELOW:g} > 0",
)
def _levels_off(tables: Tables) -> Yielded:
    cold = [t for t in tables.temperatures if t <= LEVELS_BELOW]
    warm = [t for t in tables.temperatures if LEVELS_BELOW < t <= 1.0]
    if min(len(cold), len(warm)) < 2:
        yield f"fewer than two temperatures up to T = {LEVELS_BELOW:g}, or above"
        return
    differences, weights, counts = [], [], []
    for size in tables.sizes:
        overlaps = tables.overlap_by_temperature("DW_pq", size)
        hotter, colder = (overlaps.columns.intersection(ts) for ts in (warm, cold))
        if min(len(hotter), len(colder)) < 2:
            counts.append(f"N = {size}: too few temperatures of two samples")
            continue
        rates = (rate_of_rise(some.to_series()) for some in (hotter, colder))
        factors = pd.concat(
            [factor * rate for factor, rate in zip((0.5, -1.0), rates, strict=True)]
        )
        differences.append(sum_of_means(overlaps[factors.index], factors))
        # the variance of an overlap goes as 1/N
        numbers = overlaps[factors.index].count()
        weights.append(size / np.sum(factors**2 / numbers))
        counts.append(f"N = {size}: {numbers.min()} to {numbers.max()} samples of a temperature")
    what = f"half the rate of rise above T = {LEVELS_BELOW:g} less the rate below"
    yield combined(what, differences, weights, allowed=above(0))
    yield from counts


def rate_of_rise(x: pd.Series) -> pd.Series:
    """What values at x are to be multiplied by for their sum to be -d/dx by least squares."""
    apart = x - x.mean()
    return -apart / np.sum(apart**2)


@LETTER.state(
    "displacement_overlap",
    "Nonaffine displacements overlap with the Debye–Waller factor more than at random, and gain "
    "less on cooling than the soft modes do.",
    "for |d| and for |d| of linear response: overlap at the lowest T less random > 0; rise of "
    "O_DW,pq less its rise > 0",
)
def _displacement_overlap(tables: Tables) -> Yielded:
    for size in tables.sizes:
        where, modes = tables.rise_on_cooling("DW_pq", size)
        for quantity in ("DW_d", "DW_lin"):
            label = LABELS[quantity]
            excess = tables.overlap(quantity, size, tables.coldest(size), less="random")
            yield mean(f"{label} less random, {_at(tables, size)}", excess, above(0))
            _, displacement = tables.rise_on_cooling(quantity, size)
            what = f"rise of O_DW,pq less that of {label}, {where}"
            yield mean(what, modes - displacement, above(0))


@LETTER.state(
    "mobilities_agree",
    "Debye–Waller factor and propensity are correlated.",
    "lowest T with a propensity: overlap less the control shuffled within species > 0",
)
def _mobilities_agree(tables: Tables) -> Yielded:
    for size in tables.sizes:
        for temperature in tables.temperatures_of("DW_DP", size)[:1]:
            what = f"O_DW,DP less its control within species, N = {size}, T = {temperature:g}"
            yield mean(
                what, tables.overlap("DW_DP", size, temperature, less="within_species"), above(0)
            )


# --- against the number of modes --------------------------------------------------------------

SCAN = f"lowest T, from {100 * MIN_FRACTION:g}% of the modes on"


@LETTER.state(
    "grows_with_modes",
    "The Debye–Waller factor's overlap grows with the number of soft modes up to about 1% of them.",
    f"{SCAN}: slope of O_DW,p in ln N_m up to {DEFAULT_FRACTION:.0%} > 0; N_m of the maximum of "
    f"the mean curve within a factor {NEAR:g} of {DEFAULT_FRACTION:.0%}",
)
def _grows_with_modes(tables: Tables) -> Yielded:
    for size in tables.sizes:
        curves = tables.mode_curves("DW_p", size, near_critical=False)
        yield _slope(tables, "DW_p", curves.loc[:, : 1.001 * DEFAULT_FRACTION], size, above(0))
        allowed = around_zero(math.log(NEAR))
        # at an end of the scan it may lie anywhere beyond
        if curves.empty or curves.mean().argmax() in (0, curves.shape[1] - 1):
            yield undefined(
                f"N_m of the maximum: none within the scan, {_at(tables, size)}", allowed
            )
            continue
        value, interval = statistics.position_of_maximum(
            np.log(curves.columns.to_numpy(float)),
            curves.to_numpy(),
            stream(tables.seed, "mode number", size, temperature=tables.coldest(size), sample=0),
        )
        shift = -math.log(DEFAULT_FRACTION)
        yield of_interval(
            f"ln(N_m of the maximum over 1%), at {math.exp(value):.2%} of the modes, "
            f"{_at(tables, size)}",
            value + shift,
            Interval(interval.low + shift, interval.high + shift, interval.n_undefined),
            n_samples=len(curves),
            allowed=allowed,
        )


@LETTER.state(
    "falls_with_modes",
    "At small strain, nonaffine displacements overlap most with the very lowest modes.",
    f"{SCAN}, smallest strain: slope of O_|d|,p in ln N_m < 0, for |d| and for |d| of linear "
    "response",
)
def _falls_with_modes(tables: Tables) -> Yielded:
    for size in tables.sizes:
        for quantity in ("d_p", "lin_p"):
            curves = tables.mode_curves(quantity, size, near_critical=False)
            yield _slope(tables, quantity, curves, size, below(0))


@LETTER.state(
    "grows_with_modes_near_critical_strain",
    "Near the critical strain the displacements' overlap grows with the number of modes, as the "
    "Debye–Waller factor's does.",
    f"{SCAN}, strain near γ_c: slope of O_|d|,p in ln N_m up to {DEFAULT_FRACTION:.0%} > 0",
)
def _grows_near_critical(tables: Tables) -> Yielded:
    for size in tables.sizes:
        curves = tables.mode_curves("d_p", size, near_critical=True)
        yield _slope(tables, "d_p", curves.loc[:, : 1.001 * DEFAULT_FRACTION], size, above(0))


def _slope(
    tables: Tables, quantity: str, curves: pd.DataFrame, size: int, allowed: tuple[float, float]
) -> Observation:
    """The mean over samples of the slope in ln N_m."""
    if curves.empty:
        return undefined(
            f"slope of {LABELS[quantity]} in ln N_m: none, {_at(tables, size)}", allowed
        )
    slopes = []
    if curves.shape[1] > 1:
        slopes = np.polyfit(np.log(curves.columns.to_numpy(float)), curves.to_numpy().T, 1)[0]
    low, high = (100 * end for end in (curves.columns.min(), curves.columns.max()))
    what = (
        f"slope of {LABELS[quantity]} in ln N_m, {low:.2g} to {high:.2g}% of the modes, "
        f"{_at(tables, size)}"
    )
    return mean(what, slopes, allowed)


# --- neighbouring minima and the displacement field ---------------------------------------------


@LETTER.state(
    "modes_persist",
    "At low temperature, neighbouring minima have their soft modes in nearly the same places.",
    f"overlap of p before and after a strain up to γ = {PLATEAU_END:g} that changed the basin, "
    f"averaged over such strains: at the lowest T > {MOSTLY_THE_SAME:g}, and there less at the "
    "highest T > 0",
)
def _modes_persist(tables: Tables) -> Yielded:
    # a minimum compared with itself would agree anyway
    rows = tables.overlap_vs_gamma
    rows = rows[(rows["quantity"] == "pq_pdq") & rows["gamma"].between(1e-300, PLATEAU_END)]
    near = rows.merge(tables.energy_stress[[*STATE, "gamma", "switched"]], on=[*STATE, "gamma"])
    for size in tables.sizes:
        some = near[near["n_particles"] == size]
        changed = some[some["switched"].astype(bool)]
        by_state = changed.groupby(["temperature", "sample"])["overlap"].mean()
        by_temperature = {t: by_state.xs(t) for t in changed["temperature"].unique()}
        cold, hot = (
            by_temperature.get(t, pd.Series(dtype=float))
            for t in (tables.coldest(size), tables.hottest(size))
        )
        what = f"O_pq,pdq of changed basins up to γ = {PLATEAU_END:g}"
        yield mean(f"{what}, {_at(tables, size)}", cold, above(MOSTLY_THE_SAME))
        where = f"T = {tables.coldest(size):g} less T = {tables.hottest(size):g}, N = {size}"
        # the samples that changed are not the same ones at both
        yield difference(f"{what}, {where}", cold, hot, allowed=above(0))
        yield (
            f"N = {size}: the basin changed in {len(cold) or 'none'} of "
            f"{some.loc[some['temperature'] == tables.coldest(size), 'sample'].nunique()} samples"
        )


@LETTER.state(
    "quadrupolar",
    "At low temperature the nonaffine displacements are quadrupolar.",
    "smallest strain, cos 4θ amplitude of the local strain's correlation: at the lowest T > 0, and "
    "there less at the highest T > 0",
)
def _quadrupolar(tables: Tables) -> Yielded:
    for size in tables.sizes:
        low, high = tables.coldest(size), tables.hottest(size)
        cold, hot = (tables.states(size, t)["quadrupole"] for t in (low, high))
        yield mean(f"cos 4θ amplitude, {_at(tables, size)}", cold, above(0))
        what = f"cos 4θ amplitude, T = {low:g} less T = {high:g}, N = {size}"
        if low < high:
            yield mean(what, cold - hot, above(0))
        else:
            yield undefined(what, above(0))


# --- this study's own -------------------------------------------------------------------------


@OWN.state(
    "beyond_composition",
    "Soft modes tell more about the Debye–Waller factor than which particles are small.",
    "lowest T: O_DW,pq less the control shuffled within species > 0, and less the overlap of as "
    "many particles drawn among the small ones > 0",
)
def _beyond_composition(tables: Tables) -> Yielded:
    for size in tables.sizes:
        what = f"O_DW,pq less its control within species, {_at(tables, size)}"
        yield mean(
            what,
            tables.overlap("DW_pq", size, tables.coldest(size), less="within_species"),
            above(0),
        )
        equal = tables.overlap("DW_equal_size", size, tables.coldest(size))
        what = f"O_DW,pq less that of random small particles, {_at(tables, size)}"
        yield mean(what, tables.overlap("DW_pq", size, tables.coldest(size)) - equal, above(0))


@OWN.state(
    "harmonic_prediction",
    "The Debye–Waller factor predicted from all modes does better than naming the small particles.",
    "lowest T: its overlap less that of all small particles > 0",
)
def _harmonic_prediction(tables: Tables) -> Yielded:
    for size in tables.sizes:
        harmonic, small = (
            tables.overlap(quantity, size, tables.coldest(size))
            for quantity in ("DW_harmonic", "DW_small")
        )
        what = f"O_DW,harmonic less that of all small particles, {_at(tables, size)}"
        yield mean(what, harmonic - small, above(0))


@OWN.state(
    "equilibrated",
    "The configurations are equilibrated.",
    "every state point: both clocks, no drift, halves agree (see the table of state points)",
)
def _equilibrated(tables: Tables) -> Yielded:
    states = tables.state_points.groupby(["n_particles", "temperature"])["equilibrated"].first()
    yield _all_hold("state points not equilibrated", states)


@OWN.state(
    "checks",
    "The stored results obey what must hold exactly or on average.",
    "every check of the table of checks",
)
def _checks(tables: Tables) -> Yielded:
    yield _all_hold("checks not passed", tables.checks["passed"])


def _all_hold(what: str, passed: pd.Series) -> Observation:
    failed = int((~passed.astype(bool)).sum())
    return Observation(f"{what}, of {len(passed)}", failed, failed, failed, len(passed), below(0.5))


# --- words ------------------------------------------------------------------------------------


def _at(tables: Tables, size: int) -> str:
    return f"N = {size}, T = {tables.coldest(size):g}"


def _n_samples(tables: Tables, size: int | None = None) -> int:
    """At that T, of an N or of all, that has most."""
    states = tables.state_points
    chosen = states if size is None else states[states["n_particles"] == size]
    return int(chosen.groupby(["n_particles", "temperature"])["sample"].nunique().max())


def _left_out(row: pd.Series) -> Iterator[str]:
    if isinstance(row["left_out"], str) and row["left_out"]:
        size = row["n_particles"]
        where = "" if pd.isna(size) else f" at N = {size:.0f}"
        yield f"left out{where}: {row['left_out']}"


def _alone(values: pd.Series) -> Iterator[str]:
    """What `mean_over_state_points` leaves out, by state point."""
    counts = values.groupby(level=["n_particles", "temperature"]).count()
    for size, temperature in counts.index[(counts == 1) & (counts.max() > 1)]:
        yield f"left out: N = {size}, T = {temperature:g}: one sample"


LABELS = {
    "DP_pq": "O_DP,pq",
    "DP_pdq": "O_DP,pdq",
    "DW_pq": "O_DW,pq",
    "DW_pdq": "O_DW,pdq",
    "DW_p": "O_DW,p",
    "DW_d": "O_DW,|d|",
    "DW_lin": "O_DW,|d_lin|",
    "d_p": "O_|d|,p",
    "lin_p": "O_|d_lin|,p",
    "d_pdq": "O_|d|,pdq",
    "lin_pdq": "O_|d_lin|,pdq",
    "pq_pdq": "O_pq,pdq",
    "DW_DP": "O_DW,DP",
    "DW_harmonic": "O_DW,harmonic",
    "DW_small": "O_DW,small",
    "DW_equal_size": "O_DW,random small",
    "DW_attainable": "O_DW,DW without noise",
    "DP_attainable": "O_DP,DP without noise",
}
