"""Means, intervals, critical strains, drifts and trends on data whose answer is known."""

import math

import numpy as np
import pytest
from scipy.stats import linregress, ttest_1samp

from softmodes.errors import InputError
from softmodes.statistics import (
    RESAMPLES,
    bootstrap_interval,
    critical_strain,
    difference_of_halves,
    drift,
    energy_onset,
    familywise_level,
    mean_p_value,
    plateau_drop,
    stress_maximum,
    summarise,
    trend,
)

LOW = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.02, 0.027, 0.035, 0.045, 0.055]
GAMMA = np.array([*LOW, 0.067, 0.08, 0.1, 0.125, 0.16, 0.2, 0.3, 0.45, 0.7, 1.0])


def rng(seed=0):
    return np.random.default_rng(seed)


def logistic(half, steepness, plateau=0.45, floor=0.2):
    return floor + (plateau - floor) / (1.0 + (GAMMA / half) ** steepness)


def noisy(curve, n_samples, noise, seed):
    return curve + noise * rng(seed).standard_normal((n_samples, len(curve)))


# Means and intervals


def test_summary_of_known_numbers():
    summary = summarise([1.0, 2.0, math.nan, 3.0, 6.0])
    assert (summary.mean, summary.n, summary.n_missing) == (3.0, 4, 1)
    assert summary.sd == pytest.approx(math.sqrt(14 / 3))
    assert summary.sem == pytest.approx(math.sqrt(14 / 3) / 2)


def test_summary_of_too_few_numbers():
    none, one = summarise([math.nan]), summarise([2.0])
    assert math.isnan(none.mean) and math.isnan(none.sem) and none.n == 0
    assert one.mean == 2.0 and math.isnan(one.sd) and math.isnan(one.sem)
    assert not none.significant and not one.significant


def test_significance_is_three_standard_errors_above_zero():
    # mean ± 1 of four: sd = √(4/3), sem = √(1/3)
    spread = np.array([-1.0, -1.0, 1.0, 1.0])
    assert summarise(spread + 1.01 * math.sqrt(3)).significant
    assert not summarise(spread + 0.99 * math.sqrt(3)).significant
    assert not summarise(spread - 10.0).significant


def test_bootstrap_of_the_mean_of_a_normal_sample():
    # 95 % of resampled means lie within 1.96 standard errors
    values = rng(1).standard_normal(200)
    interval = bootstrap_interval(values, np.mean, rng(2))
    sem = values.std() / math.sqrt(200)
    assert interval.low == pytest.approx(values.mean() - 1.96 * sem, abs=0.15 * sem)
    assert interval.high == pytest.approx(values.mean() + 1.96 * sem, abs=0.15 * sem)
    assert interval.n_undefined == 0


def test_bootstrap_draws_whole_samples():
    # rows move together: the difference of two equal columns never varies
    column = rng(3).standard_normal(20)
    curves = np.column_stack([column, column + 0.5])
    interval = bootstrap_interval(curves, lambda c: c[:, 1].mean() - c[:, 0].mean(), rng(4))
    assert interval.low == pytest.approx(0.5) and interval.high == pytest.approx(0.5)


def test_bootstrap_covers_the_truth():
    covered = 0
    for seed in range(60):
        values = rng(seed).exponential(2.0, 40)
        interval = bootstrap_interval(values, np.mean, rng(1000 + seed))
        covered += interval.low < 2.0 < interval.high
    assert 50 <= covered <= 60


def test_undefined_resamples_are_counted():
    samples = np.array([0.0, 1.0, 1.0, 1.0])

    def undefined_with_zero(limit):
        return lambda s: math.nan if np.sum(s == 0) >= limit else s.mean()

    # the zero is drawn at least twice in 26 % of resamples and at least once in 68 %
    some = bootstrap_interval(samples, undefined_with_zero(2), rng(5))
    assert some.n_undefined == pytest.approx(0.26 * RESAMPLES, abs=40)
    assert 0.75 <= some.low <= some.high == 1.0
    most = bootstrap_interval(samples, undefined_with_zero(1), rng(5))
    assert most.n_undefined == pytest.approx(0.68 * RESAMPLES, abs=40)
    assert math.isnan(most.low) and math.isnan(most.high)
    assert math.isnan(bootstrap_interval(samples[:1], np.mean, rng(5)).low)


# Critical strain


@pytest.mark.parametrize("half", [0.03, 0.071, 0.15])
@pytest.mark.parametrize("steepness", [2.5, 5.0, 12.0])
def test_critical_strain_of_an_exact_logistic(half, steepness):
    # at the ends of the grid the logistic has not quite reached plateau and floor
    estimate = critical_strain(GAMMA, np.tile(logistic(half, steepness), (3, 1)), rng())
    assert estimate.value == pytest.approx(half, rel=0.02)
    np.testing.assert_allclose(estimate.per_sample, estimate.value)
    assert estimate.samples.n_missing == 0 and estimate.reason == ""


def test_critical_strain_of_noisy_samples():
    errors, covered = [], 0
    for seed in range(3):
        curves = noisy(logistic(0.071, 4.0), 20, 0.03, seed)
        estimate = critical_strain(GAMMA, curves, rng(seed))
        errors.append(math.log(estimate.value / 0.071))
        covered += estimate.interval.low < 0.071 < estimate.interval.high
        # the samples' own fits scatter about √20 times as much as the fit to their mean
        width = (estimate.interval.high - estimate.interval.low) / (2 * 1.96)
        assert 2.0 < estimate.samples.sd / width < 9.0
    assert np.abs(errors).max() < 0.08
    assert covered >= 2


def test_scatter_between_samples_is_the_reported_deviation():
    halves = np.array([0.04, 0.055, 0.07, 0.085, 0.1])
    curves = np.stack([logistic(half, 6.0) for half in halves])
    estimate = critical_strain(GAMMA, curves, rng())
    np.testing.assert_allclose(estimate.per_sample, halves, rtol=0.01)
    assert estimate.samples.sd == pytest.approx(halves.std(ddof=1), rel=0.03)
    # resampled means of five scatter by √(4/5) sd/√5, and so does γ_c
    width = 1.96 * halves.std(ddof=1) * 2 / 5
    assert estimate.interval.low == pytest.approx(estimate.value - width, abs=0.004)
    assert estimate.interval.high == pytest.approx(estimate.value + width, abs=0.004)


def test_critical_strain_withstands_an_undershoot():
    # beyond the drop the curve dips below its floor and comes back
    dip = 0.05 * np.exp(-(np.log(GAMMA / 0.16) ** 2) / 0.1)
    curves = noisy(logistic(0.06, 6.0) - dip, 4, 0.005, 1)
    assert critical_strain(GAMMA, curves, rng()).value == pytest.approx(0.06, rel=0.06)


def test_critical_strain_of_a_step_lies_between_its_strains():
    curve = np.where(GAMMA < 0.06, 0.5, 0.2)
    value = critical_strain(GAMMA, np.tile(curve, (2, 1)), rng()).value
    assert 0.055 < value < 0.067


def test_critical_strain_does_not_depend_on_the_scale_of_the_curve():
    curves = noisy(logistic(0.071, 4.0), 4, 0.01, 3)
    plain = critical_strain(GAMMA, curves, rng()).value
    assert critical_strain(GAMMA, 7.0 + 100.0 * curves, rng()).value == pytest.approx(plain)


def test_no_critical_strain_without_a_significant_drop():
    flat = critical_strain(GAMMA, noisy(np.full(20, 0.3), 4, 0.03, 4), rng())
    assert math.isnan(flat.value) and math.isnan(flat.interval.low)
    assert flat.reason == "change within 3 standard errors"
    # a drop of one sample in five is none of the mean
    curves = np.tile(np.full(20, 0.3), (5, 1))
    curves[0] = logistic(0.07, 5.0)
    assert math.isnan(critical_strain(GAMMA, curves, rng()).value)
    rising = critical_strain(GAMMA, -np.tile(logistic(0.07, 5.0), (3, 1)), rng())
    assert math.isnan(rising.value)


@pytest.mark.parametrize(
    "curve",
    [
        # at small strain there is no plateau
        logistic(0.001, 2.0),
        # it falls all the way, without a drop
        1.0 - 0.1 * np.log(GAMMA / GAMMA[0]),
        # it comes and goes
        np.where(np.arange(20) % 2 == 0, 0.5, 0.2),
    ],
)
def test_curves_without_plateau_or_drop_are_failed_fits(curve):
    estimate = critical_strain(GAMMA, np.tile(curve, (3, 1)), rng())
    assert estimate.reason == "fit failed"
    assert math.isnan(estimate.value) and math.isnan(estimate.interval.low)
    assert estimate.samples.n_missing == 3


def test_failed_samples_are_counted_and_left_out():
    curves = np.tile(logistic(0.07, 5.0), (5, 1)) + 0.001 * np.arange(5)[:, None]
    curves[1] = 0.3
    curves[2, 7] = math.nan
    estimate = critical_strain(GAMMA, curves, rng())
    np.testing.assert_array_equal(np.isnan(estimate.per_sample), [0, 1, 1, 0, 0])
    assert estimate.samples.n_missing == 2 and estimate.samples.n == 3
    assert estimate.value == pytest.approx(0.07, rel=0.01)


def test_a_sample_of_noise_has_no_critical_strain_of_its_own():
    # its plateau lies above its floor by chance only
    curves = noisy(logistic(0.07, 5.0), 40, 0.005, 7)
    curves[:20] = noisy(np.full(20, 0.3), 20, 0.02, 8)
    estimate = critical_strain(GAMMA, curves, rng())
    assert np.isnan(estimate.per_sample[:20]).all()
    np.testing.assert_allclose(estimate.per_sample[20:], 0.07, rtol=0.1)


def test_too_little_to_estimate_from_is_said():
    curve = logistic(0.07, 5.0)
    assert critical_strain(GAMMA, curve[None], rng()).reason == "fewer than two samples"
    assert critical_strain(GAMMA, curve[None], rng()).per_sample[0] == pytest.approx(0.07, rel=0.01)
    late = critical_strain(GAMMA[6:], np.tile(curve[6:], (3, 1)), rng())
    assert late.reason == "no strain up to 0.01, where the plateau is"
    assert math.isnan(late.value) and late.samples.n_missing == 3


def test_estimates_follow_the_generator():
    curves = noisy(logistic(0.07, 4.0), 7, 0.02, 6)
    one, same, other = (critical_strain(GAMMA, curves, rng(seed)) for seed in (1, 1, 2))
    assert one.interval == same.interval != other.interval
    assert one.value == same.value == other.value


def test_plateau_drop_is_taken_sample_by_sample():
    curves = np.stack([logistic(0.07, 20.0), logistic(0.07, 20.0, plateau=0.65, floor=0.3)])
    drop = plateau_drop(GAMMA, curves)
    assert drop.mean == pytest.approx((0.25 + 0.35) / 2, abs=1e-6)
    assert drop.sd == pytest.approx(0.1 / math.sqrt(2), abs=1e-6)


# Stress maximum and energy onset


def test_stress_maximum_between_grid_points():
    # a parabola in ln γ near the top, different wings
    x = np.log(GAMMA / 0.073)
    curve = np.where(np.abs(x) < 0.5, 1.0 - x**2, 0.75 * np.exp(-np.abs(np.abs(x) - 0.5)))
    offsets = 0.1 * np.array([[-1.0], [0.0], [2.0]])
    estimate = stress_maximum(GAMMA, curve + offsets, rng())
    assert estimate.value == pytest.approx(0.073, rel=1e-9)
    np.testing.assert_allclose(estimate.per_sample, 0.073, rtol=1e-9)


def test_stress_maximum_of_noisy_samples():
    curve = 9.0 * GAMMA / (1.0 + (GAMMA / 0.07) ** 3)
    fine = np.geomspace(0.02, 0.2, 10001)
    top = fine[np.argmax(fine / (1.0 + (fine / 0.07) ** 3))]
    estimate = stress_maximum(GAMMA, noisy(curve, 20, 0.05, 1), rng())
    assert estimate.value == pytest.approx(top, rel=0.12)
    assert estimate.interval.low < estimate.value < estimate.interval.high


def test_no_stress_maximum_at_an_edge_or_in_noise():
    rising = stress_maximum(GAMMA, np.tile(GAMMA, (3, 1)), rng())
    assert np.isnan(rising.per_sample).all() and math.isnan(rising.value)
    falling = stress_maximum(GAMMA, np.tile(-GAMMA, (3, 1)), rng())
    assert falling.reason == "fit failed"
    # every sample has its own maximum of pure noise, the mean none that stands out
    noise = rng(0).standard_normal((4, 20))
    assert stress_maximum(GAMMA, noise, rng()).reason == "change within 3 standard errors"


@pytest.mark.parametrize(("half", "steepness"), [(0.1, 4.0), (0.15, 6.0), (0.2, 8.0)])
def test_energy_onset_of_an_exact_rise(half, steepness):
    # by hand: the tangent at half height has slope s/4 (of the rise) and half a rise to go
    energy = 1.03 - 0.03 * (logistic(half, steepness) - 0.2) / 0.25
    estimate = energy_onset(GAMMA, np.tile(energy, (3, 1)), rng())
    assert estimate.value == pytest.approx(half * math.exp(-2.0 / steepness), rel=0.02)


def test_energy_onset_of_noisy_samples():
    energy = 2.9 + 0.1 / (1.0 + (0.12 / GAMMA) ** 4)
    estimate = energy_onset(GAMMA, noisy(energy, 8, 0.005, 2), rng())
    expected = 0.12 * math.exp(-0.5)
    assert estimate.interval.low < expected < estimate.interval.high
    assert estimate.value == pytest.approx(expected, rel=0.1)


def test_no_energy_onset_where_the_energy_falls_or_stays():
    energy = 2.9 + 0.1 / (1.0 + (0.12 / GAMMA) ** 4)
    assert math.isnan(energy_onset(GAMMA, np.tile(-energy, (3, 1)), rng()).value)
    assert math.isnan(energy_onset(GAMMA, noisy(np.full(20, 2.9), 4, 0.01, 1), rng()).value)


# Drift and trend


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
    assert math.isnan(difference_of_halves([], [])) and math.isnan(difference_of_halves([1], [2]))
    assert drift(np.arange(6), np.arange(6)) == 1.0
    assert drift(np.arange(6), np.full(6, 2.9)) == pytest.approx(0.0, abs=1e-15)


# Significance


def test_p_values_against_those_of_scipy():
    values = rng(4).normal(0.4, 1.0, 7)
    assert mean_p_value(values) == pytest.approx(ttest_1samp(values, 0.0).pvalue, rel=1e-9)
    assert mean_p_value([*values, math.nan]) == mean_p_value(values)
    assert math.isnan(mean_p_value([1.0, math.nan]))
    assert mean_p_value([0.0, 0.0]) == 1.0 and mean_p_value([0.1, 0.1]) == 0.0


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


def test_trend_against_generalised_least_squares():
    x, errors = np.array([0.36, 0.4, 0.5, 0.8]), np.array([0.01, 0.02, 0.01, 0.05])
    values = np.array([0.071, 0.080, 0.068, 0.110])
    design = np.column_stack([np.ones(4), x])
    covariance = np.linalg.inv(design.T @ np.diag(errors**-2) @ design)
    expected = (covariance @ design.T @ np.diag(errors**-2) @ values)[1]
    result = trend(x, values, errors)
    assert result.slope == pytest.approx(expected)
    assert result.high - result.low == pytest.approx(2 * 1.959964 * math.sqrt(covariance[1, 1]))
    assert (result.low + result.high) / 2 == pytest.approx(expected)
    assert result.n == 4


def test_trend_covers_the_truth():
    x, errors = np.linspace(0.4, 1.0, 6), np.array([0.01, 0.03, 0.02, 0.01, 0.02, 0.03])
    covered = 0
    for seed in range(300):
        result = trend(x, 0.07 + 0.05 * x + errors * rng(seed).standard_normal(6), errors)
        covered += result.low < 0.05 < result.high
    # widening by excess scatter adds a little to 95 %
    assert 282 <= covered <= 298


def test_excess_scatter_widens_the_interval():
    x, values, errors = np.arange(4.0), np.array([0.0, 1.0, 0.0, 1.0]), np.full(4, 0.01)
    chi_square = np.sum((values - np.polyval(np.polyfit(x, values, 1), x)) ** 2) / 0.01**2
    narrow = 1.959964 * 0.01 / math.sqrt(5.0)
    result = trend(x, values, errors)
    assert (result.high - result.low) / 2 == pytest.approx(narrow * math.sqrt(chi_square / 2))


def test_trend_of_two_points_and_of_fewer():
    two = trend([2000.0, 8000.0, 9000.0], [0.07, 0.08, math.nan], [0.003, 0.004, math.nan])
    assert two.n == 2
    assert two.slope == pytest.approx(0.01 / 6000)
    assert two.high - two.slope == pytest.approx(1.959964 * 0.005 / 6000)
    assert math.isnan(trend([1.0], [0.07], [0.01]).slope)
    assert math.isnan(trend([1.0, 1.0], [0.07, 0.08], [0.01, 0.01]).slope)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: summarise([[1.0, 2.0]]), "values: "),
        (lambda: summarise([1.0, math.inf]), "values: "),
        (lambda: critical_strain([0.0, 0.1], np.zeros((2, 2)), rng()), "gamma: "),
        (lambda: critical_strain([0.2, 0.1], np.zeros((2, 2)), rng()), "gamma: "),
        (lambda: stress_maximum([0.1, 0.2], np.zeros((2, 3)), rng()), r"curves: shape \(2, 3\)"),
        (lambda: energy_onset([0.1, 0.2], np.zeros(2), rng()), r"curves: shape \(2,\)"),
        (lambda: drift([0, 1, 2], [1.0, 2.0]), r"values: shape \(2,\)"),
        (lambda: drift([0, 1, 2], [1.0, 2.0, math.nan]), "values: .* finite"),
        (lambda: drift([0, 2, 1], [1.0, 2.0, 3.0]), "times: "),
        (lambda: difference_of_halves([0, 2, 1], [1.0, 2.0, 3.0]), "times: "),
        (lambda: familywise_level([0.1, 1.2]), "p_values: 0.1 to 1.2"),
        (lambda: trend([0, 1], [1.0, 2.0], [0.1]), "values, errors: "),
        (lambda: trend([0, 1], [1.0, 2.0], [0.1, 0.0]), "errors: "),
        (lambda: trend([0, 1], [1.0, 2.0], [0.1, math.nan]), "errors: "),
    ],
)
def test_unusable_input_is_named(call, named):
    with pytest.raises(InputError, match=named):
        call()


def test_noise_has_no_stress_maximum():
    """Four samples of noise pass 3 SEM in 3 % of trials (Student's t), not in most of them."""
    noise = np.random.default_rng(17)
    gamma = np.geomspace(1e-4, 1.0, 20)
    found = [
        math.isfinite(stress_maximum(gamma, noise.normal(size=(4, 20)), rng()).value)
        for _ in range(100)
    ]
    assert np.mean(found) < 0.1
