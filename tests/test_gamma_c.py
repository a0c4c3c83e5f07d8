"""Critical strains and their trends of ensembles whose answer is known."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from curves import GAMMA, logistic, noisy, rng

from softmodes.analysis import gamma_c, statistics

TRUTH = 0.071
WITH_FEW = (0.6, 20), (0.4, 4)
"""Temperatures with numbers of samples."""


def tables(ensembles, stress=None, energy=None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `overlap_vs_gamma` and `energy_stress` of curves (S, G) by N and T."""

    keys, n_samples = np.array(list(ensembles)), list(map(len, ensembles.values()))
    sizes, temperatures = np.repeat(keys, np.multiply(n_samples, len(GAMMA)), axis=0).T
    samples = np.repeat(np.concatenate([np.arange(n) for n in n_samples]), len(GAMMA))
    frame = pd.DataFrame({"n_particles": sizes.astype(int), "temperature": temperatures})
    frame = frame.assign(sample=samples, gamma=np.tile(GAMMA, sum(n_samples)))

    def rows(curves, column):
        return frame.assign(**{column: np.concatenate([curves[key] for key in ensembles]).ravel()})

    flat = {key: np.zeros_like(curves) for key, curves in ensembles.items()}
    energies = rows(stress or flat, "shear_stress")
    energies["normalised_energy"] = rows(energy or flat, "normalised_energy")["normalised_energy"]
    return rows(ensembles, "overlap").assign(quantity="DW_p"), energies


def estimates(ensembles, seed=0, **others):
    return gamma_c.estimates(*tables(ensembles, **others), seed)


def drops(ensembles, seed=0, **others):
    found = estimates(ensembles, seed, **others)
    return [one for one in found if one.estimator == "overlap_drop"]


def trend(found, what, size=None, estimator="overlap_drop") -> pd.Series:
    rows = gamma_c.trends(found)
    sizes = rows["n_particles"]
    chosen = (rows["estimator"] == estimator) & (rows["what"] == what)
    chosen &= sizes.isna() if size is None else (sizes == size).fillna(False)
    (row,) = rows[chosen].to_dict("records")
    return pd.Series(row)


def ensemble(generator, n_samples, drop=0.25, truth=TRUTH) -> np.ndarray:
    """Curves as simulations of few samples give them: ln γ_c scatters by 0.25 over samples,
    plateaus and floors by 0.03, and so does every point."""
    half = truth * np.exp(0.25 * generator.standard_normal((n_samples, 1)))
    floor = 0.25 + 0.03 * generator.standard_normal((n_samples, 1))
    plateau = 0.25 + drop + 0.03 * generator.standard_normal((n_samples, 1))
    clean = logistic(half, 3.0, plateau, floor)
    return clean + 0.03 * generator.standard_normal(clean.shape)


@pytest.fixture
def few_resamples(monkeypatch):
    """Enough for a standard error within 5 %."""
    monkeypatch.setattr(statistics, "RESAMPLES", 200)


@pytest.mark.parametrize("drop", [0.25, 0.1])
@pytest.mark.parametrize("n_samples", [3, 6, 50])
def test_mean_curves_are_unbiased_and_intervals_hold_the_truth(few_resamples, n_samples, drop):
    generator = rng(n_samples)
    trials = range({3: 500, 6: 300, 50: 100}[n_samples])
    found = drops({(100, float(t)): ensemble(generator, n_samples, drop) for t in trials})
    defined = [one for one in found if one.defined]
    assert len(defined) >= 80
    logarithms = np.log([one.value for one in defined])
    assert abs(np.exp(logarithms.mean()) / TRUTH - 1.0) < 0.05
    assert abs(np.median([one.value for one in defined]) / TRUTH - 1.0) < 0.05
    held = [one.interval.low < TRUTH < one.interval.high for one in defined]
    assert 0.90 <= np.mean(held) <= 0.98


def test_a_definition_outside_the_drop_is_not_defined_and_says_so():
    """A wide drop near the plateau: half of it is there, its onset would be in the plateau."""
    curves = noisy(logistic(0.03, 1.6), 6, 0.005, seed=4)
    found = {one.estimator: one for one in estimates({(100, 0.4): curves})}
    assert found["overlap_drop"].defined
    assert found["overlap_onset"].reason == "outside the strains of the drop"
    assert found["stress_maximum"].reason == "change not significant"


def test_a_temperature_of_few_samples_does_not_widen_the_mean_of_all(few_resamples):
    """20, 20 and 4 samples: the mean over T holds the truth.

    Its variance is (1/20 + 1/20 + 1/4)/9 in place of (1/20 + 1/20)/4, and five degrees of freedom
    are left: it is 1.55 times as wide as that of 20 and 20. With the errors and degrees of four
    samples throughout it would be 2.1 times as wide.
    """
    generator = rng(11)
    found = drops(
        {
            (study, t): ensemble(generator, number)
            for study in range(100, 220)
            for t, number in ((0.6, 20), (0.5, 20), (0.4, 4))
        }
    )
    held, widths, without = [], [], []
    for cold, *warm in zip(found[::3], found[1::3], found[2::3], strict=True):
        if not cold.defined:
            continue
        row, narrow = (trend(some, "mean", cold.n_particles) for some in ([cold, *warm], warm))
        held.append(row["lower"] < TRUTH < row["upper"])
        widths.append(math.log(row["upper"] / row["lower"]))
        without.append(math.log(narrow["upper"] / narrow["lower"]))
    assert len(held) > 100
    assert np.mean(held) >= 0.9
    assert np.median(widths) < 1.8 * np.median(without)


def test_four_samples_among_twenty_have_the_error_of_four(few_resamples):
    """Not that of a number which varies from draw to draw: that would be an eighth too large."""
    generator = rng(12)
    warm, cold = ({(n, t): ensemble(generator, m) for n in range(100, 140)} for t, m in WITH_FEW)
    among = [one for one in drops(warm | cold) if one.temperature == 0.4]
    ratios = [
        np.nanstd(np.log(one.resampled)) / np.nanstd(np.log(alone.resampled))
        for one, alone in zip(among, drops(cold), strict=True)
        if one.defined
    ]
    assert len(ratios) > 35
    assert np.median(ratios) == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("correlation", [0.0, 1.0])
def test_trends_of_plain_means_have_the_intervals_of_sums_of_means(correlation):
    """The Letter's grid at N = 8000: 20 samples, of which 4 come to the lowest temperatures.

    Estimates are means of the samples' own ln γ, which scatter little, so that all is linear.
    """
    generator, numbers, ratios = rng(13), [20] * 8 + [15, 10, 4, 4], []
    temperatures = np.array([2.0, 1.5, 1.0, 0.8, 0.6, 0.55, 0.5, 0.46, 0.43, 0.4, 0.38, 0.36])
    line = temperatures - temperatures.mean()
    line *= TRUTH * np.ptp(temperatures) / (line @ line)
    for _ in range(100):
        shared, own = generator.standard_normal((20, 1)), generator.standard_normal((20, 12))
        own = 0.01 * (math.sqrt(correlation) * shared + math.sqrt(1.0 - correlation) * own)
        counts = generator.multinomial(20, np.full(20, 0.05), 1000)
        found = []
        for temperature, n, values in zip(temperatures, numbers, own.T, strict=True):
            resampled = statistics.resample_weights(counts[:, :n]) @ values[:n] / n
            state = 8000, temperature, "overlap_drop", TRUTH * math.exp(values[:n].mean())
            samples = np.arange(n), values[:n], np.ones(n, dtype=bool)
            found.append(gamma_c.Estimate(*state, TRUTH * np.exp(resampled), *samples, ""))
        own[np.arange(20)[:, None] >= numbers] = math.nan
        mean = statistics.sum_of_means(own, np.full(12, 1 / 12)).interval
        change = statistics.sum_of_means(own, line).interval
        rows = gamma_c.trends(found)
        of_mean, of_change = (
            rows[(rows["what"] == what) & (rows["n_particles"] == 8000)].iloc[0]
            for what in ("mean", "change_with_temperature")
        )
        ratios.append(
            (
                math.log(of_mean["upper"] / of_mean["lower"]) / (mean.high - mean.low),
                (of_change["upper"] - of_change["lower"]) / (change.high - change.low),
            )
        )
    assert np.mean(ratios, axis=0) == pytest.approx([1.0, 1.0], abs=0.01)


@pytest.mark.parametrize("n_samples", [3, 6])
@pytest.mark.parametrize("growth", [0.0, 1.0])
def test_changes_and_means_hold_the_truth(few_resamples, n_samples, growth):
    generator = rng(n_samples)
    temperatures = (0.4, 0.5, 0.6, 0.7)

    def truth(temperature):
        return 0.06 * math.exp(growth * (temperature - 0.4))

    studies = range(100, 250)
    found = drops(
        {
            (study, t): ensemble(generator, n_samples, 0.3 - 0.25 * t, truth(t))
            for study, t in itertools.product(studies, temperatures)
        }
    )
    rows = gamma_c.trends(found)
    rows = rows[rows["n_particles"].notna() & rows["lower"].notna()]
    for what, expected in (
        ("change_with_temperature", lambda low, high: truth(high) - truth(low)),
        ("mean", lambda *_: truth(0.4)),
    ):
        some = rows[rows["what"] == what]
        if what == "mean" and growth > 0.0:  # which T are defined moves it
            continue
        known = [
            expected(*ends)
            for ends in zip(some["abscissa_low"], some["abscissa_high"], strict=True)
        ]
        held = (some["lower"] < known) & (known < some["upper"])
        assert len(some) > 130
        # three samples have more degrees of freedom at four temperatures than at one
        assert 0.90 <= held.mean() <= 0.99
        assert (some["value"] - known).mean() == pytest.approx(0.0, abs=0.005)


def test_values_and_own_values_of_an_ensemble():
    halves = np.array([0.04, 0.055, 0.07, 0.085, 0.1])
    (one,) = drops({(100, 0.5): np.stack([logistic(half, 6.0) for half in halves])})
    np.testing.assert_allclose(one.own, halves, rtol=0.02)
    assert one.value == pytest.approx(np.exp(np.log(halves).mean()), rel=0.05)
    assert one.reason == ""
    assert one.n_whole == 5
    # Student's t of ln γ, as if the fit were linear
    error = np.log(halves).std(ddof=1) / math.sqrt(5)
    assert np.log(one.interval.high / one.value) == pytest.approx(2.776 * error, rel=0.15)
    assert one.interval.low * one.interval.high == pytest.approx(one.value**2)


def test_nothing_is_defined_without_a_significant_change():
    lone = np.tile(np.full(20, 0.3), (5, 1))
    lone[0] = logistic(0.07, 5.0)
    found = drops(
        {
            (100, 0.4): noisy(np.full(20, 0.3), 4, 0.03, 4),
            (100, 0.5): lone,  # of one sample in five: none of the mean
            (100, 0.6): -np.tile(logistic(0.07, 5.0), (3, 1)),
        }
    )
    assert {one.reason for one in found} == {"change not significant"}
    assert not any(one.defined for one in found)
    assert all(math.isnan(one.interval.low) for one in found)


def test_reasons_are_said():
    curve = logistic(0.07, 5.0)
    late = tables({(100, 0.5): np.tile(curve, (3, 1))})
    late = [frame[frame["gamma"] > 0.02] for frame in late]
    (alone,) = drops({(100, 0.5): curve[None]})
    assert alone.reason == "fewer than two samples"
    assert alone.own[0] == pytest.approx(0.07, rel=0.01)
    reasons = {one.reason for one in gamma_c.estimates(*late, 0)}
    assert "no strain up to 0.01, where the plateau is" in reasons
    early = tables({(100, 0.5): np.tile(curve, (3, 1))})
    early = [frame[frame["gamma"] < 0.3] for frame in early]
    found = {one.estimator: one.reason for one in gamma_c.estimates(*early, 0)}
    assert found["overlap_drop"] == "no strain from 0.3 on, where the floor is"
    falling = np.tile(1.0 - 0.1 * np.log(GAMMA), (3, 1))
    assert drops({(100, 0.5): falling})[0].reason == "fit failed"


def test_samples_that_are_not_whole_or_have_no_drop_are_counted():
    curves = np.tile(logistic(0.07, 5.0), (9, 1)) + 0.001 * np.arange(9)[:, None]
    curves[1], curves[2, 7] = 0.3, math.nan
    (one,) = found = drops({(100, 0.5): curves})
    np.testing.assert_array_equal(np.isnan(one.own), [0, 1, 1, 0, 0, 0, 0, 0, 0])
    assert one.value == pytest.approx(0.07, rel=0.01)
    assert one.n_whole == 8
    row = gamma_c.table(found).iloc[0]
    assert (row["n_samples"], row["n_failed"], row["n_undefined"]) == (9, 2, 0)


def test_noise_has_no_stress_maximum():
    """Four samples of noise are significant in some 5 % of trials, not in most: 2.5 % by Student's
    t, and heights by the same maximum of others are a little alike."""
    generator = rng(17)
    noise = {(100, float(t)): generator.normal(size=(4, 20)) for t in range(200)}
    found = estimates({(100, 0.0): np.zeros((4, 20))} | noise, stress=noise)
    defined = [one.defined for one in found if one.estimator == "stress_maximum"]
    assert np.mean(defined) < 0.1


def test_one_draw_of_the_samples_serves_all():
    """Where temperatures and estimators follow each other sample by sample, ratios are exact."""
    generator = rng(8)
    half = 0.07 * np.exp(0.25 * generator.standard_normal((6, 1)))
    cold = logistic(half, 4.0)
    energy = 2.0 - cold
    found = estimates(
        {(100, 0.4): cold, (100, 0.5): cold}, energy={(100, 0.4): energy, (100, 0.5): energy}
    )
    change = trend(found, "change_with_temperature", 100)
    assert change["value"] == pytest.approx(0.0, abs=1e-12)
    assert change["upper"] - change["lower"] < 1e-9
    onset = trend(found, "log_ratio", 100, "energy_onset")
    alone = trend(found, "mean", 100, "energy_onset")
    assert onset["value"] == pytest.approx(-0.5, abs=0.15)
    assert onset["upper"] - onset["lower"] < 0.3 * math.log(alone["upper"] / alone["lower"])


def test_every_temperature_that_is_defined_enters_the_trend():
    steep = {0.4: 0.05, 0.5: 0.06, 0.6: 0.1}
    curves = {(100, t): noisy(logistic(half, 4.0), 4, 0.01, 1) for t, half in steep.items()}
    curves[100, 0.8] = noisy(np.full(20, 0.3), 4, 0.01, 2)
    change = trend(drops(curves), "change_with_temperature", 100)
    assert change["n_state_points"] == 3
    assert (change["abscissa_low"], change["abscissa_high"]) == (0.4, 0.6)
    assert change["left_out"] == "T = 0.8: change not significant"
    line = np.polynomial.Polynomial.fit([0.4, 0.5, 0.6], np.log([0.05, 0.06, 0.1]), 1)
    assert change["value"] == pytest.approx(math.exp(line(0.6)) - math.exp(line(0.4)), rel=0.2)
    assert change["lower"] < change["value"] < change["upper"]


def test_the_only_temperature_is_the_highest():
    """Where γ_c is defined ends there."""
    found = drops({(100, 0.5): noisy(logistic(0.07, 4.0), 4, 0.01, 1)})
    change = trend(found, "change_with_temperature", 100)
    assert math.isnan(change["value"])
    assert (change["abscissa_low"], change["abscissa_high"]) == (0.5, 0.5)


def test_a_demo_whose_samples_could_not_be_fitted_one_by_one():
    """Curves of six real samples: at T = 0.6 each one's own fit fails, their mean's does not."""
    curves = pd.read_csv(Path(__file__).parent / "data" / "demo_curves.csv")
    found = gamma_c.estimates(curves.assign(quantity="DW_p"), curves, 1)
    at = {(one.estimator, one.temperature): one for one in found}
    warm = at["overlap_drop", 0.6]
    assert np.isnan(warm.own).all()
    assert warm.value == pytest.approx(0.1, abs=0.01)
    assert warm.interval.low > 0.06
    assert warm.interval.high < 0.18
    change = trend(found, "change_with_temperature", 1200)
    assert (change["n_state_points"], change["abscissa_high"]) == (3, 0.6)
    assert 0.045 < change["value"] < 0.065
    # own fits put the onset at 0.063 and 0.070
    assert at["energy_onset", 0.5].value < 0.045
    assert at["energy_onset", 0.6].value < 0.045


def test_change_with_size_compares_the_temperatures_that_all_have():
    halves = {(100, 0.4): 0.05, (100, 0.5): 0.06, (400, 0.4): 0.055, (400, 0.5): 0.066}
    halves |= {(1600, 0.4): 0.0605, (1600, 0.5): 0.0726, (1600, 0.6): 0.2}
    curves = {key: noisy(logistic(half, 5.0), 4, 0.01, 3) for key, half in halves.items()}
    change = trend(drops(curves), "change_with_size")
    assert change["left_out"] == "N = 1600, T = 0.6: not defined at every N"
    low, high = math.sqrt(0.05 * 0.06), math.sqrt(0.0605 * 0.0726)
    assert change["value"] == pytest.approx(high - low, rel=0.1)
    assert (change["abscissa_low"], change["abscissa_high"]) == (100, 1600)
    alone = trend(drops({(100, 0.4): curves[100, 0.4]}), "change_with_size")
    assert math.isnan(alone["value"])
    assert math.isnan(alone["lower"])


def test_sizes_and_temperatures_count_alike():
    sharp = noisy(logistic(0.05, 5.0), 6, 0.002, 1)
    blurred = noisy(logistic(0.09, 5.0), 6, 0.02, 2)
    mean = trend(drops({(100, 0.4): sharp, (100, 0.5): blurred}), "mean", 100)
    assert mean["value"] == pytest.approx(math.sqrt(0.05 * 0.09), rel=0.04)
    both = trend(drops({(100, 0.4): sharp, (400, 0.4): sharp}), "mean")
    assert both["value"] == pytest.approx(0.05, rel=0.02)
    assert both["n_state_points"] == 2


def test_the_ratio_needs_the_overlap_too():
    curves = {(100, 0.4): noisy(logistic(0.07, 5.0), 4, 0.01, 1)}
    curves[100, 0.5] = noisy(np.full(20, 0.3), 4, 0.01, 2)
    stress = 9.0 * GAMMA / (1.0 + (GAMMA / 0.07) ** 3)
    stresses = {key: noisy(stress, 4, 0.01, 3) for key in curves}
    ratio = trend(estimates(curves, stress=stresses), "log_ratio", 100, "stress_maximum")
    fine = np.geomspace(0.02, 0.2, 10001)
    top = fine[np.argmax(fine / (1.0 + (fine / 0.07) ** 3))]
    assert ratio["value"] == pytest.approx(math.log(top / 0.07), abs=0.1)
    assert ratio["left_out"] == "T = 0.5: no γ_c of the overlap"


def test_undefined_resamples_are_counted_at_a_state_point():
    # the first sample hardly drops, and goes up and down instead
    curves = np.tile(logistic(0.05, 5.0), (4, 1))
    curves[0] = logistic(0.05, 5.0, plateau=0.225)
    curves[0, 5:16] += 0.15 * (-1.0) ** np.arange(11)
    (one,) = found = drops({(100, 0.5): curves})
    # three times or more among four draws: 5 %
    assert one.interval.n_undefined == pytest.approx(0.051 * 1000, abs=25)
    assert one.interval.n_undefined == np.isnan(one.resampled).sum()
    assert gamma_c.table(found)["n_undefined"].iloc[0] == one.interval.n_undefined


def test_draws_follow_the_seed_and_the_size_alone():
    curves = {(100, 0.5): noisy(logistic(0.07, 4.0), 7, 0.02, 6)}
    (one,), (same,), (other,) = (drops(curves, seed) for seed in (1, 1, 2))
    assert one.interval == same.interval != other.interval
    assert one.value == same.value == other.value
    colder = drops(curves | {(100, 0.4): curves[100, 0.5]}, 1)
    assert {found.interval for found in colder} == {one.interval}
