"""Means, intervals, drifts and families of tests on data whose answer is known."""

import math

import numpy as np
import pytest
from scipy.stats import linregress, ttest_1samp, ttest_ind

from softmodes.analysis.statistics import (
    Interval,
    bootstrap_interval,
    difference_of_halves,
    drift,
    effective_samples,
    familywise_level,
    mean_p_value,
    position_of_maximum,
    resample_counts,
    resample_weights,
    standard_error,
    sum_of_means,
    summarise,
)
from softmodes.errors import InputError


def rng(seed=0):
    return np.random.default_rng(seed)


# Means and intervals


def test_summary_of_known_numbers():
    summary = summarise([1.0, 2.0, math.nan, 3.0, 6.0])
    assert (summary.mean, summary.n, summary.n_missing) == (3.0, 4, 1)
    assert summary.sd == pytest.approx(math.sqrt(14 / 3))
    assert summary.sem == pytest.approx(math.sqrt(14 / 3) / 2)


def test_summary_of_too_few_numbers():
    none, one = summarise([math.nan]), summarise([2.0])
    assert math.isnan(none.mean)
    assert math.isnan(none.sem)
    assert none.n == 0
    assert one.mean == 2.0
    assert math.isnan(one.sd)
    assert math.isnan(one.sem)
    assert not none.significant
    assert not one.significant


def test_the_interval_of_a_mean_is_that_of_student():
    values = rng(1).normal(0.3, 1.0, 6)
    expected = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert summarise(values).interval.low == pytest.approx(expected.low)
    assert summarise(values).interval.high == pytest.approx(expected.high)


def test_significant_is_what_lies_above_zero_with_all_its_interval():
    # of four with sem √(1/3): t = 3.182 for three degrees of freedom
    spread = np.array([-1.0, -1.0, 1.0, 1.0])
    assert summarise(spread + 3.19 * math.sqrt(1 / 3)).significant
    assert not summarise(spread + 3.17 * math.sqrt(1 / 3)).significant
    assert not summarise(spread - 10.0).significant


@pytest.mark.parametrize("n", [3, 6, 40])
def test_resampled_means_give_back_the_interval_of_student(n):
    values = rng(n).normal(2.0, 1.0, n)
    resampled = values[rng(1).integers(0, n, (100_000, n))].mean(axis=1)
    found, expected = summarise(values), summarise(values).interval
    assert standard_error(resampled, n) == pytest.approx(found.sem, rel=0.01)
    interval = bootstrap_interval(found.mean, resampled, n)
    width = expected.high - expected.low
    assert interval.low == pytest.approx(expected.low, abs=0.01 * width)
    assert interval.high == pytest.approx(expected.high, abs=0.01 * width)


def test_undefined_resamples_are_counted_and_left_out():
    resampled = np.array([1.0, 3.0, math.nan, 1.0, 3.0])
    some = bootstrap_interval(2.0, resampled, 5)
    assert some.n_undefined == 1
    assert some.high - 2.0 == pytest.approx(2.776445 * math.sqrt(5 / 4))
    most = bootstrap_interval(2.0, [1.0, math.nan, math.nan, 3.0], 5)
    assert most.n_undefined == 2
    assert math.isnan(most.low)
    assert math.isnan(most.high)
    assert math.isnan(bootstrap_interval(2.0, resampled, 1).low)


def test_position_of_a_maximum_of_known_place():
    x = np.linspace(-2.0, 2.0, 9)
    curves = 1.0 - (x - 0.3) ** 2 + 0.02 * rng(2).standard_normal((12, 9))
    value, interval = position_of_maximum(x, curves, rng(3))
    assert interval.low < 0.3 < interval.high
    assert interval.high - interval.low < 0.1
    assert value == pytest.approx(0.3, abs=0.03)
    assert position_of_maximum(x, np.tile(x, (3, 1)), rng(3))[0] == 2.0
    assert math.isnan(position_of_maximum(x, np.empty((0, 9)), rng(3))[0])
    assert math.isnan(position_of_maximum(x, curves[:1], rng(3))[1].low)
    broken = np.full((1, 9), np.nan)
    broken[0, :8] = 1.0
    assert position_of_maximum(x, np.concatenate([broken, curves]), rng(3)) == (value, interval)


# Samples of which only some are everywhere

NUMBERS = {2000: [50] * 10 + [26, 25], 8000: [20] * 8 + [15, 10, 4, 4]}
"""Samples by temperature, on cooling, of the Letter's grid."""


def cooled(generator, numbers, correlation):
    """Values (S, K) of samples that stop on the way, correlated over temperatures, of mean k."""
    shape = max(numbers), len(numbers)
    shared, own = generator.standard_normal((shape[0], 1)), generator.standard_normal(shape)
    values = np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own
    stopped = np.arange(shape[0])[:, None] >= numbers
    return np.where(stopped, math.nan, values + np.arange(shape[1]))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", NUMBERS)
def test_sums_over_temperatures_hold_the_truth(size, correlation):
    """Of a mean, and of a slope; errors are as large as they should be."""
    generator, numbers = rng(size), np.array(NUMBERS[size])
    x = np.arange(len(numbers)) - 5.5
    for factors, truth in ((np.full(12, 1 / 12), 5.5), (x / (x @ x), 1.0)):
        found = [
            sum_of_means(cooled(generator, numbers, correlation), factors) for _ in range(3000)
        ]
        held = [one.interval.low < truth < one.interval.high for one in found]
        assert np.mean(held) == pytest.approx(0.95, abs=0.015)
        pairs = np.where(np.eye(12, dtype=bool), 1.0, correlation)
        variance = factors @ (pairs / np.maximum(*np.meshgrid(numbers, numbers))) @ factors
        assert np.mean([one.sem**2 for one in found]) == pytest.approx(variance, rel=0.06)


def test_sums_of_means_over_the_same_samples_or_none_are_the_textbooks():
    generator = rng(8)
    both = generator.normal(size=(9, 2)) + generator.normal(size=(9, 1))
    found, paired = sum_of_means(both, [1.0, -1.0]), summarise(both[:, 0] - both[:, 1])
    for name in ("mean", "sd", "sem", "n", "n_missing", "degrees"):
        assert getattr(found, name) == pytest.approx(getattr(paired, name))
    apart = both.copy()
    apart[:4, 0] = apart[4:, 1] = math.nan
    welch = ttest_ind(apart[4:, 0], apart[:4, 1], equal_var=False)
    found, expected = sum_of_means(apart, [1.0, -1.0]), welch.confidence_interval(0.95)
    assert found.degrees == pytest.approx(welch.df)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    assert (found.n, found.n_missing) == (5, 0)


def test_sums_of_means_that_have_no_error_or_are_not_there():
    lone = sum_of_means([[1.0, 3.0], [2.0, math.nan]], [1.0, 1.0])
    assert lone.mean == 4.5
    assert math.isnan(lone.interval.low)
    assert math.isnan(sum_of_means([[1.0, math.nan], [2.0, math.nan]], [1.0, 1.0]).mean)
    assert math.isnan(sum_of_means(np.empty((0, 0)), []).mean)
    same = sum_of_means(np.ones((4, 2)), [0.5, 0.5])
    assert same.interval == Interval(1.0, 1.0, 0)


def test_samples_behind_a_sum_of_means():
    everywhere = np.ones((6, 3), dtype=bool)
    alike = np.outer([1.0, 2.0, 0.5], [1.0, 2.0, 0.5])
    assert effective_samples(everywhere, alike) == pytest.approx((6.0, 5.0))
    assert effective_samples(everywhere, np.diag([1.0, 2.0, 0.0])) == pytest.approx((6.0, 5.0))
    # a mean of few samples that hardly scatters does not count
    few = np.arange(20)[:, None] < [20, 4]
    assert effective_samples(few, np.diag([1.0, 1e-9])) == pytest.approx((20.0, 19.0))
    assert effective_samples(few, np.diag([1e-9, 1.0])) == pytest.approx((4.0, 3.0))


def test_four_samples_drawn_among_twenty_scatter_as_four():
    """By √(3/4) of their standard error; were their number to vary, by an eighth more."""
    counts = resample_counts(20, rng(5))
    values = rng(6).normal(size=(4, 500))
    weights = resample_weights(counts[:, 7:11])
    np.testing.assert_allclose(weights.sum(axis=1), 4.0)
    scatter = (weights @ values / 4).std(axis=0) / (values.std(axis=0) / 2)
    assert np.mean(scatter) == pytest.approx(1.0, abs=0.03)
    np.testing.assert_array_equal(resample_weights(counts), counts)


def test_means_drawn_anew_follow_each_other_as_far_as_they_share_samples():
    """Of twenty, and of four of these: their covariance is that of the four over twenty."""
    counts = resample_counts(20, rng(7))
    found = []
    for values in rng(8).normal(size=(500, 20)):
        cold = resample_weights(counts[:, :4]) @ values[:4] / 4
        covariance = np.cov(cold, counts @ values / 20)[0, 1]
        found.append(covariance / (values[:4].var() / 20))
    assert np.median(found) == pytest.approx(1.0, abs=0.1)


# Drifts and families of tests


def test_drift_against_a_textbook_regression():
    times = np.sort(rng(1).uniform(0.0, 100.0, 41))
    values = 0.3 * rng(2).standard_normal(41) + 0.01 * times
    late = times >= (times[0] + times[-1]) / 2
    expected = linregress(times[late], values[late])
    assert drift(times, values) == pytest.approx(expected.slope, rel=1e-9)


def test_the_halves_part_in_the_middle_of_the_time():
    # as a series is recorded: from 0, which has no point, to the last
    assert difference_of_halves([1, 2, 3, 4], [0.0, 1.0, 5.0, 8.0]) == 6.0
    assert difference_of_halves([1, 2, 3, 4, 5], [1.0, 1.0, 4.0, 4.0, 4.0]) == 3.0


def test_few_points_do_not_tell():
    for n_points in (0, 1, 2):
        assert math.isnan(drift(np.arange(n_points), np.arange(n_points)))
    assert math.isnan(difference_of_halves([], []))
    assert math.isnan(difference_of_halves([1], [2]))
    assert drift(np.arange(6), np.arange(6)) == 1.0
    assert drift(np.arange(6), np.full(6, 2.9)) == pytest.approx(0.0, abs=1e-15)


# Significance


def test_p_values_against_those_of_scipy():
    values = rng(4).normal(0.4, 1.0, 7)
    assert mean_p_value(values) == pytest.approx(ttest_1samp(values, 0.0).pvalue, rel=1e-9)
    assert mean_p_value([*values, math.nan]) == mean_p_value(values)
    assert math.isnan(mean_p_value([1.0, math.nan]))
    assert mean_p_value([0.0, 0.0]) == 1.0
    assert mean_p_value([0.1, 0.1]) == 0.0


def rejected_one_by_one(p_values: list[float]) -> set[float]:
    """Holm's procedure in his words: go on with the smallest while it is small enough."""
    left, found = sorted(p_values), set()
    while left and left[0] * len(left) <= 0.05:
        found.add(left.pop(0))
    return found


@pytest.mark.parametrize(
    "p_values",
    [
        [0.01, 0.04, 0.03, 0.005],  # Holm's example: two
        [0.04],
        [0.06],
        [0.001, 0.002, 0.003],
        [0.012, 0.013, 0.014, 0.015],  # Hochberg's step-up would take them all
        list(rng(6).uniform(0.0, 0.02, 30)),
    ],
)
def test_the_level_of_a_family_is_holms(p_values):
    level = familywise_level([*p_values, math.nan])
    assert {p for p in p_values if p <= level} == rejected_one_by_one(p_values)


def test_a_family_without_a_test_has_the_level_of_one():
    assert familywise_level([math.nan]) == familywise_level([]) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: summarise([[1.0, 2.0]]), "values: "),
        (lambda: summarise([1.0, math.inf]), "values: "),
        (lambda: drift([0, 1, 2], [1.0, 2.0]), r"values: shape \(2,\)"),
        (lambda: drift([0, 1, 2], [1.0, 2.0, math.nan]), "values: .* finite"),
        (lambda: drift([0, 2, 1], [1.0, 2.0, 3.0]), "times: "),
        (lambda: difference_of_halves([0, 2, 1], [1.0, 2.0, 3.0]), "times: "),
        (lambda: familywise_level([0.1, 1.2]), "p_values: 0.1 to 1.2"),
    ],
)
def test_unusable_input_is_named(call, named):
    with pytest.raises(InputError, match=named):
        call()
