"""The rule of judgement, by numbers whose intervals are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from softmodes.analysis.statistics import summarise
from softmodes.report.verdicts import (
    AGREES,
    DIFFERS,
    TOO_SMALL,
    Finding,
    Observation,
    Statements,
    above,
    around_zero,
    below,
    combined,
    difference,
    mean,
    ratio,
    root_mean_square,
)


@pytest.mark.parametrize(
    ("low", "high", "allowed", "verdict"),
    [
        (0.1, 0.3, above(0.0), AGREES),
        (-0.1, 0.3, above(0.0), TOO_SMALL),
        (-0.3, -0.1, above(0.0), DIFFERS),
        (0.0, 0.0, above(0.0), DIFFERS),
        (-0.3, -0.1, below(0.0), AGREES),
        (0.1, 0.3, below(0.0), DIFFERS),
        (-0.1, 0.1, around_zero(0.2), AGREES),
        (-0.1, 0.3, around_zero(0.2), TOO_SMALL),
        (-0.5, 0.5, around_zero(0.2), TOO_SMALL),
        (-0.5, -0.3, around_zero(0.2), DIFFERS),
        (math.nan, math.nan, around_zero(0.2), TOO_SMALL),
    ],
)
def test_an_interval_is_set_against_a_range(low, high, allowed, verdict):
    seen = Observation("", 0.5 * (low + high), low, high, 6, allowed)
    assert seen.verdict == verdict


def test_a_mean_has_the_interval_of_student():
    values = [1.0, 2.0, 4.0, math.nan]
    low, high = stats.t.interval(0.95, 2, np.mean(values[:3]), stats.sem(values[:3]))
    seen = mean("", values, above(0.0))
    assert (seen.low, seen.high, seen.n_samples) == (pytest.approx(low), pytest.approx(high), 3)
    assert mean("", [5.0], above(0.0)).verdict == TOO_SMALL
    assert mean("", [], above(0.0)).verdict == TOO_SMALL


def test_a_false_agreement_is_as_rare_at_few_samples_as_at_many():
    rng = np.random.default_rng(1)
    for n in (3, 6, 50):
        seen = [mean("", values, above(0.0)) for values in rng.normal(size=(4000, n))]
        false = np.mean([item.verdict == AGREES for item in seen])
        assert false == pytest.approx(0.025, abs=4 * math.sqrt(0.025 / 4000))


@pytest.mark.parametrize("n_samples", [3, 6])
def test_sizes_are_combined_by_weights_known_beforehand(n_samples):
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(2000):
        parts = [summarise(rng.normal(1.0, sd, n_samples)) for sd in (0.5, 1.0)]
        seen = combined("", parts, (4.0, 1.0), allowed=above(0.0))
        held += seen.low < 1.0 < seen.high
        assert seen.value == pytest.approx(np.average([p.mean for p in parts], weights=(4.0, 1.0)))
    assert held / 2000 == pytest.approx(0.95, abs=0.02)
    assert combined("", [], [], allowed=above(0.0)).verdict == TOO_SMALL
    lone = summarise([1.0])
    assert combined("", [lone], [1.0], allowed=above(0.0)).verdict == TOO_SMALL
    both = combined("", [lone, summarise([2.0, 2.1, 2.2])], [9.0, 1.0], allowed=above(0.0))
    assert both.value == pytest.approx(2.1)


@pytest.mark.parametrize("n_samples", [3, 6, 50])
def test_ratios_count_the_errors_of_both_means(n_samples):
    """The fraction that a part of a rise has, where the rise scatters by a seventh."""
    rng = np.random.default_rng(3)
    held = defined = 0
    for _ in range(2000):
        whole = rng.normal(1.0, 0.15, n_samples)
        part = rng.normal(0.25, 0.02, n_samples)
        seen = ratio("", part, whole, allowed=around_zero(1.0))
        if math.isnan(seen.value):
            assert not summarise(whole).significant
            continue
        defined += 1
        assert seen.value == pytest.approx(part.mean() / whole.mean())
        held += seen.low < 0.25 < seen.high
    # to first order: few samples whose mean is far from normal cost a little
    assert defined > 1900
    assert 0.91 < held / defined < 0.98
    assert ratio("", [], [], allowed=above(0.0)).verdict == TOO_SMALL


def test_differences_of_unlike_sets_have_welchs_interval():
    rng = np.random.default_rng(4)
    one, other = rng.normal(1.0, 1.0, 5), rng.normal(0.0, 0.2, 9)
    seen = difference("", one, other, allowed=above(0.0))
    welch = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (seen.low, seen.high) == pytest.approx((welch.low, welch.high))
    assert difference("", one[:1], other, allowed=above(0.0)).verdict == TOO_SMALL


def test_the_root_mean_square_keeps_its_interval_positive():
    seen = root_mean_square("", summarise(np.square([0.1, -0.1, 3.0])), (0.5, 2.0))
    assert seen.value == pytest.approx(math.sqrt(9.02 / 3))
    assert seen.low == 0.0
    assert seen.verdict == TOO_SMALL
    near = summarise(np.square([1.0, -1.1, 1.05, -0.9]))
    assert root_mean_square("", near, (0.5, 2.0)).verdict == AGREES


def test_the_samples_needed_shrink_the_interval_to_the_border():
    seen = Observation("", 0.1, -0.1, 0.3, 6, above(0.0))
    assert seen.samples_needed == 24
    # of the half width 0.2 some 0.06 stays whatever is done: 0.1 = √(0.06² + (0.2² - 0.06²) 6/n)
    part = Observation("", 0.1, -0.1, 0.3, 6, above(0.0), fixed=0.06)
    assert part.samples_needed == math.ceil(6 * (0.04 - 0.0036) / (0.01 - 0.0036))
    assert math.isnan(Observation("", 0.1, -0.1, 0.3, 6, above(0.0), fixed=0.1).samples_needed)
    assert math.isnan(Observation("", 0.1, 0.05, 0.15, 6, above(0.0)).samples_needed)
    assert math.isnan(Observation("", math.nan, math.nan, math.nan, 0, above(0)).samples_needed)


def test_the_samples_needed_are_those_where_there_are_most():
    """Of two sizes of 200 and 40: the factor that halves the interval makes it 800 and 160."""
    rng = np.random.default_rng(5)

    def seen(numbers, border=-math.inf):
        parts = [summarise(rng.normal(size=number)) for number in numbers]
        return combined("", parts, (1.0, 2.0), allowed=above(border))

    factors, halves = [], []
    for _ in range(300):
        few = seen((200, 40))
        half = few.high - few.value
        untold = replace(few, allowed=above(few.value - 0.5 * half))
        factor = untold.samples_needed / 200
        many = seen((round(200 * factor), round(40 * factor)))
        factors.append(factor)
        halves.append((many.high - many.value) / (0.5 * half))
    assert np.mean(factors) == pytest.approx(4.0, abs=0.02)
    assert np.mean(halves) == pytest.approx(1.0, abs=0.025)


def test_one_that_differs_decides_then_one_too_small():
    good = Observation("", 1.0, 0.5, 1.5, 6, above(0.0))
    unsure = Observation("", 1.0, -0.5, 1.5, 6, above(0.0))
    bad = Observation("", -1.0, -1.5, -0.5, 6, above(0.0))
    assert Finding("", "", "", [good]).verdict == AGREES
    assert Finding("", "", "", [good, unsure]).verdict == TOO_SMALL
    assert Finding("", "", "", [good, unsure, bad]).verdict == DIFFERS
    assert Finding("", "", "").verdict == TOO_SMALL


def test_a_statement_yields_observations_and_remarks():
    statements: Statements[float] = Statements()

    @statements.state("name", "Sentence.", "criterion")
    def _(evidence):
        yield mean("what", [evidence, evidence + 0.1], above(0.0))
        yield "one remark"
        yield "another"

    (statement,) = statements
    found = statement.judge(1.0)
    assert (found.name, found.statement, found.criterion) == ("name", "Sentence.", "criterion")
    assert [seen.what for seen in found.observations] == ["what"]
    assert found.remark == "one remark; another"
    assert found.verdict == AGREES
