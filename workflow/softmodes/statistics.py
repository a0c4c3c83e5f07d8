"""What samples say together: means with their errors, critical strains, drifts and trends.

The sample is the unit: configurations of one sample at several strains are correlated, so errors
come from the scatter between samples or from drawing samples anew (bootstrap), never from the
points along a curve. NaN means "not observed": it is left out and counted, and a result that cannot
be had is NaN, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from scipy.special import expit, ndtri, stdtr

from softmodes.errors import InputError

CONFIDENCE = 0.95
RESAMPLES = 1000

SIGNIFICANT_SEM = 3.0
"""A mean is told from zero beyond this many standard errors."""

PLATEAU_END = 0.01
"""Largest strain that counts to the plateau at small strain: well inside the elastic range."""

FLOOR_START = 0.3

# Steepness of a logistic in ln γ, which goes from 10 % to 90 % within a factor exp(4.4/s): at the
# lower bound it is no drop any more, at the upper it is a step between neighbouring strains.
LEAST_STEEPNESS, MOST_STEEPNESS = 1.0, 20.0

LEAST_EXPLAINED = 0.5
"""Share of a curve's variance that a fit must explain, or it counts as failed."""


@dataclass(frozen=True)
class Summary:
    """Mean of independent observations.

    Attributes:
        mean: NaN without observations.
        sd: standard deviation of one observation (divisor n - 1), NaN for fewer than two.
        sem: standard error of the mean, sd / √n.
        n: observations that count.
        n_missing: observations that were NaN.
    """

    mean: float
    sd: float
    sem: float
    n: int
    n_missing: int

    @property
    def interval(self) -> Interval:
        """That of the mean, by Student's t; NaN for fewer than two observations."""
        half = float(stdtrit(max(self.n - 1, 1), 0.5 * (1.0 + CONFIDENCE))) * self.sem
        return Interval(self.mean - half, self.mean + half, 0)

    @property
    def significant(self) -> bool:
        """Whether the interval of the mean lies above zero."""
        return self.interval.low > 0


@dataclass(frozen=True)
class Interval:
    """Confidence interval.

    Attributes:
        low, high: its ends, NaN where it could not be had.
        n_undefined: resamples for which the statistic was NaN.
    """

    low: float
    high: float
    n_undefined: int


@dataclass(frozen=True)
class StrainEstimate:
    """A characteristic strain, of the mean over samples and of each sample.

    Attributes:
        value: the estimate from the curve averaged over samples; NaN where not defined.
        interval: bootstrap over samples of `value`.
        per_sample: (S,), from each sample's own curve; NaN where that fit failed.
        samples: summary of `per_sample`: its sd is the error bar of the Letter, its n_missing the
            number of failed fits.
        reason: why `value` is not defined; empty where it is.
    """

    value: float
    interval: Interval
    per_sample: NDArray[np.float64]
    samples: Summary
    reason: str


@dataclass(frozen=True)
class Trend:
    """Weighted least-squares slope with its confidence interval.

    Attributes:
        slope: NaN for fewer than two distinct abscissae.
        low, high: ends of the interval.
        n: points that count.
    """

    slope: float
    low: float
    high: float
    n: int


def summarise(values: ArrayLike) -> Summary:
    """Mean, standard deviation and standard error of observations (S,); NaN is left out.

    Raises:
        InputError: if the values are not one row of numbers below infinity.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        raise InputError(f"values: {values} given, one row of numbers expected")
    known = values[~np.isnan(values)]
    n = len(known)
    mean = float(known.mean()) if n else math.nan
    sd = float(known.std(ddof=1)) if n > 1 else math.nan
    sem = sd / math.sqrt(n) if n else math.nan
    return Summary(mean, sd, sem, n, len(values) - n)


def bootstrap_interval(
    samples: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], float],
    rng: np.random.Generator,
) -> Interval:
    """Percentile interval of a statistic, drawing samples with replacement (Efron 1979).

    Percentiles of few samples are too narrow: for a mean of S samples by √((S - 1)/S), and by the
    tails of Student's t beside it.

    Args:
        samples: (S, ...), independent along the first axis.
        statistic: of an array like `samples`, in whatever order; may be NaN.
        rng: source of the draws.

    Returns:
        The interval that holds the share CONFIDENCE of RESAMPLES resamples, those with a NaN
        aside; NaN for fewer than two samples or if most resamples are undefined.
    """
    n = len(samples)
    if n < 2:
        return Interval(math.nan, math.nan, 0)
    draws = np.sort(rng.integers(0, n, (RESAMPLES, n)), axis=1)
    # few samples allow few resamples: four allow 35
    distinct, which = np.unique(draws, axis=0, return_inverse=True)
    values = np.array([statistic(samples[draw]) for draw in distinct])[which]
    known = values[~np.isnan(values)]
    n_undefined = RESAMPLES - len(known)
    if 2 * n_undefined > RESAMPLES:
        return Interval(math.nan, math.nan, n_undefined)
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(known, [tail, 100.0 - tail])
    return Interval(float(low), float(high), n_undefined)


def plateau_drop(gamma: ArrayLike, curves: ArrayLike) -> Summary:
    """Plateau less floor of each sample's curve, summarised over samples.

    The plateau is the mean over strains up to PLATEAU_END, the floor the value at the largest
    strain. Arguments and errors as in `critical_strain`.
    """
    gamma, curves = _checked_curves(gamma, curves)
    if gamma[0] > PLATEAU_END:
        return summarise(np.full(len(curves), math.nan))
    return summarise(
        _plateau(gamma, curves) - curves[:, gamma >= min(FLOOR_START, gamma[-1])].mean(axis=1)
    )


def critical_strain(
    gamma: ArrayLike, curves: ArrayLike, rng: np.random.Generator
) -> StrainEstimate:
    """γ_c: where an overlap has dropped half-way from its plateau to its floor.

    A logistic in ln γ, floor + (plateau - floor) / (1 + (γ/γ_c)^s), is fitted to the curve by least
    squares, all strains with equal weight. Plateau and floor are taken from the curve beforehand
    (as in `plateau_drop`), so that noise or an undershoot beyond the drop cannot trade them against
    γ_c; γ_c and the steepness s are free.

    γ_c is defined only where plateau - floor, over samples, exceeds SIGNIFICANT_SEM standard
    errors. A fit fails, and counts as undefined, if plateau <= floor, if γ_c falls among the
    strains taken for the plateau, if s ends at its lower bound, or if it explains less than
    LEAST_EXPLAINED of the curve's variance.

    Args:
        gamma: (G,), positive, ascending: without the unstrained state.
        curves: (S, G), one row per sample; a sample whose row is not whole counts as failed.
        rng: source of the bootstrap.

    Raises:
        InputError: if the strains are not positive and ascending or the shapes disagree.
    """
    return _strain_estimate(gamma, curves, _half_drop, plateau_drop, rng)


def energy_onset(gamma: ArrayLike, curves: ArrayLike, rng: np.random.Generator) -> StrainEstimate:
    """The strain at which the inherent energy begins to rise.

    A logistic in ln γ between the plateau at small strain and the level at the largest is fitted
    as in `critical_strain`, upside down. Its tangent at half height meets the plateau at
    ln γ_half - 2/s: that strain is the onset, as with the onset of a calorimetric peak. Where the
    energy has not levelled off at the largest strain, the onset depends on that strain.

    Arguments, errors and conditions as in `critical_strain`, with level - plateau for the drop;
    curves (S, G) hold e_IS(γ), normalised or not.
    """

    def rise(gamma: NDArray[np.float64], curves: NDArray[np.float64]) -> Summary:
        return plateau_drop(gamma, -curves)

    return _strain_estimate(gamma, curves, _tangent_onset, rise, rng)


def stress_maximum(gamma: ArrayLike, curves: ArrayLike, rng: np.random.Generator) -> StrainEstimate:
    """The strain of the largest shear stress.

    A parabola in ln γ goes through the largest stress and its two neighbours on the grid; the
    strain of its vertex is the estimate. A largest stress at either end of the grid is none. It is
    defined only where the stress exceeds that at the largest strain, over samples, by
    SIGNIFICANT_SEM standard errors; each sample's is taken where the mean of the others is
    largest, as a maximum picked from noise would always stand out.

    Arguments and errors as in `critical_strain`; curves (S, G) hold σ_xy(γ).
    """

    def height(gamma: NDArray[np.float64], curves: NDArray[np.float64]) -> Summary:
        tops = np.argmax(curves.sum(axis=0) - curves, axis=1)
        return summarise(curves[np.arange(len(curves)), tops] - curves[:, -1])

    return _strain_estimate(gamma, curves, _parabola_maximum, height, rng)


def position_of_maximum(
    x: ArrayLike, curves: ArrayLike, rng: np.random.Generator
) -> tuple[float, Interval]:
    """Where the mean of curves is largest, with its interval by drawing samples anew.

    A parabola goes through the largest point of the mean curve and its two neighbours; a largest
    point at either end of the grid is its own position. The interval is that of Student's t about
    the estimate, with the standard deviation of the resamples for the standard error.

    Args:
        x: (M,), ascending.
        curves: (S, M), one row per sample.
        rng: source of the draws.

    Returns:
        The position and its interval; NaN without curves, the interval for fewer than two.
    """
    x, curves = np.asarray(x, dtype=np.float64), np.asarray(curves, dtype=np.float64)
    n = len(curves)
    if not curves.size:
        return math.nan, Interval(math.nan, math.nan, 0)
    value = _top(x, curves.mean(axis=0))
    if n < 2:
        return value, Interval(math.nan, math.nan, 0)
    draws = rng.integers(0, n, (RESAMPLES, n))
    positions = np.array([_top(x, curve) for curve in curves[draws].mean(axis=1)])
    error = positions.std() * math.sqrt(n / (n - 1))
    half = float(stdtrit(n - 1, 0.5 * (1.0 + CONFIDENCE)) * error)
    return value, Interval(value - half, value + half, 0)


def drift(times: ArrayLike, values: ArrayLike) -> float:
    """Least-squares slope of a time series over the second half of its time, per unit of time.

    Points of one series are correlated, so that only several samples tell whether it drifts.

    Args:
        times: (P,), ascending.
        values: (P,).

    Returns:
        The slope over times >= (first + last)/2; NaN where those are fewer than two.

    Raises:
        InputError: if the shapes disagree, the times do not ascend or a value is not finite.
    """
    times, values = _checked_series(times, values)
    late = times >= 0.5 * (times[:1] + times[-1:])
    if np.count_nonzero(late) < 2:
        return math.nan
    x = times[late] - times[late].mean()
    return float(x @ values[late] / (x @ x))


def difference_of_halves(times: ArrayLike, values: ArrayLike) -> float:
    """Mean of a time series in the second half of its time less that in the first.

    The time begins at 0 and ends at the last point. Arguments and errors as in `drift`; NaN where
    a half has no point.
    """
    times, values = _checked_series(times, values)
    late = times > 0.5 * times[-1:]
    if not late.any() or late.all():
        return math.nan
    return float(values[late].mean() - values[~late].mean())


def mean_p_value(values: ArrayLike) -> float:
    """Probability of a mean so far from zero or farther, were it zero: Student's t, two-sided.

    Args:
        values: (S,), independent, normal; NaN is left out.

    Returns:
        The probability, with n - 1 degrees of freedom; NaN for fewer than two values.

    Raises:
        InputError: as `summarise` does.
    """
    found = summarise(values)
    if found.n < 2:
        return math.nan
    if found.sd == 0.0:
        return float(found.mean == 0.0)
    return float(2.0 * stdtr(found.n - 1, -abs(found.mean) / found.sem))


def familywise_level(p_values: ArrayLike) -> float:
    """The level up to which the p-values of a family of tests are significant.

    Holm's step-down (Scand. J. Statist. 6, 65 (1979)): however many tests there are and however
    they depend on each other, one of them alarms falsely with a probability of 1 - CONFIDENCE at
    most.

    Args:
        p_values: of any shape; NaN, of tests that could not be made, is left out.

    Raises:
        InputError: if one lies outside 0 to 1.
    """
    known = np.ravel(np.asarray(p_values, dtype=np.float64))
    known = np.sort(known[~np.isnan(known)])
    if known.size and not 0.0 <= known[0] <= known[-1] <= 1.0:
        raise InputError(f"p_values: {known[0]} to {known[-1]} given, 0 to 1 expected")
    levels = (1.0 - CONFIDENCE) / np.arange(len(known), 0, -1)
    (kept,) = np.nonzero(known > levels)
    return float(levels[kept[0]]) if kept.size else 1.0 - CONFIDENCE


def trend(x: ArrayLike, values: ArrayLike, errors: ArrayLike) -> Trend:
    """Slope of values against x, weighted by 1/errors², with its CONFIDENCE interval.

    The errors are taken as known, so that two points suffice; where the points scatter about the
    line more than their errors allow, the interval widens by √(χ²/(n - 2)) (Birge 1932).

    Args:
        x: (n,), temperature or the logarithm of the number of particles, say.
        values: (n,); NaN is left out.
        errors: (n,), standard errors, positive where the value is known.

    Raises:
        InputError: if the shapes disagree or a known value lacks its x or a positive error.
    """
    x, values, errors = (np.asarray(a, dtype=np.float64) for a in (x, values, errors))
    if x.ndim != 1 or not x.shape == values.shape == errors.shape:
        raise InputError(f"values, errors: {values.shape}, {errors.shape}, {x.shape} of x expected")
    known = ~np.isnan(values)
    x, values, errors = x[known], values[known], errors[known]
    if not (np.isfinite(x).all() and np.isfinite(errors).all() and np.all(errors > 0)):
        raise InputError(f"errors: {errors} at x = {x} given, positive numbers expected")
    n = len(x)
    if n < 2 or np.ptp(x) == 0:
        return Trend(math.nan, math.nan, math.nan, n)
    weights = errors**-2
    x = x - np.average(x, weights=weights)
    y = values - np.average(values, weights=weights)
    spread = np.sum(weights * x**2)
    slope = float(np.sum(weights * x * y) / spread)
    chi_square = float(np.sum(weights * (y - slope * x) ** 2))
    widening = max(1.0, chi_square / (n - 2)) if n > 2 else 1.0
    half_width = float(-ndtri(0.5 * (1.0 - CONFIDENCE)) * math.sqrt(widening / spread))
    return Trend(slope, slope - half_width, slope + half_width, n)


def _checked_series(
    times: ArrayLike, values: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times, values = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if times.ndim != 1 or values.shape != times.shape or not np.isfinite(values).all():
        raise InputError(
            f"values: shape {values.shape} for times {times.shape} given, as many finite numbers "
            "as times expected"
        )
    if not np.all(np.diff(times) > 0):
        raise InputError(f"times: {times} given, ascending numbers expected")
    return times, values


SingleEstimate = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
"""A strain from gamma (G,) and one curve (G,); NaN where it fails."""


def _strain_estimate(
    gamma: ArrayLike,
    curves: ArrayLike,
    single: SingleEstimate,
    contrast: Callable[[NDArray[np.float64], NDArray[np.float64]], Summary],
    rng: np.random.Generator,
) -> StrainEstimate:
    gamma, curves = _checked_curves(gamma, curves)
    whole = np.isfinite(curves).all(axis=1)
    per_sample = np.full(len(curves), math.nan)
    per_sample[whole] = [single(gamma, curve) for curve in curves[whole]]

    def of_mean(drawn: NDArray[np.float64]) -> float:
        return single(gamma, drawn.mean(axis=0))

    value, interval = math.nan, Interval(math.nan, math.nan, 0)
    if np.count_nonzero(whole) < 2:
        reason = "fewer than two samples"
    elif (change := contrast(gamma, curves[whole])).n == 0:
        reason = f"no strain up to {PLATEAU_END:g}, where the plateau is"
    elif not change.significant:
        reason = f"change within {SIGNIFICANT_SEM:g} standard errors"
    elif math.isnan(value := of_mean(curves[whole])):
        reason = "fit failed"
    else:
        reason = ""
        interval = bootstrap_interval(curves[whole], of_mean, rng)
    return StrainEstimate(value, interval, per_sample, summarise(per_sample), reason)


def _half_drop(gamma: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    return math.exp(_fitted_logistic(gamma, curve)[0])


def _tangent_onset(gamma: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    log_half, steepness = _fitted_logistic(gamma, -curve)
    onset = math.exp(log_half - 2.0 / steepness)
    return onset if onset >= gamma[0] else math.nan


def _top(x: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    """Where a curve is largest, between its points or at an end."""
    top = int(np.argmax(curve))
    if not 0 < top < len(curve) - 1:
        return float(x[top])
    near = slice(top - 1, top + 2)
    curvature, slope, _ = np.polyfit(x[near] - x[top], curve[near], 2)
    return float(x[top] - slope / (2.0 * curvature)) if curvature < 0 else float(x[top])


def _parabola_maximum(gamma: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    top = int(np.argmax(curve))
    if not 0 < top < len(curve) - 1:
        return math.nan
    x = np.log(gamma[top - 1 : top + 2])
    curvature, slope, _ = np.polyfit(x - x[1], curve[top - 1 : top + 2], 2)
    return math.exp(x[1] - slope / (2.0 * curvature)) if curvature < 0 else math.nan


def _fitted_logistic(gamma: NDArray[np.float64], curve: NDArray[np.float64]) -> tuple[float, float]:
    """ln γ at half drop and steepness of the logistic; NaN, NaN if the fit failed."""
    failed = math.nan, math.nan
    if gamma[0] > PLATEAU_END or len(gamma) < 4:
        return failed
    plateau, floor = _plateau(gamma, curve), curve[-1]
    if not plateau > floor:
        return failed
    x, y = np.log(gamma), (curve - floor) / (plateau - floor)

    def residuals(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        return expit(parameters[1] * (parameters[0] - x)) - y

    def jacobian(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        share = expit(parameters[1] * (parameters[0] - x))
        slope = share * (1.0 - share)
        return np.column_stack([slope * parameters[1], slope * (parameters[0] - x)])

    # The best of a coarse grid starts the descent: the result depends on the curve alone.
    halves, steepnesses = np.linspace(x[0], x[-1], 42)[1:-1], np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    grid = expit(steepnesses[:, None, None] * (halves[:, None] - x)) - y
    row, column = np.unravel_index(np.argmin(np.sum(grid**2, axis=2)), grid.shape[:2])
    bounds = [x[0], LEAST_STEEPNESS], [x[-1], MOST_STEEPNESS]
    fit = least_squares(
        residuals, [halves[column], steepnesses[row]], jacobian, bounds=bounds, xtol=1e-10
    )
    log_half, steepness = fit.x
    explained = 1.0 - np.sum(fit.fun**2) / np.sum((y - y.mean()) ** 2)
    beyond_plateau = log_half > math.log(PLATEAU_END)
    # a bounded descent ends just short of a bound that holds it back
    steep = steepness > 1.001 * LEAST_STEEPNESS
    if not (fit.success and beyond_plateau and steep and explained >= LEAST_EXPLAINED):
        return failed
    return float(log_half), float(steepness)


def _plateau(gamma: NDArray[np.float64], curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means (...) of curves (..., G) over the strains up to PLATEAU_END."""
    return curves[..., gamma <= PLATEAU_END].mean(axis=-1)


def _checked_curves(
    gamma: ArrayLike, curves: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    gamma, curves = np.asarray(gamma, dtype=np.float64), np.asarray(curves, dtype=np.float64)
    if gamma.ndim != 1 or not gamma.size or not (gamma[0] > 0 and np.all(np.diff(gamma) > 0)):
        raise InputError(f"gamma: {gamma} given, ascending strains above 0 expected")
    if curves.ndim != 2 or curves.shape[1] != len(gamma):
        raise InputError(f"curves: shape {curves.shape} given, (S, {len(gamma)}) expected")
    return gamma, curves
