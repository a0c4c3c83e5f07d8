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
from scipy.special import stdtrit

from softmodes.analysis.statistics import CONFIDENCE, Interval, Summary, summarise

AGREES, DIFFERS, TOO_SMALL = "agrees", "differs", "too small to tell"

Range = tuple[float, float]
"""Lower and upper border of what a statement allows."""


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
        n_samples: samples behind it.
        allowed: the range that the statement allows.
    """

    what: str
    value: float
    low: float
    high: float
    n_samples: int
    allowed: Range

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
        """Samples that would tell if the value stayed: the interval shrinks as 1/√n; else NaN."""
        distance = min(abs(self.value - border) for border in self.allowed)
        needed = self.n_samples * (0.5 * (self.high - self.low) / (distance or math.nan)) ** 2
        told = self.verdict != TOO_SMALL or math.isnan(needed)
        return math.nan if told else math.ceil(needed)


def mean(what: str, values: Iterable[float], allowed: Range) -> Observation:
    """The mean of one number per sample; NaN is left out."""
    found = summarise(np.fromiter(values, dtype=np.float64))
    return of_summary(what, found, allowed)


def of_summary(what: str, found: Summary, allowed: Range) -> Observation:
    """The mean of observations summarised already."""
    return Observation(what, found.mean, found.interval.low, found.interval.high, found.n, allowed)


def root_mean_square(what: str, deviations: ArrayLike, allowed: Range) -> Observation:
    """√ of the mean square of one deviation per sample, with the interval of that mean."""
    found = summarise(np.asarray(deviations, dtype=np.float64) ** 2)
    value, low, high = np.sqrt(
        np.maximum([found.mean, found.interval.low, found.interval.high], 0.0)
    )
    return Observation(what, float(value), float(low), float(high), found.n, allowed)


def combined(what: str, parts: Sequence[Summary], allowed: Range) -> Observation:
    """Means of independent ensembles, weighted by 1/SEM².

    The interval is that of Student's t with the degrees of freedom of Welch and Satterthwaite.
    """
    parts = [part for part in parts if part.n > 1 and part.sem > 0]
    if not parts:
        return undefined(what, allowed)
    weights = np.array([part.sem**-2 for part in parts])
    value = float(np.average([part.mean for part in parts], weights=weights))
    degrees = weights.sum() ** 2 / sum(
        weight**2 / (part.n - 1) for weight, part in zip(weights, parts, strict=True)
    )
    half = float(stdtrit(degrees, 0.5 * (1.0 + CONFIDENCE)) / math.sqrt(weights.sum()))
    return Observation(
        what, value, value - half, value + half, sum(part.n for part in parts), allowed
    )


def of_interval(
    what: str, value: float, interval: Interval, *, n_samples: int, allowed: Range
) -> Observation:
    """A number whose interval is known."""
    return Observation(what, value, interval.low, interval.high, n_samples, allowed)


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
        """That of the observations together: one that differs decides, then one too small."""
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
