"""How a statement is judged: an interval against the range that the statement allows.

An observation is a number with its interval at CONFIDENCE; where all of the interval lies in the
allowed range the observation agrees, where all of it lies outside it differs, and where it lies
across a border, or could not be had, nothing can be told. For a mean over samples the interval is
that of Student's t. A system size or a temperature that disagrees decides for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from softmodes.analysis.statistics import (
    Interval,
    Summary,
    linearised_ratio,
    student,
    summarise,
)

AGREES, DIFFERS, TOO_SMALL = "agrees", "differs", "cannot be told"

Range = tuple[float, float]
"""Lower and upper border of what a statement allows."""

ANYTHING: Range = (-math.inf, math.inf)
"""Of a number that nothing is judged by."""


def above(limit: float) -> Range:
    """Everything above a limit."""
    return limit, math.inf


def below(limit: float) -> Range:
    """Everything below a limit."""
    return -math.inf, limit


def around_zero(tolerance: float) -> Range:
    """Everything nearer to zero than a tolerance."""
    return -tolerance, tolerance


@dataclass(frozen=True)
class Observation:
    """One number obtained beside what is allowed.

    Attributes:
        what: what was observed, in words.
        value: the number, NaN where it could not be had.
        low, high: ends of its interval, NaN where that could not be had.
        n_samples: samples behind it; where they differ by N or T, the most.
        allowed: the range that the statement allows.
        fixed: half width, within the interval's, that more samples would leave as it is.
    """

    what: str
    value: float
    low: float
    high: float
    n_samples: int
    allowed: Range
    fixed: float = 0.0

    @property
    def verdict(self) -> str:
        """Whether the interval lies within the range, outside, or across a border."""
        lowest, highest = self.allowed
        if lowest < self.low and self.high < highest:
            return AGREES
        if self.high <= lowest or self.low >= highest:
            return DIFFERS
        return TOO_SMALL

    @property
    def samples_needed(self) -> float:
        """Samples that would tell if the value stayed; else NaN.

        The interval's square shrinks as 1/n, but for `fixed`. Where numbers of samples differ by N
        or T, it does so if all grow by the same factor: what is given is, as `n_samples` is, the
        number at the N and T that have most.
        """
        distance = min(abs(self.value - border) for border in self.allowed)
        if self.verdict != TOO_SMALL or not distance > self.fixed:
            return math.nan
        shrinks = (0.5 * (self.high - self.low)) ** 2 - self.fixed**2
        needed = self.n_samples * shrinks / (distance**2 - self.fixed**2)
        return needed if math.isnan(needed) else math.ceil(needed)


def mean(what: str, values: Iterable[float], allowed: Range) -> Observation:
    """The mean of one number per sample (S,); NaN is left out."""
    return of_summary(what, summarise(np.fromiter(values, dtype=np.float64)), allowed)


def of_summary(what: str, found: Summary, allowed: Range) -> Observation:
    """A mean that is known."""
    return Observation(what, found.mean, found.interval.low, found.interval.high, found.n, allowed)


def root_mean_square(what: str, squares: Summary, allowed: Range) -> Observation:
    """√ of a mean of squared deviations, with the interval of that mean."""
    ends = [squares.mean, squares.interval.low, squares.interval.high]
    value, low, high = np.sqrt(np.maximum(ends, 0.0))
    return Observation(what, float(value), float(low), float(high), squares.n, allowed)


def ratio(
    what: str, numerators: ArrayLike, denominators: ArrayLike, *, allowed: Range
) -> Observation:
    """The ratio of two means over the same samples (S,), whose errors both count.

    It is undefined where the denominator is not significantly above zero.
    """
    if not summarise(denominators).significant:
        return undefined(f"{what}: nothing to measure it by", allowed)
    return mean(what, linearised_ratio(numerators, denominators), allowed)


def difference(what: str, one: ArrayLike, other: ArrayLike, *, allowed: Range) -> Observation:
    """Mean of one set of samples (S,) less that of another (S',)."""
    parts = summarise(one), summarise(other)
    value, half = _of_independent(parts, (1.0, -1.0))
    n_samples = max(part.n for part in parts)
    return Observation(what, value, value - half, value + half, n_samples, allowed)


def combined(
    what: str, parts: Sequence[Summary], weights: Sequence[float], *, allowed: Range
) -> Observation:
    """The mean over independent ensembles.

    Args:
        what, allowed: of the observation.
        parts: of the ensembles; those without an error do not count.
        weights: of each, known beforehand: estimated from few samples they would make the interval
            too narrow.
    """
    counted = [
        (part, weight)
        for part, weight in zip(parts, weights, strict=True)
        if not math.isnan(part.sem)
    ]
    if not counted:
        return undefined(what, allowed)
    whole = sum(weight for _, weight in counted)
    value, half = _of_independent(
        [part for part, _ in counted], [weight / whole for _, weight in counted]
    )
    n_samples = max(part.n for part, _ in counted)
    return Observation(what, value, value - half, value + half, n_samples, allowed)


def _of_independent(parts: Sequence[Summary], factors: Sequence[float]) -> tuple[float, float]:
    """A sum of means with these factors, and half its interval.

    Student's t with the degrees of freedom of Welch (Biometrika 34, 28 (1947)) and Satterthwaite.
    """
    value = sum(factor * part.mean for part, factor in zip(parts, factors, strict=True))
    variances = [(f * part.sem) ** 2 for part, f in zip(parts, factors, strict=True)]
    variance = sum(variances)
    if not variance > 0.0:  # equal samples, or too few
        return value, variance
    degrees = variance**2 / sum(
        one**2 / part.degrees for part, one in zip(parts, variances, strict=True)
    )
    return value, student(degrees) * math.sqrt(variance)


def of_interval(
    what: str,
    value: float,
    interval: Interval,
    *,
    n_samples: int,
    allowed: Range,
    fixed: float = 0.0,
) -> Observation:
    """A number whose interval is known; `fixed` as in `Observation`."""
    return Observation(what, value, interval.low, interval.high, n_samples, allowed, fixed)


def undefined(what: str, allowed: Range) -> Observation:
    """A number that could not be had, for the reason in `what`."""
    return Observation(what, math.nan, math.nan, math.nan, 0, allowed)


@dataclass(frozen=True)
class Finding:
    """A statement, the criterion it was judged by, what was observed, and remarks.

    Attributes:
        name: by which the statement is called.
        statement: what it says.
        criterion: what was fixed beforehand to judge it by.
        observations: what it was judged by.
        remark: what else to know.
    """

    name: str
    statement: str
    criterion: str
    observations: list[Observation] = field(default_factory=list)
    remark: str = ""

    @property
    def verdict(self) -> str:
        """That of the observations together: one that differs decides, then an open one."""
        found = [observation.verdict for observation in self.observations]
        if DIFFERS in found:
            return DIFFERS
        return TOO_SMALL if TOO_SMALL in found or not found else AGREES


Evidence = TypeVar("Evidence")


@dataclass(frozen=True)
class Statement(Generic[Evidence]):
    """A statement with the function that yields its observations, and remarks as texts."""

    name: str
    sentence: str
    criterion: str
    observe: Callable[[Evidence], Iterator[Observation | str]]

    def judge(self, evidence: Evidence) -> Finding:
        """What the evidence says of the statement."""
        seen = list(self.observe(evidence))
        return Finding(
            self.name,
            self.sentence,
            self.criterion,
            [item for item in seen if isinstance(item, Observation)],
            "; ".join(item for item in seen if isinstance(item, str)),
        )


class Statements(list[Statement[Evidence]]):
    """Statements in the order in which their functions stand in a module."""

    def state(self, name: str, sentence: str, criterion: str) -> Callable:
        """Decorator of the function that yields what a statement is judged by."""

        def added(observe: Callable[[Evidence], Iterator[Observation | str]]) -> Callable:
            self.append(Statement(name, sentence, criterion, observe))
            return observe

        return added
