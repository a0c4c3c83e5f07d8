"""The study beside the Letter: each statement with what was obtained, its error and a verdict.

Everything is computed from the tables of `softmodes.tables`. The sample is the unit: what is
compared is one number per sample, averaged over samples with its standard error (SEM), and a
system size or a temperature that disagrees decides for all. Verdicts follow fixed criteria, held
in each finding as text:

- something is larger where the mean difference exceeds SIGNIFICANT_SEM SEM, smaller where it falls
  below minus that; in between, the study is too small to tell;
- two things are equal where their difference, with SIGNIFICANT_SEM SEM to either side, stays
  within a stated tolerance, unequal where it lies outside with that margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from softmodes import statistics
from softmodes.statistics import CONFIDENCE, PLATEAU_END, SIGNIFICANT_SEM, Summary, summarise

LETTER_GAMMA_C = 0.071
LETTER_GAMMA_C_SD = 0.024
"""The Letter's critical strain with its error bar, the standard deviation over samples."""

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
NEIGHBOUR_TOLERANCE = 0.05
EQUILIBRATED_SHARE = 0.95  # tests for drift raise a few false alarms among many samples

STATE = ["n_particles", "temperature", "sample"]

AGREES, DIFFERS, TOO_SMALL = "agrees", "differs", "too small to tell"


@dataclass(frozen=True)
class Tables:
    """The study's tables, named as their files."""

    overlap_vs_gamma: pd.DataFrame
    overlap_vs_temperature: pd.DataFrame
    overlap_vs_modes: pd.DataFrame
    energy_stress: pd.DataFrame
    gamma_c: pd.DataFrame
    state_points: pd.DataFrame

    @property
    def sizes(self) -> list[int]:
        """Numbers of particles, ascending."""
        return sorted(map(int, self.state_points["n_particles"].unique()))

    @property
    def temperatures(self) -> list[float]:
        """Ascending."""
        return sorted(map(float, self.state_points["temperature"].unique()))


@dataclass(frozen=True)
class Observation:
    """One number obtained: what it is, its mean over samples and the verdict it leads to."""

    what: str
    mean: float
    sem: float
    sd: float
    n_samples: int
    verdict: str


@dataclass(frozen=True)
class Finding:
    """A statement, the criterion it was judged by, what was observed, and the verdict."""

    name: str
    statement: str
    criterion: str
    observations: list[Observation] = field(default_factory=list)
    remark: str = ""

    @property
    def verdict(self) -> str:
        """That of the observations together: one that differs decides, then one too small."""
        found = [observation.verdict for observation in self.observations]
        if DIFFERS in found:
            return DIFFERS
        return TOO_SMALL if TOO_SMALL in found or not found else AGREES


def compare(tables: Tables, study: str, minimum_relaxation_times: float) -> dict[str, Any]:
    """The whole summary as plain data, NaN as None: what `summary.json` holds."""
    findings = [judge(tables) for judge in STATEMENTS]
    controls = [judge(tables) for judge in CONTROLS]
    controls.append(_equilibrated(tables, minimum_relaxation_times))
    return _plain(
        {
            "study": study,
            "sizes": tables.sizes,
            "temperatures": tables.temperatures,
            "n_samples": int(tables.state_points["sample"].nunique()),
            "statements": [asdict(item) | {"verdict": item.verdict} for item in findings],
            "controls": [asdict(item) | {"verdict": item.verdict} for item in controls],
            "gamma_c": _critical_strains(tables),
            "gamma_c_trends": _trends(tables),
            "overlaps_at_lowest_temperature": _coldest_overlaps(tables),
            "state_points": _ensembles(tables, minimum_relaxation_times),
            "minimum_relaxation_times": minimum_relaxation_times,
            "warnings": _warnings(tables, minimum_relaxation_times),
        }
    )


# --- verdicts ---------------------------------------------------------------------------------


def larger(what: str, differences: Iterable[float], by: float = 0.0) -> Observation:
    """Whether differences, one per sample, exceed `by`."""
    found = summarise(np.asarray(list(differences), dtype=np.float64))
    margin = SIGNIFICANT_SEM * found.sem
    if found.mean - by > margin:
        verdict = AGREES
    elif found.mean - by < -margin:
        verdict = DIFFERS
    else:
        verdict = TOO_SMALL
    return _observation(what, found, verdict)


def equal(what: str, differences: Iterable[float], tolerance: float) -> Observation:
    """Whether differences, one per sample, vanish to within a tolerance."""
    found = summarise(np.asarray(list(differences), dtype=np.float64))
    margin = SIGNIFICANT_SEM * found.sem
    if abs(found.mean) + margin <= tolerance:
        verdict = AGREES
    elif abs(found.mean) - margin > tolerance:
        verdict = DIFFERS
    else:
        verdict = TOO_SMALL
    return _observation(what, found, verdict)


def _observation(what: str, found: Summary, verdict: str) -> Observation:
    return Observation(what, found.mean, found.sem, found.sd, found.n, verdict)


# --- statements of the Letter -----------------------------------------------------------------


def _flat_plateau(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        curves = _curves(tables, size, tables.temperatures[0])
        gamma = curves.columns.to_numpy()
        drop = statistics.plateau_drop(gamma, curves.to_numpy())
        plateau = gamma <= PLATEAU_END
        if plateau.sum() < 2 or curves.empty:
            continue
        decades = np.log10(gamma[plateau])
        change = np.polyfit(decades, curves.to_numpy()[:, plateau].T, 1)[0] * np.ptp(decades)
        tolerance = FLAT_SHARE * drop.mean if drop.significant else -math.inf
        what = f"change of O_DW,p up to γ = {PLATEAU_END:g}, {_at(tables, size)}"
        observation = equal(what, change, tolerance)
        if not drop.significant:  # without a drop there is nothing to measure flatness by
            observation = _observation(what, summarise(change), TOO_SMALL)
        observations.append(observation)
    return Finding(
        "plateau",
        "Below the critical strain the overlap of soft modes and Debye–Waller factor does not "
        "depend on strain.",
        f"lowest T: linear change in log γ up to γ = {PLATEAU_END:g} within {FLAT_SHARE:g} of the "
        "drop",
        observations,
    )


def _plateau_rises(tables: Tables) -> Finding:
    low, high = tables.temperatures[0], tables.temperatures[-1]
    return Finding(
        "plateau_rises_on_cooling",
        "That plateau rises as the liquid is cooled.",
        "plateau at the lowest T less that at the highest > 0",
        [
            larger(
                f"O_DW,p plateau, T = {low:g} less T = {high:g}, N = {size}",
                _plateaus(tables, size, low) - _plateaus(tables, size, high),
            )
            for size in tables.sizes
            if low < high
        ],
    )


def _drops(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        for temperature in (t for t in tables.temperatures if t <= COLD):
            curves = _curves(tables, size, temperature)
            drop = _plateaus(tables, size, temperature) - curves.iloc[:, -1]
            observations.append(
                larger(f"plateau less floor, N = {size}, T = {temperature:g}", drop)
            )
    return Finding(
        "drop",
        "In the landscape-influenced liquid the overlap drops at a critical strain.",
        f"every T <= {COLD:g}: plateau less value at the largest strain > 0",
        observations,
        "" if observations else f"no temperature of the study is {COLD:g} or lower",
    )


def _critical_strain(tables: Tables) -> Finding:
    found, _ = _pooled(tables, "overlap_drop")
    verdict, remark = TOO_SMALL, "not defined at any state point"
    if found.n > 1:
        error = math.hypot(LETTER_GAMMA_C_SD, found.sem)
        deviation = abs(found.mean - LETTER_GAMMA_C) / error
        verdict = AGREES if deviation <= 1 else DIFFERS if deviation > 2 else TOO_SMALL
        remark = f"{deviation:.1f} combined errors from the Letter's {LETTER_GAMMA_C:g}"
    return Finding(
        "critical_strain",
        f"The critical strain is {LETTER_GAMMA_C:g} ± {LETTER_GAMMA_C_SD:g} (standard deviation).",
        "mean over samples of the half drop, each averaged over its temperatures: within one "
        f"combined error √({LETTER_GAMMA_C_SD:g}² + SEM²) agrees, beyond two differs",
        [_observation("γ_c from the overlap's half drop", found, verdict)],
        remark,
    )


def _independent_of_temperature(tables: Tables) -> Finding:
    return _constancy(
        tables,
        "independent_of_temperature",
        "The critical strain does not depend on temperature.",
        [f"temperature, N = {size}" for size in tables.sizes],
    )


def _independent_of_size(tables: Tables) -> Finding:
    return _constancy(
        tables,
        "independent_of_size",
        "The critical strain does not depend on the number of particles.",
        ["ln N"],
    )


def _constancy(tables: Tables, name: str, statement: str, abscissae: list[str]) -> Finding:
    """Whether the trends of the overlap's drop against the abscissae stay within the error."""
    observations = []
    for row in _trends(tables):
        if row["estimator"] == "overlap_drop" and row["against"] in abscissae and row["n"] > 1:
            half = 0.5 * (row["change_high"] - row["change_low"])
            if abs(row["change"]) + half <= LETTER_GAMMA_C_SD:
                verdict = AGREES
            elif abs(row["change"]) - half > LETTER_GAMMA_C_SD:
                verdict = DIFFERS
            else:
                verdict = TOO_SMALL
            what = f"change of γ_c over the range of {row['against']}"
            sem = -half / ndtri(0.5 * (1 - CONFIDENCE))
            observations.append(Observation(what, row["change"], sem, math.nan, row["n"], verdict))
    return Finding(
        name,
        statement,
        f"change over the study's range, with its {CONFIDENCE:.0%} interval, within the Letter's "
        f"{LETTER_GAMMA_C_SD:g}",
        observations,
        "" if observations else "fewer than two values where γ_c is defined",
    )


def _stress_peaks(tables: Tables) -> Finding:
    observations = [_ratio(tables, "stress_maximum", "strain of the stress maximum over γ_c")]
    for size in tables.sizes:
        stress = _pivot(tables.energy_stress, size, tables.temperatures[0], "shear_stress")
        share = stress.iloc[:, -1] / stress.mean().max()
        what = f"σ_xy at the largest strain over its maximum, {_at(tables, size)}"
        observations.append(equal(what, share, VANISHED_SHARE))
    return Finding(
        "stress",
        "The shear stress of the sheared inherent structures peaks near the critical strain and "
        "falls to about zero beyond.",
        f"|ln ratio of the strains| within ln {NEAR:g}; last stress within {VANISHED_SHARE:g} of "
        "the maximum",
        observations,
    )


def _energy_rises(tables: Tables) -> Finding:
    observations = [_ratio(tables, "energy_onset", "strain of the energy's onset over γ_c")]
    for size in tables.sizes:
        energy = _pivot(tables.energy_stress, size, tables.temperatures[0], "normalised_energy")
        rise = energy.iloc[:, -1] - 1
        observations.append(larger(f"total rise of e_IS/e_IS(0), {_at(tables, size)}", rise))
        before = energy.loc[:, energy.columns <= PLATEAU_END]
        # without a strain that small the share is not defined, and flatness cannot be told
        share = [] if before.empty else (before.iloc[:, -1] - 1) / rise.mean()
        what = f"share of the rise up to γ = {PLATEAU_END:g}, {_at(tables, size)}"
        observations.append(equal(what, share, FLAT_SHARE))
    return Finding(
        "energy",
        "The inherent structures' energy is flat at small strain and rises near the critical "
        "strain.",
        f"rise > 0, of which at most {FLAT_SHARE:g} comes up to γ = {PLATEAU_END:g}; |ln ratio of "
        f"the strains| within ln {NEAR:g}",
        observations,
    )


def _ratio(tables: Tables, estimator: str, what: str) -> Observation:
    """ln of another estimator's strain over the overlap's, per sample averaged over T."""
    logarithms = np.log(
        _sample_strains(tables, estimator) / _sample_strains(tables, "overlap_drop")
    )
    return equal(f"ln({what})", _per_sample(logarithms), math.log(NEAR))


def _propensities_alike(tables: Tables) -> Finding:
    frame = tables.overlap_vs_temperature
    difference = (_all(frame, "DP_pq") - _all(frame, "DP_pdq")).dropna()
    switched = tables.state_points.set_index(STATE)["switched"].astype(bool)
    n_changed = int(switched.reindex(difference.index, fill_value=False).sum())
    observation = equal("O_DP,pq - O_DP,pdq", _per_sample(difference), SIMILAR)
    if n_changed == 0:  # the same minimum twice
        observation = replace(observation, verdict=TOO_SMALL)
    return Finding(
        "propensity_pq_pdq",
        "Soft modes before and after the small strain overlap equally with the propensity.",
        f"O_DP,pq less O_DP,pdq, averaged over T, within {SIMILAR:g}",
        [observation] if len(difference) else [],
        f"the strain changed the basin of {n_changed or 'none'} of the {len(difference)} "
        "configurations compared",
    )


def _propensity_rises(tables: Tables) -> Finding:
    return _rise_on_cooling(
        tables,
        "propensity_rises_on_cooling",
        "Both overlaps with the propensity rise strongly on cooling.",
        ("DP_pq", "DP_pdq"),
        STRONG_RISE,
    )


def _rise_on_cooling(
    tables: Tables, name: str, statement: str, quantities: Sequence[str], by: float
) -> Finding:
    observations = [
        larger(f"{_label(quantity)}, T = {low:g} less T = {high:g}, N = {size}", rise, by)
        for size in tables.sizes
        for quantity in quantities
        for low, high, rise in _rise(tables, size, quantity)
    ]
    return Finding(name, statement, f"lowest T less highest T > {by:g}", observations)


def _levels_off(tables: Tables) -> Finding:
    cold = [t for t in tables.temperatures if t <= LEVELS_BELOW]
    warm = [t for t in tables.temperatures if LEVELS_BELOW < t <= 1.0]
    reached = len(cold) > 1 and len(warm) > 1
    observations = []
    for size in tables.sizes if reached else []:
        slow, overall = (_rate_of_rise(tables, size, some) for some in (cold, warm))
        what = f"half the rate of rise above T = {LEVELS_BELOW:g} less the rate below, N = {size}"
        observations.append(larger(what, 0.5 * overall - slow))
    return Finding(
        "levels_off",
        "The overlap of the Debye–Waller factor with the soft modes levels off at the lowest "
        "temperatures.",
        f"-dO_DW,pq/dT for T <= {LEVELS_BELOW:g} less than half that from there to T = 1",
        observations,
        "" if reached else f"fewer than two temperatures up to T = {LEVELS_BELOW:g}",
    )


def _rate_of_rise(tables: Tables, size: int, temperatures: list[float]) -> pd.Series:
    """-dO_DW,pq/dT of each sample, by least squares."""
    frame = tables.overlap_vs_temperature
    rows = _known(frame[frame["temperature"].isin(temperatures)], "DW_pq", size)
    curves = rows.pivot(index="sample", columns="temperature", values="overlap").dropna()
    if len(curves.columns) < 2 or curves.empty:
        return pd.Series(dtype=float)
    return pd.Series(-np.polyfit(curves.columns, curves.T, 1)[0], index=curves.index)


def _displacement_overlap(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        rows = _rows(tables.overlap_vs_temperature, "DW_d", size, tables.temperatures[0])
        what = f"O_DW,|d| less random, {_at(tables, size)}"
        observations.append(larger(what, rows["overlap"] - rows["random"]))
        for (low, high, modes), (_, _, displacement) in zip(
            _rise(tables, size, "DW_pq"), _rise(tables, size, "DW_d"), strict=True
        ):
            what = f"rise of O_DW,pq less that of O_DW,|d|, T = {high:g} to {low:g}, N = {size}"
            observations.append(larger(what, modes - displacement))
    return Finding(
        "displacement_overlap",
        "Nonaffine displacements overlap with the Debye–Waller factor more than at random, and "
        "gain less on cooling than the soft modes do.",
        "lowest T: O_DW,|d| less random > 0; rise of O_DW,pq less rise of O_DW,|d| > 0",
        observations,
    )


def _grows_with_modes(tables: Tables) -> Finding:
    return _mode_numbers(
        tables,
        "grows_with_modes",
        "The Debye–Waller factor's overlap grows with the number of soft modes up to about 1% of "
        "them.",
        "DW_p",
        near=False,
        ends=(DEFAULT_FRACTION, 0.0),
    )


def _falls_with_modes(tables: Tables) -> Finding:
    return _mode_numbers(
        tables,
        "falls_with_modes",
        "At small strain, nonaffine displacements overlap most with the very lowest modes.",
        "d_p",
        near=False,
        ends=(0.0, 1.0),
    )


def _grows_near_critical(tables: Tables) -> Finding:
    return _mode_numbers(
        tables,
        "grows_with_modes_near_critical_strain",
        "Near the critical strain the displacements' overlap grows with the number of modes, as "
        "the Debye–Waller factor's does.",
        "d_p",
        near=True,
        ends=(DEFAULT_FRACTION, 0.0),
    )


def _mode_numbers(
    tables: Tables, name: str, statement: str, quantity: str, near: bool, ends: tuple[float, float]
) -> Finding:
    """Compare the overlaps at the mode fractions nearest to the two `ends`."""
    frame = tables.overlap_vs_modes
    gamma = frame["gamma"].max() if near else frame["gamma"].min()
    observations = []
    for size in tables.sizes:
        rows = _rows(frame[frame["gamma"] == gamma], quantity, size, tables.temperatures[0])
        curve = rows.pivot(index="sample", columns="mode_fraction", values="overlap")
        if curve.empty:
            continue
        upper, lower = (min(curve.columns, key=lambda fraction: abs(fraction - e)) for e in ends)
        what = (
            f"{_label(quantity)} at {100 * upper:.2g}% less at {100 * lower:.2g}% of 2N, "
            f"γ = {gamma:g}, {_at(tables, size)}"
        )
        observations.append(larger(what, curve[upper] - curve[lower]))
    return Finding(name, statement, "lowest T: difference > 0", observations)


def _modes_persist(tables: Tables) -> Finding:
    """Only where the strain led to another minimum: one compared with itself agrees anyway."""
    frame, observations, remarks = tables.overlap_vs_gamma, [], []
    for size in tables.sizes:
        rows = _rows(frame[frame["gamma"] > 0], "pq_pdq", size, tables.temperatures[0])
        near = rows[rows["gamma"] <= PLATEAU_END].merge(
            tables.energy_stress[[*STATE, "gamma", "switched"]], on=[*STATE, "gamma"]
        )
        changed = near[near["switched"].astype(bool)].groupby("sample")["overlap"].mean()
        what = f"O_pq,pdq of changed basins up to γ = {PLATEAU_END:g}, {_at(tables, size)}"
        observations.append(larger(what, changed, MOSTLY_THE_SAME))
        remarks.append(
            f"N = {size}: the basin changed in {len(changed) or 'none'} of "
            f"{near['sample'].nunique()} samples"
        )
    return Finding(
        "modes_persist",
        "Neighbouring minima have their soft modes in nearly the same places.",
        f"lowest T: overlap of p before and after a strain up to γ = {PLATEAU_END:g} that changed "
        f"the basin, averaged over such strains, > {MOSTLY_THE_SAME:g}",
        observations,
        "; ".join(remarks),
    )


def _mobilities_agree(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        rows = _known(tables.overlap_vs_temperature, "DW_DP", size)
        if rows.empty:
            continue
        temperature = rows["temperature"].min()
        rows = rows[rows["temperature"] == temperature]
        what = f"O_DW,DP less its control within species, N = {size}, T = {temperature:g}"
        observations.append(larger(what, rows["overlap"] - rows["within_species"]))
    return Finding(
        "mobilities_agree",
        "Debye–Waller factor and propensity are correlated.",
        "lowest T with a propensity: overlap less the control shuffled within species > 0",
        observations,
    )


def _quadrupolar(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        amplitude = _states(tables, size, tables.temperatures[0])["quadrupole"]
        what = f"cos 4θ amplitude of the local strain's correlation, {_at(tables, size)}"
        observations.append(larger(what, amplitude))
    return Finding(
        "quadrupolar",
        "At low temperature the nonaffine displacements are quadrupolar.",
        "lowest T, smallest strain: amplitude > 0",
        observations,
    )


STATEMENTS: tuple[Callable[[Tables], Finding], ...] = (
    _flat_plateau,
    _plateau_rises,
    _drops,
    _critical_strain,
    _independent_of_temperature,
    _independent_of_size,
    _stress_peaks,
    _energy_rises,
    _propensities_alike,
    _propensity_rises,
    _levels_off,
    _displacement_overlap,
    _grows_with_modes,
    _falls_with_modes,
    _grows_near_critical,
    _modes_persist,
    _mobilities_agree,
    _quadrupolar,
)


# --- the study's own controls -----------------------------------------------------------------


def _beyond_composition(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        rows = _rows(tables.overlap_vs_temperature, "DW_pq", size, tables.temperatures[0])
        what = f"O_DW,pq less its control within species, {_at(tables, size)}"
        observations.append(larger(what, rows["overlap"] - rows["within_species"]))
    return Finding(
        "beyond_composition",
        "Soft modes tell more about the Debye–Waller factor than which particles are small.",
        "lowest T: O_DW,pq less the control shuffled within species > 0",
        observations,
    )


def _harmonic_prediction(tables: Tables) -> Finding:
    observations = []
    for size in tables.sizes:
        temperature = tables.temperatures[0]
        harmonic = _at_temperature(tables, size, "DW_harmonic", temperature)
        if harmonic.empty:
            continue
        small = _at_temperature(tables, size, "DW_small", temperature)
        what = (
            f"harmonic prediction's overlap less that of all small particles, {_at(tables, size)}"
        )
        observations.append(larger(what, harmonic - small))
    return Finding(
        "harmonic_prediction",
        "The Debye–Waller factor predicted from all modes does better than naming the small "
        "particles.",
        "lowest T: difference of the overlaps > 0",
        observations,
    )


CONTROLS: tuple[Callable[[Tables], Finding], ...] = (_beyond_composition, _harmonic_prediction)


def _equilibrated(tables: Tables, minimum_relaxation_times: float) -> Finding:
    states = tables.state_points
    share = states["equilibrated"].mean()
    observation = Observation(
        "share of samples equilibrated, all state points",
        float(share),
        math.nan,
        math.nan,
        len(states),
        AGREES if share >= EQUILIBRATED_SHARE else DIFFERS,
    )
    return Finding(
        "equilibrated",
        "The configurations are equilibrated.",
        f"at least {EQUILIBRATED_SHARE:g} of the samples: constant-volume stage of "
        f"{minimum_relaxation_times:g} τ_e or more, no drift of inherent energy or pressure in its "
        "second half",
        [observation],
    )


# --- numbers beside the statements ------------------------------------------------------------


def _critical_strains(tables: Tables) -> list[dict[str, Any]]:
    """Per estimator: all state points together, then each of them."""
    found = []
    for estimator, rows in tables.gamma_c.groupby("estimator"):
        pooled, n_failed = _pooled(tables, str(estimator))
        ensembles = (
            rows[rows["what"] == "ensemble"]
            .drop(columns=["estimator", "what", "sample"])
            .astype({"n_samples": int, "n_failed": int, "reason": object})
            .fillna({"reason": ""})
        )
        found.append(
            {
                "estimator": estimator,
                "mean": pooled.mean,
                "sem": pooled.sem,
                "sd": float(_sample_strains(tables, str(estimator)).std()),
                "n_samples": pooled.n,
                "n_failed": n_failed,
                "letter": LETTER_GAMMA_C,
                "letter_sd": LETTER_GAMMA_C_SD,
                "state_points": ensembles.to_dict("records"),
            }
        )
    return found


def _trends(tables: Tables) -> list[dict[str, Any]]:
    """Trends of each estimator with T, for each N, and with ln N; changes over the range."""
    ensembles = tables.gamma_c[(tables.gamma_c["what"] == "ensemble") & tables.gamma_c["defined"]]
    ensembles = ensembles.assign(
        error=ensembles["sd"] / np.sqrt(ensembles["n_samples"] - ensembles["n_failed"])
    )
    ensembles = ensembles[ensembles["error"] > 0]
    found = []
    for estimator in sorted(tables.gamma_c["estimator"].unique()):
        rows = ensembles[ensembles["estimator"] == estimator]
        for size in tables.sizes:
            some = rows[rows["n_particles"] == size]
            found.append(_trend(estimator, f"temperature, N = {size}", some, some["temperature"]))
        found.append(_trend(estimator, "ln N", rows, np.log(rows["n_particles"])))
    return found


def _trend(estimator: str, against: str, rows: pd.DataFrame, x: pd.Series) -> dict[str, Any]:
    found = statistics.trend(x.to_numpy(), rows["value"].to_numpy(), rows["error"].to_numpy(float))
    defined = not math.isnan(found.slope)
    span = float(np.ptp(x)) if defined else math.nan
    return {
        "estimator": estimator,
        "against": against,
        "slope": found.slope,
        "low": found.low,
        "high": found.high,
        "change": found.slope * span,
        "change_low": found.low * span,
        "change_high": found.high * span,
        "n": found.n if defined else 0,
    }


def _coldest_overlaps(tables: Tables) -> list[dict[str, Any]]:
    frame = tables.overlap_vs_temperature
    rows = frame[(frame["temperature"] == tables.temperatures[0]) & frame["overlap"].notna()]
    found = []
    for (size, quantity), group in rows.groupby(["n_particles", "quantity"]):
        overlap = summarise(group["overlap"])
        excess = summarise(group["overlap"] - group["within_species"])
        found.append(
            {
                "n_particles": size,
                "quantity": quantity,
                "label": _label(str(quantity)),
                "overlap": overlap.mean,
                "sem": overlap.sem,
                "sd": overlap.sd,
                "random": group["random"].mean(),
                "within_species": group["within_species"].mean(),
                "excess": excess.mean,
                "excess_sem": excess.sem,
            }
        )
    return found


def _ensembles(tables: Tables, minimum_relaxation_times: float) -> list[dict[str, Any]]:
    """One row per N and T: how it was prepared, and what its samples have in common."""
    found = []
    for (size, temperature), rows in tables.state_points.groupby(["n_particles", "temperature"]):
        row = {"n_particles": size, "temperature": temperature, "n_samples": len(rows)}
        for name in ("pressure", "density", "inherent_energy", "debye_waller"):
            values = summarise(rows[name])
            row |= {name: values.mean, f"{name}_sem": values.sem, f"{name}_sd": values.sd}
        drifts = {
            f"{name}_drift": summarise(rows[f"{name}_drift"])
            for name in ("inherent_energy", "pressure")
        }
        row |= {name: drift.mean for name, drift in drifts.items()}
        row |= {f"{name}_sem": drift.sem for name, drift in drifts.items()}
        row |= {
            "relaxation_time": rows["relaxation_time"].iloc[0],
            "cage_relative_relaxation_time": rows["cage_relative_relaxation_time"].iloc[0],
            "sample_relaxation_time_least": rows["sample_relaxation_time"].min(),
            "sample_relaxation_time_most": rows["sample_relaxation_time"].max(),
            "time": rows["time"].mean(),
            "relaxation_times": rows["relaxation_times"].mean(),
            "long_enough": bool((rows["relaxation_times"] >= minimum_relaxation_times).all()),
            "n_equilibrated": int(rows["equilibrated"].sum()),
            "switched_share": rows["switched"].mean(),
            "translation_switched_share": rows["translation_switched"].mean(),
            "debye_waller_reliability": rows["debye_waller_reliability"].mean(),
            "n_quenches": int(rows["n_quenches"].sum()),
            "n_unconverged": int(rows["n_unconverged"].sum()),
            "n_saddles": int(rows["n_saddles"].sum()),
            "n_split_degeneracies": int(rows["n_split_degeneracies"].sum()),
        }
        row |= {
            name: rows[name].mean()
            for name in rows.columns
            if name.startswith(("first_minimum_", "neighbour_distance_"))
        }
        found.append(row)
    return found


def _warnings(tables: Tables, minimum_relaxation_times: float) -> list[str]:
    """What a reader must know before believing a figure."""
    found = []
    for row in _ensembles(tables, minimum_relaxation_times):
        where = f"N = {row['n_particles']}, T = {row['temperature']:g}"
        if math.isnan(row["relaxation_time"]):
            found.append(f"{where}: F_s does not fall to 1/e, τ_e is unknown")
        elif not row["long_enough"]:
            found.append(
                f"{where}: {row['relaxation_times']:.1f} τ_e at constant volume, "
                f"{minimum_relaxation_times:g} asked"
            )
        if unsteady := row["n_samples"] - row["n_equilibrated"]:
            found.append(f"{where}: {unsteady} of {row['n_samples']} samples not equilibrated")
        for count, what in (
            ("n_unconverged", "quenches did not converge"),
            ("n_saddles", "quenches ended on saddles"),
            ("n_split_degeneracies", "sets of soft modes split a degenerate group"),
        ):
            if row[count]:
                found.append(f"{where}: {row[count]} of {row['n_quenches']} {what}")
        for pair in ("small", "mixed", "large"):
            minimum, distance = row[f"first_minimum_{pair}"], row[f"neighbour_distance_{pair}"]
            # warm liquids have flat, shifted minima
            coldest = row["temperature"] == tables.temperatures[0]
            if coldest and abs(minimum / distance - 1.0) > NEIGHBOUR_TOLERANCE:
                found.append(
                    f"{where}: {pair} pairs count as neighbours up to {distance:g}, but the first "
                    f"minimum of their g(r) is at {minimum:.3g}"
                )
        for name in ("inherent_energy", "pressure"):
            drift, error = row[f"{name}_drift"], row[f"{name}_drift_sem"]
            if abs(drift) > SIGNIFICANT_SEM * error:
                found.append(
                    f"{where}: {name.replace('_', ' ')}, averaged over samples, drifts by "
                    f"{drift:.2g} ± {error:.2g} per τ"
                )
    undefined = tables.gamma_c[(tables.gamma_c["what"] == "ensemble") & ~tables.gamma_c["defined"]]
    found += [
        f"N = {row.n_particles}, T = {row.temperature:g}: {row.estimator.replace('_', ' ')} not "
        f"defined ({row.reason})"
        for row in undefined.itertuples()
    ]
    if tables.state_points["sample"].nunique() < 2:
        found.append("one sample only: nothing has an error")
    return found


# --- access to the tables ---------------------------------------------------------------------


def _rows(frame: pd.DataFrame, quantity: str, size: int, temperature: float) -> pd.DataFrame:
    chosen = _known(frame, quantity, size)
    return chosen[chosen["temperature"] == temperature]


def _known(frame: pd.DataFrame, quantity: str, size: int) -> pd.DataFrame:
    return frame[
        (frame["quantity"] == quantity) & (frame["n_particles"] == size) & frame["overlap"].notna()
    ]


def _at_temperature(tables: Tables, size: int, quantity: str, temperature: float) -> pd.Series:
    rows = _rows(tables.overlap_vs_temperature, quantity, size, temperature)
    return rows.set_index("sample")["overlap"]


def _rise(tables: Tables, size: int, quantity: str) -> list[tuple[float, float, pd.Series]]:
    """Lowest and highest T of a quantity and its rise between them; empty with one T alone."""
    known = np.sort(_known(tables.overlap_vs_temperature, quantity, size)["temperature"].unique())
    if len(known) < 2:
        return []
    low, high = (_at_temperature(tables, size, quantity, t) for t in (known[0], known[-1]))
    return [(float(known[0]), float(known[-1]), low - high)]


def _all(frame: pd.DataFrame, quantity: str) -> pd.Series:
    """Overlaps of a quantity by state point."""
    rows = frame[(frame["quantity"] == quantity) & frame["overlap"].notna()]
    return rows.set_index(STATE)["overlap"]


def _per_sample(values: pd.Series) -> pd.Series:
    """Means over temperature: states of one sample at several T are not independent."""
    return values.dropna().groupby(["n_particles", "sample"]).mean()


def _pivot(frame: pd.DataFrame, size: int, temperature: float, column: str) -> pd.DataFrame:
    """One row per sample, one column per strain above zero."""
    rows = frame[
        (frame["n_particles"] == size)
        & (frame["temperature"] == temperature)
        & (frame["gamma"] > 0)
    ]
    return rows.pivot(index="sample", columns="gamma", values=column)


def _curves(tables: Tables, size: int, temperature: float) -> pd.DataFrame:
    frame = tables.overlap_vs_gamma
    return _pivot(frame[frame["quantity"] == "DW_p"], size, temperature, "overlap").dropna()


def _plateaus(tables: Tables, size: int, temperature: float) -> pd.Series:
    curves = _curves(tables, size, temperature)
    return curves.loc[:, curves.columns <= PLATEAU_END].mean(axis=1)


def _states(tables: Tables, size: int, temperature: float) -> pd.DataFrame:
    states = tables.state_points
    return states[(states["n_particles"] == size) & (states["temperature"] == temperature)]


def _sample_strains(tables: Tables, estimator: str) -> pd.Series:
    """The samples' own strains by state point, where the ensemble's is defined."""
    rows = tables.gamma_c[
        (tables.gamma_c["estimator"] == estimator)
        & (tables.gamma_c["what"] == "sample")
        & tables.gamma_c["defined"]
    ]
    return rows.set_index(STATE)["value"]


def _pooled(tables: Tables, estimator: str) -> tuple[Summary, int]:
    """Samples' strains averaged over T, and how many fits failed where there was one to do."""
    strains = _sample_strains(tables, estimator)
    return summarise(_per_sample(strains)), int(strains.isna().sum())


def _at(tables: Tables, size: int) -> str:
    return f"N = {size}, T = {tables.temperatures[0]:g}"


def _label(quantity: str) -> str:
    return LABELS.get(quantity, quantity)


LABELS = {
    "DP_pq": "O_DP,pq",
    "DP_pdq": "O_DP,pdq",
    "DW_pq": "O_DW,pq",
    "DW_pdq": "O_DW,pdq",
    "DW_p": "O_DW,p",
    "DW_d": "O_DW,|d|",
    "DW_lin": "O_DW,|d_lin|",
    "d_p": "O_|d|,p",
    "d_pdq": "O_|d|,pdq",
    "lin_pdq": "O_|d_lin|,pdq",
    "pq_pdq": "O_pq,pdq",
    "DW_DP": "O_DW,DP",
    "DW_harmonic": "O_DW,harmonic",
    "DW_small": "O_DW,small",
    "DW_equal_size": "O_DW,random small",
}


def _plain(value: Any) -> Any:
    """Nested values as JSON knows them, with None for whatever is no number."""
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return value
        case None:
            return None
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value) if math.isfinite(value) else None
        case _ if value is pd.NA:
            return None
        case _:
            raise TypeError(f"{value!r} has no place in a summary")
