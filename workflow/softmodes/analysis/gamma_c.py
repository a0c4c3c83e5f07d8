"""The tables `gamma_c` and `gamma_c_trends`: critical strains, and how they depend on T and N.

    found = estimates(overlap_vs_gamma, energy_stress, seed)    # every N, T and estimator
    table(found), trends(found)

A strain is that of the curve averaged over samples: fits of single samples are biased, the more the
smaller the drop, and only give the scatter between samples. Its error comes from drawing samples
anew and repeating everything; one draw of the samples of an N serves all temperatures and
estimators, so that trends and ratios have errors of their own. Errors are those of ln γ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from softmodes.analysis.critical_strain import (
    FLOOR_START,
    PLATEAU_END,
    Curves,
    energy_onset,
    fitted_drop,
    plateau_drop,
    stress_maximum,
)
from softmodes.analysis.statistics import (
    Interval,
    bootstrap_interval,
    effective_samples,
    resample_counts,
    resample_weights,
    summarise,
)
from softmodes.random_streams import stream

UNKNOWN = Interval(math.nan, math.nan, 0)


@dataclass(frozen=True)
class Estimate:
    """A characteristic strain of one N and T.

    Attributes:
        n_particles, temperature: the state point.
        estimator: one of `ESTIMATORS`.
        value: from the curve averaged over samples; NaN where not defined.
        resampled: (R,), from the averages over samples drawn anew; NaN where a fit failed.
        samples: (S,), their numbers.
        own: (S,), from each sample's own curve; NaN where that fit failed.
        whole: (S,), whether their curves are whole: those that the average is over.
        reason: why `value` is not defined; empty where it is.
    """

    n_particles: int
    temperature: float
    estimator: str
    value: float
    resampled: Curves
    samples: NDArray[np.int64]
    own: Curves
    whole: NDArray[np.bool_]
    reason: str

    @property
    def n_whole(self) -> int:
        """Samples whose curves are whole."""
        return int(self.whole.sum())

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def interval(self) -> Interval:
        """That of `value`, by Student's t in ln γ; NaN where it is not defined."""
        if not self.defined:
            return UNKNOWN
        return _exponential(
            bootstrap_interval(math.log(self.value), np.log(self.resampled), self.n_whole)
        )

    @property
    def logarithms(self) -> Curves:
        """(1 + R,): ln of the value, then of the resampled ones."""
        return np.log(np.append(self.value, self.resampled))


@dataclass(frozen=True)
class Observable:
    """A curve over strain, and the characteristic strains that are had from it.

    Attributes:
        estimators: E names.
        strains: gamma (G,) and curves (B, G) -> strains (E, B), NaN where that fails.
        contrast: gamma and the samples' curves (S, G) -> values (S,) whose mean must lie above
            zero for the strains to be defined.
    """

    estimators: tuple[str, ...]
    strains: Callable[[Curves, Curves], Curves]
    contrast: Callable[[Curves, Curves], Curves]


def estimates(overlap: pd.DataFrame, energy: pd.DataFrame, seed: int) -> list[Estimate]:
    """The characteristic strains of each N and T, by every one of `ESTIMATORS`.

    `overlap_drop` is where O_DW,p has dropped half-way; `overlap_three_quarter_drop`,
    `overlap_onset` and `overlap_inflection` are other definitions of that strain, by the same fit;
    `stress_maximum` and `energy_onset` are those of σ_xy and e_IS. One is defined where its
    contrast is significant (Student's t): plateau less floor, the stress at its maximum less that
    at the largest strain, the rise of the energy.

    Args:
        overlap: table `overlap_vs_gamma`, of the same strains at every N and T.
        energy: table `energy_stress`.
        seed: of the study, for the draws.

    Returns:
        By N, T and estimator, in this order.
    """
    observed = {
        "overlap": overlap.loc[overlap["quantity"] == "DW_p"],
        "shear_stress": energy,
        "normalised_energy": energy,
    }
    draws = {
        size: _draws(rows["sample"].unique(), seed, size)
        for size, rows in energy.groupby("n_particles")
    }
    found: list[Estimate] = []
    for name, frame in observed.items():
        curves = frame[frame["gamma"] > 0].pivot(
            index=["n_particles", "temperature", "sample"], columns="gamma", values=name
        )
        found += _estimates(name, curves, draws)
    return sorted(found, key=lambda one: (one.n_particles, one.temperature, one.estimator))


def table(found: Iterable[Estimate]) -> pd.DataFrame:
    """The table `gamma_c`.

    Rows with `what` "ensemble" come from the curve averaged over samples: `lower` and `upper` are
    its interval, `n_undefined` the resamples without a value, `sd` the standard deviation of the
    samples' own values, of which `n_failed` could not be had; `reason` says why there is no value.
    Rows with `what` "sample" hold the samples' own values; `defined` is the ensemble's.
    """
    rows: list[dict[str, Any]] = []
    for one in found:
        own, interval = summarise(one.own), one.interval
        key = {
            "n_particles": one.n_particles,
            "temperature": one.temperature,
            "estimator": one.estimator,
        }
        rows.append(
            key
            | {"what": "ensemble", "sample": pd.NA, "value": one.value}
            | {"lower": interval.low, "upper": interval.high, "sd": own.sd}
            | {"n_samples": len(one.own), "n_failed": own.n_missing}
            | {"n_undefined": interval.n_undefined, "reason": one.reason, "defined": one.defined}
        )
        rows += [
            key | {"what": "sample", "sample": sample, "value": value, "defined": one.defined}
            for sample, value in zip(one.samples, one.own, strict=True)
        ]
    counts = dict.fromkeys(("sample", "n_samples", "n_failed", "n_undefined"), "Int64")
    return pd.DataFrame(rows).astype(counts)


def trends(found: Iterable[Estimate]) -> pd.DataFrame:
    """The table `gamma_c_trends`: how the strains depend on T and N, and how they compare.

    Of each estimator, from its values at every T and N where it is defined, in ln γ, all with equal
    weight: weights from errors that few samples give would let intervals of 95 % hold 85 % of the
    time. `mean` over temperatures, of each N and of all; `change_with_temperature`, of each N,
    along the straight line of ln γ against T from the lowest to the highest; `change_with_size`,
    along that of its mean over the T that all N share against ln N; `log_ratio`, of each N, the
    mean of ln(γ/γ_c) over temperatures, γ_c being the overlap's. What is left out is listed with
    its reason. `n_undefined` counts the resamples in which not every one of the state points had a
    value, so that the others stand for it. `abscissa_low`, `abscissa_high` are the ends in T or N.
    """
    rows = []
    everything = list(found)
    drops: dict[int, list[Estimate]] = {one.n_particles: [] for one in everything}
    for one in everything:
        if one.estimator == REFERENCE:
            drops[one.n_particles].append(one)
    for name in ESTIMATORS:
        every_size = [one for one in everything if one.estimator == name]
        sizes = sorted({one.n_particles for one in every_size})
        for size in sizes:
            of_size = [one for one in every_size if one.n_particles == size]
            some, left_out = _defined(of_size)
            key = {"estimator": name, "n_particles": size}
            rows.append(key | {"what": "mean"} | _mean(some) | left_out)
            change = _change_with_temperature(some)
            rows.append(key | {"what": "change_with_temperature"} | change | left_out)
            if name != REFERENCE:
                ratios, without = _ratios(of_size, drops[size])
                rows.append(key | {"what": "log_ratio"} | ratios | without)
        key = {"estimator": name, "n_particles": pd.NA}
        some, left_out = _defined(every_size)
        rows.append(key | {"what": "mean"} | _mean(some) | left_out)
        change, left_out = _change_with_size(every_size)
        rows.append(key | {"what": "change_with_size"} | change | left_out)
    columns = ["estimator", "n_particles", "what", "value", "lower", "upper", "n_state_points"]
    columns += ["n_undefined", "abscissa_low", "abscissa_high", "left_out"]
    return pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(("n_particles", "n_state_points", "n_undefined"), "Int64")
    )


def _draws(samples: ArrayLike, seed: int, n_particles: int) -> pd.DataFrame:
    """How often each resample holds each sample: rows by sample number."""
    numbers = np.sort(np.asarray(samples))
    rng = stream(seed, "critical strain", n_particles, temperature=0.0, sample=0)
    return pd.DataFrame(resample_counts(len(numbers), rng).T, index=numbers)


@dataclass(frozen=True)
class _Ensemble:
    """The samples (S,) of one N and T with their curves (S, G), NaN where not observed."""

    n_particles: int
    temperature: float
    samples: NDArray[np.int64]
    curves: Curves

    @property
    def whole(self) -> NDArray[np.bool_]:
        return np.asarray(~np.isnan(self.curves).any(axis=1))

    def averages(self, draws: pd.DataFrame) -> Curves:
        """(1 + R, G), of the whole curves and of those of samples drawn anew."""
        whole = self.curves[self.whole]
        weights = resample_weights(draws.loc[self.samples[self.whole]].to_numpy().T)
        resampled = np.einsum("rs,sg->rg", weights, whole) / len(whole)
        return np.vstack([whole.mean(axis=0), resampled])


def _estimates(
    name: str, curves: pd.DataFrame, draws: Mapping[int, pd.DataFrame]
) -> Iterator[Estimate]:
    """Of curves by N, T and sample; those of all N and T are fitted at once."""
    gamma, observable = curves.columns.to_numpy(float), OBSERVABLES[name]
    ensembles = [
        _Ensemble(int(size), float(t), some.index.get_level_values(2).to_numpy(), some.to_numpy())
        for (size, t), some in curves.groupby(level=[0, 1])
    ]
    reasons = [_missing(gamma, observable, one.curves[one.whole]) for one in ensembles]
    to_fit = [one.curves[one.whole] for one in ensembles] + [
        one.averages(draws[one.n_particles])
        for one, missing in zip(ensembles, reasons, strict=True)
        if not missing
    ]
    strains = observable.strains(gamma, np.concatenate(to_fit))
    fitted = np.split(strains, np.cumsum([len(some) for some in to_fit])[:-1], axis=1)
    of_averages = iter(fitted[len(ensembles) :])
    for one, missing, of_whole in zip(ensembles, reasons, fitted, strict=False):
        own = np.full((len(strains), len(one.samples)), math.nan)
        own[:, one.whole] = of_whole
        n_resamples = draws[one.n_particles].shape[1]
        unknown = np.full((len(strains), 1 + n_resamples), math.nan)
        averages = unknown if missing else next(of_averages)
        for place, estimator in enumerate(observable.estimators):
            value, resampled, reason = averages[place, 0], averages[place, 1:], missing
            if not reason and math.isnan(value):
                fits = not math.isnan(averages[0, 0])
                reason = "outside the strains of the drop" if fits else "fit failed"
            elif not reason and 2 * np.isnan(resampled).sum() >= n_resamples:
                value, reason = math.nan, "fit failed in most resamples"
            yield Estimate(
                one.n_particles,
                one.temperature,
                estimator,
                float(value),
                resampled,
                one.samples,
                own[place],
                one.whole,
                reason,
            )


def _missing(gamma: Curves, observable: Observable, curves: Curves) -> str:
    """Why the average of whole curves (S, G) has no strain; empty if one is to be sought."""
    if len(curves) < 2:
        return "fewer than two samples"
    change = summarise(observable.contrast(gamma, curves))
    if change.n == 0:
        if gamma[0] > PLATEAU_END:
            return f"no strain up to {PLATEAU_END:g}, where the plateau is"
        return f"no strain from {FLOOR_START:g} on, where the floor is"
    return "" if change.significant else "change not significant"


def _defined(
    found: Sequence[Estimate], why: Callable[[Estimate], str] = lambda one: one.reason
) -> tuple[list[Estimate], dict[str, str]]:
    """Those without a reason to leave them out, and the reasons of the others in words."""
    several = len({one.n_particles for one in found}) > 1
    left_out = [
        (f"N = {one.n_particles}, " if several else "") + f"T = {one.temperature:g}: {why(one)}"
        for one in found
        if why(one)
    ]
    return [one for one in found if not why(one)], {"left_out": "; ".join(left_out)}


def _mean(found: Sequence[Estimate]) -> dict[str, Any]:
    if not found:
        return _row(math.nan, UNKNOWN, found)
    logarithms = _logarithms(found)
    means = _mean_of_known(logarithms)
    return _row(math.exp(means[0]), _exponential(_interval(means, logarithms, found)), found)


def _change_with_temperature(found: Sequence[Estimate]) -> dict[str, Any]:
    temperatures = np.array([one.temperature for one in found])
    if len(found) < 2:
        return _row(math.nan, UNKNOWN, found, temperatures.tolist() or [math.nan])
    logarithms = _logarithms(found)
    changes = _change_along_line(temperatures, logarithms)
    interval = _interval(changes, logarithms * (temperatures - temperatures.mean()), found)
    return _row(changes[0], interval, found, temperatures.tolist())


def _change_with_size(found: Sequence[Estimate]) -> tuple[dict[str, Any], dict[str, str]]:
    sizes = sorted({one.n_particles for one in found})
    defined_at = [
        {one.temperature for one in found if one.n_particles == size and one.defined}
        for size in sizes
    ]
    shared = set.intersection(*defined_at) if defined_at else set()

    def why(one: Estimate) -> str:
        return one.reason or ("" if one.temperature in shared else "not defined at every N")

    some, left_out = _defined(found, why)
    if len(sizes) < 2 or not shared:
        return _row(math.nan, UNKNOWN, some), left_out
    of_sizes = [[one for one in some if one.n_particles == size] for size in sizes]
    means = np.column_stack([_mean_of_known(_logarithms(group)) for group in of_sizes])
    changes = _change_along_line(np.log(sizes), means)
    # as many temperatures at every N
    apart = np.log([one.n_particles for one in some]) - np.log(sizes).mean()
    return _row(
        changes[0], _interval(changes, _logarithms(some) * apart, some), some, sizes
    ), left_out


def _ratios(
    found: Sequence[Estimate], references: Sequence[Estimate]
) -> tuple[dict[str, Any], dict[str, str]]:
    at = {one.temperature: one for one in references}

    def why(one: Estimate) -> str:
        reference = at.get(one.temperature)
        no_drop = "" if reference and reference.defined else "no γ_c of the overlap"
        return ", ".join(filter(None, [one.reason, no_drop]))

    some, left_out = _defined(found, why)
    if not some:
        return _row(math.nan, UNKNOWN, some), left_out
    logarithms = _logarithms(some) - _logarithms([at[one.temperature] for one in some])
    means = _mean_of_known(logarithms)
    return _row(means[0], _interval(means, logarithms, some), some), left_out


def _row(
    value: float,
    interval: Interval,
    found: Sequence[Estimate],
    abscissae: Sequence[float] = (math.nan,),
) -> dict[str, Any]:
    return {
        "value": value,
        "lower": interval.low,
        "upper": interval.high,
        "n_state_points": len(found),
        "n_undefined": _partly_undefined(found),
        "abscissa_low": min(abscissae),
        "abscissa_high": max(abscissae),
    }


def _partly_undefined(found: Sequence[Estimate]) -> int:
    """Resamples in which one of the estimates has no value."""
    return int(np.isnan([one.resampled for one in found]).any(axis=0).sum()) if found else 0


def _exponential(interval: Interval) -> Interval:
    return Interval(math.exp(interval.low), math.exp(interval.high), interval.n_undefined)


def _interval(values: Curves, parts: Curves, found: Sequence[Estimate]) -> Interval:
    """That of a value and its resampled ones (1 + R,), a sum of parts (1 + R, K) of estimates.

    Estimates of one N share their samples, as far as both have them.
    """
    having = [{(one.n_particles, sample) for sample in one.samples[one.whole]} for one in found]
    known = np.array([[one in some for some in having] for one in sorted(set.union(*having))])
    apart = parts[1:] - np.nanmean(parts[1:], axis=0)
    defined = ~np.isnan(apart)
    sums = np.nan_to_num(apart).T @ np.nan_to_num(apart)
    covariance = sums / np.maximum(defined.T.astype(float) @ defined, 1.0)
    n_samples, degrees = effective_samples(known, covariance)
    return bootstrap_interval(values[0], values[1:], n_samples, degrees=degrees)


def _logarithms(found: Iterable[Estimate]) -> Curves:
    """(1 + R, K)."""
    return np.column_stack([one.logarithms for one in found])


def _mean_of_known(values: Curves) -> Curves:
    """Means (R,) of the known of values (R, K); NaN where none is."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis=1) / np.sum(~np.isnan(values), axis=1)


def _change_along_line(x: Curves, logarithms: Curves) -> Curves:
    """γ at the largest x less that at the smallest (R,), along lines through ln γ (R, K).

    NaN where fewer than two are known.
    """
    known = ~np.isnan(logarithms)
    centre = _mean_of_known(np.where(known, x, math.nan))
    height = _mean_of_known(logarithms)
    apart = x - centre[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.nansum(apart * (logarithms - height[:, None]), axis=1)
        slope /= np.sum(known * apart**2, axis=1)
        change = np.exp(height + slope * (x.max() - centre))
        change -= np.exp(height + slope * (x.min() - centre))
    return np.where(known.sum(axis=1) > 1, change, math.nan)


def _height(_gamma: Curves, curves: Curves) -> Curves:
    """The stress at its maximum less that at the largest strain, by sample.

    Each sample's is taken where the mean of the others is largest: a maximum picked from its own
    noise would always stand out.
    """
    tops = np.argmax(curves.sum(axis=0) - curves, axis=1)
    return curves[np.arange(len(curves)), tops] - curves[:, -1]


def _rise(gamma: Curves, curves: Curves) -> Curves:
    return plateau_drop(gamma, -curves)


def _drops(gamma: Curves, curves: Curves) -> Curves:
    drop = fitted_drop(gamma, curves)
    return np.stack([drop.half, drop.three_quarters, drop.onset, drop.inflection])


REFERENCE = "overlap_drop"
OBSERVABLES = {
    "overlap": Observable(
        (REFERENCE, "overlap_three_quarter_drop", "overlap_onset", "overlap_inflection"),
        _drops,
        plateau_drop,
    ),
    "shear_stress": Observable(
        ("stress_maximum",), lambda *curve: stress_maximum(*curve)[None], _height
    ),
    "normalised_energy": Observable(
        ("energy_onset",), lambda *curve: energy_onset(*curve)[None], _rise
    ),
}
ESTIMATORS = tuple(name for one in OBSERVABLES.values() for name in one.estimators)
