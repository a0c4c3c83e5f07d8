"""What samples say together: means with their errors, intervals, drifts.

The sample is the unit: configurations of one sample at several strains are correlated, so errors
come from the scatter between samples or from drawing samples anew (bootstrap), never from the
points along a curve. NaN means "not observed": it is left out and counted, and a result that cannot
be had is NaN, never a guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from softmodes.errors import InputError

CONFIDENCE = 0.95
RESAMPLES = 1000


@dataclass(frozen=True)
class Summary:
    """Mean of independent observations.

    Attributes:
        mean: NaN without observations.
        sd: standard deviation of one observation (divisor n - 1), NaN for fewer than two.
        sem: standard error of the mean, sd / √n.
        n: observations that count.
        n_missing: observations that were NaN.
        degrees: of freedom, n - 1 for a plain mean.
    """

    mean: float
    sd: float
    sem: float
    n: int
    n_missing: int
    degrees: float

    @property
    def interval(self) -> Interval:
        """That of the mean, by Student's t; NaN for fewer than two observations."""
        half = student(max(self.degrees, 1)) * self.sem
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
    return Summary(mean, sd, sem, n, len(values) - n, n - 1)


def sum_of_means(values: ArrayLike, factors: ArrayLike) -> Summary:
    """Σ_k a_k ⟨x_k⟩, each mean over the samples that have it, which may share some.

    The variance is that of the samples' parts Σ_k a_k (x_sk - ⟨x_k⟩)/n_k, which counts what the
    means have in common, times n/(n - 1), with n and degrees of freedom of `effective_samples`.

    Args:
        values: x (S, K), NaN where a sample has none.
        factors: a (K,).

    Returns:
        `n` is the largest number of samples of a mean, `n_missing` how many have none, `sd` is
        √n sem; `sem` is NaN where a mean is over fewer than two samples.
    """
    values, factors = np.asarray(values, dtype=np.float64), np.asarray(factors, dtype=np.float64)
    known = ~np.isnan(values)
    numbers = known.sum(axis=0)
    n, n_missing = int(numbers.max(initial=0)), int((~known.any(axis=1)).sum())
    if not numbers.size or not numbers.all():
        return Summary(math.nan, math.nan, math.nan, n, n_missing, n - 1)
    means = np.nansum(values, axis=0) / numbers
    mean = float(factors @ means)
    if numbers.min(initial=2) < 2:
        return Summary(mean, math.nan, math.nan, n, n_missing, n - 1)
    parts = factors * np.where(known, values - means, 0.0) / numbers
    behind, degrees = effective_samples(known, parts.T @ parts)
    sem = math.sqrt(behind / (behind - 1.0) * np.sum(parts.sum(axis=1) ** 2))
    return Summary(mean, math.sqrt(n) * sem, sem, n, n_missing, degrees)


def effective_samples(known: ArrayLike, covariance: ArrayLike) -> tuple[float, float]:
    """Samples and degrees of freedom behind a sum of means that share some of their samples.

    Where all means are over the same n samples: n and n - 1. Where they share none: n such that
    n/(n - 1) corrects a sum of variances with divisors n_k, and Welch's degrees. In between, the
    degrees are Satterthwaite's of the sum of squares of the samples' parts, whose covariance comes
    from that of the means (R. M. Bell and D. F. McCaffrey, Survey Methodology 28, 169 (2002)).

    Args:
        known: (S, K), whether mean k is over sample s; two samples each at least.
        covariance: (K, K), of the terms of the sum, as samples drawn anew give it: with divisors n.
    """
    shared = np.asarray(known, dtype=np.float64)
    numbers, pairs = shared.sum(axis=0), shared.T @ shared
    unbiased = np.asarray(covariance) * pairs / np.maximum(pairs - 1.0, 1.0)
    variances = np.diag(unbiased)
    if not variances.sum() > 0.0:
        return float(numbers.min()), float(numbers.min() - 1.0)
    samples = variances.sum() / np.sum(variances / numbers)
    # of one sample's values, of which their means are taken off
    of_one = unbiased / np.maximum(pairs, 1.0)
    of_one *= np.sqrt(np.outer(numbers, numbers) / np.outer(numbers - 1.0, numbers - 1.0))
    own = shared * (shared @ of_one)
    with_means = (own / numbers) @ shared.T
    of_means = shared @ (of_one * pairs / np.outer(numbers, numbers)) @ shared.T
    of_parts = np.diag(own.sum(axis=1)) - with_means - with_means.T + of_means
    squares = np.sum(of_parts**2)  # none where samples' parts cancel
    degrees = np.trace(of_parts) ** 2 / squares if squares > 0.0 else 0.0
    return float(samples), float(max(degrees, numbers.min() - 1.0))


def student(degrees: float) -> float:
    """Half the width of an interval at CONFIDENCE over the standard error: Student's t.

    Args:
        degrees: of freedom.
    """
    return float(stdtrit(degrees, 0.5 * (1.0 + CONFIDENCE)))


def linearised_ratio(numerators: ArrayLike, denominators: ArrayLike) -> NDArray[np.float64]:
    """Values (S,) with the mean of a ratio of means, and its standard error to first order.

    A ratio to a mean of the same samples scatters with both: r + (x_i - r y_i)/⟨y⟩, r = ⟨x⟩/⟨y⟩
    (W. G. Cochran, Sampling Techniques, section 6.4).

    Args:
        numerators, denominators: x and y (S,) of the same samples; NaN of either is left out.
    """
    x, y = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if not x.size:
        return x
    ratio = x.mean() / y.mean()
    return ratio + (x - ratio * y) / y.mean()


def vertex(x: ArrayLike, curve: ArrayLike) -> float:
    """Where the parabola through the largest point of a curve and its two neighbours has its top.

    Args:
        x: (M,), ascending.
        curve: (M,).

    Returns:
        NaN where the largest point is at an end, a value lacks, or the three lie on a line.
    """
    x, curve = np.asarray(x, dtype=np.float64), np.asarray(curve, dtype=np.float64)
    top = int(np.argmax(curve))
    if not 0 < top < len(curve) - 1 or np.isnan(curve).any():
        return math.nan
    near = slice(top - 1, top + 2)
    curvature, slope, _ = np.polyfit(x[near] - x[top], curve[near], 2)
    return float(x[top] - slope / (2.0 * curvature)) if curvature < 0 else math.nan


def standard_error(resampled: ArrayLike, n_samples: float) -> float:
    """Of a statistic, from what it is of samples drawn anew (bootstrap: Efron 1979).

    That is the standard deviation of the resampled values, times √(n/(n - 1)): samples drawn from
    n samples scatter that much less than those drawn from where these came from.

    Args:
        resampled: (R,); NaN, where the statistic is undefined, is left out.
        n_samples: number of samples.

    Returns:
        NaN for fewer than two samples, or where most resamples are undefined.
    """
    resampled = np.asarray(resampled, dtype=np.float64)
    known = resampled[~np.isnan(resampled)]
    if n_samples < 2 or 2 * len(known) <= len(resampled):
        return math.nan
    return float(known.std()) * math.sqrt(n_samples / (n_samples - 1))


def resample_counts(n_samples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often each of RESAMPLES sets of samples drawn anew holds each of them (R, n)."""
    return rng.multinomial(n_samples, np.full(n_samples, 1 / n_samples), RESAMPLES)


def resample_weights(counts: ArrayLike) -> NDArray[np.float64]:
    """What n samples weigh in each resample of these and others (R, n); their sum is n.

    How many of the n a resample holds is chance, binomial, of which a mean over these n knows
    nothing: it would scatter too much, by an eighth for 4 among 20. What counts is how much more
    often each is drawn than they are on average. So a mean scatters exactly as if its n samples
    had been drawn alone, and as other means do that share them; drawn among themselves, samples
    weigh as often as they are held. A weight may be negative.

    Args:
        counts: (R, n), how often each resample holds each of them.
    """
    counts = np.asarray(counts, dtype=np.float64)
    return 1.0 + (counts - counts.mean(axis=1, keepdims=True))


def bootstrap_interval(
    value: float, resampled: ArrayLike, n_samples: float, *, degrees: float | None = None
) -> Interval:
    """That of Student's t about a value, with the standard error of its resampled ones.

    Percentiles of few samples are too narrow: six samples' intervals hold the truth 51 times in 60.

    Args:
        value: of all samples.
        resampled, n_samples: as in `standard_error`.
        degrees: of freedom, where they are not n_samples - 1.
    """
    error = standard_error(resampled, n_samples)
    half = student(max(n_samples - 1 if degrees is None else degrees, 1)) * error
    return Interval(value - half, value + half, int(np.isnan(resampled).sum()))


def position_of_maximum(
    x: ArrayLike, curves: ArrayLike, rng: np.random.Generator
) -> tuple[float, Interval]:
    """Where the mean of curves is largest, with its interval by drawing samples anew.

    A parabola goes through the largest point of the mean curve and its two neighbours; a largest
    point at either end of the grid is its own position.

    Args:
        x: (M,), ascending.
        curves: (S, M), one row per sample; one with a NaN is left out.
        rng: source of the draws.

    Returns:
        The position and its interval; NaN without curves, the interval for fewer than two.
    """
    x, every = np.asarray(x, dtype=np.float64), np.asarray(curves, dtype=np.float64)
    whole = every[~np.isnan(every).any(axis=1)]
    n = len(whole)
    if not whole.size:
        return math.nan, Interval(math.nan, math.nan, 0)

    def top(curve: NDArray[np.float64]) -> float:
        within = vertex(x, curve)
        return float(x[np.argmax(curve)]) if math.isnan(within) else within

    value = top(whole.mean(axis=0))
    drawn = whole[rng.integers(0, n, (RESAMPLES, n))].mean(axis=1)
    return value, bootstrap_interval(value, [top(curve) for curve in drawn], n)


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
