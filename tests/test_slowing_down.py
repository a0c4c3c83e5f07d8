"""Laws of slowing down: exact ones are found again, noisy ones within their intervals."""

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit

from softmodes.analysis import slowing_down
from softmodes.analysis.relaxation import relaxation_time
from softmodes.errors import InputError

T = np.array([2.0, 1.5, 1.0, 0.8, 0.6, 0.55, 0.5, 0.46, 0.43, 0.40, 0.38, 0.36])


def fulcher(t, prefactor=0.3, strength=0.9, divergence=0.25):
    return prefactor * np.exp(strength / (t - divergence))


def bent(t, onset, energy=0.6, curvature=2.5):
    return 0.4 * np.exp(energy / t + curvature * np.maximum(1 / t - 1 / onset, 0) ** 2)


def test_an_exact_vogel_fulcher_law_is_found_again():
    found = slowing_down.vogel_fulcher(T, [fulcher(T), fulcher(T, 0.5, 0.5, 0.3)])
    assert found.divergence == pytest.approx([0.25, 0.3], rel=1e-3)
    assert found.strength == pytest.approx([0.9, 0.5], rel=0.01)
    assert found.prefactor == pytest.approx([0.3, 0.5], rel=0.01)


def test_a_noisy_law_is_fitted_as_by_scipy():
    rng = np.random.default_rng(1)
    times = fulcher(T) * np.exp(0.05 * rng.standard_normal(len(T)))
    found = slowing_down.vogel_fulcher(T, times)
    (_, strength, divergence), _ = curve_fit(
        lambda t, log_prefactor, b, t0: log_prefactor + b / (t - t0),
        T, np.log(times), p0=[-1.0, 1.0, 0.2], xtol=1e-14, ftol=1e-14,
    )  # fmt: skip
    assert found.divergence[0] == pytest.approx(divergence, rel=1e-3)
    assert found.strength[0] == pytest.approx(strength, rel=0.01)


@pytest.mark.parametrize("onset", [0.58, 0.7, 0.9])
def test_an_exact_onset_is_found_again(onset):
    found = slowing_down.arrhenius_onset(T, bent(T, onset))
    assert found.temperature[0] == pytest.approx(onset, rel=0.01)
    assert found.activation_energy[0] == pytest.approx(0.6, rel=0.02)
    assert found.curvature[0] == pytest.approx(2.5, rel=0.02)


def test_laws_that_are_not_there_are_not_fitted():
    straight = 0.4 * np.exp(0.6 / T)
    assert math.isnan(slowing_down.vogel_fulcher(T, straight).divergence[0])
    levelling = bent(T, 0.7, energy=3.0, curvature=-0.5)
    assert math.isnan(slowing_down.arrhenius_onset(T, levelling).temperature[0])
    unknown = fulcher(T)
    unknown[3] = math.nan
    found = slowing_down.vogel_fulcher(T, [unknown, fulcher(T)])
    assert np.isnan(found.divergence).tolist() == [True, False]
    with pytest.raises(InputError, match="temperatures: 3 given, at least 4 expected"):
        slowing_down.vogel_fulcher(T[:3], fulcher(T[:3]))


def test_times_of_samples_drawn_anew_are_those_of_their_mean_curve():
    times = np.geomspace(0.01, 100.0, 60)
    curves = np.exp(-times / np.array([[1.0], [2.0], [4.0]]))
    counts = np.array([[3, 0, 0], [1, 1, 1], [0, 0, 0], [0, 1, 2]])
    found = slowing_down.resampled_times(times, curves, counts)
    assert found[0] == found[2] == pytest.approx(relaxation_time(times, curves))
    assert found[1] == pytest.approx(1.0, rel=1e-3)
    assert math.isnan(found[3])
    assert found[4] == pytest.approx(relaxation_time(times, curves[[1, 2, 2]]))
