"""Critical strains of curves whose answer is known."""

import math

import numpy as np
import pytest
from curves import GAMMA, logistic, noisy, rng
from scipy.optimize import brentq, curve_fit
from scipy.special import expit

from softmodes.analysis.critical_strain import (
    energy_onset,
    fitted_drop,
    plateau_drop,
    stress_maximum,
)
from softmodes.errors import InputError


def half_drop(gamma, curves):
    return fitted_drop(gamma, curves).half


# Strains of single curves


@pytest.mark.parametrize("half", [0.03, 0.071, 0.12])
@pytest.mark.parametrize("steepness", [3.0, 5.0, 12.0])
def test_half_drop_of_an_exact_logistic(half, steepness):
    # at the ends of the grid the logistic has not quite reached plateau and floor
    assert half_drop(GAMMA, [logistic(half, steepness)]) == pytest.approx([half], rel=0.03)


def test_fits_are_those_of_scipy():
    curves = logistic(0.06, 2.5) + 0.03 * rng(3).standard_normal((40, 20))
    for curve, found in zip(curves, half_drop(GAMMA, curves), strict=True):
        plateau, floor = curve[:5].mean(), curve[-4:].mean()
        (log_half, _), _ = curve_fit(
            lambda x, a, s: expit(s * (a - x)),
            np.log(GAMMA),
            (curve - floor) / (plateau - floor),
            p0=(math.log(0.06), 2.5),
            bounds=([math.log(1e-4), 1.0], [0.0, 20.0]),
            xtol=1e-12,
            ftol=1e-12,
        )
        assert found == pytest.approx(math.exp(log_half), rel=1e-5)


def test_the_floor_is_what_is_left_from_three_tenths_on():
    curve = logistic(0.07, 8.0)
    curve[-4:] += [0.04, -0.04, 0.04, -0.04]
    assert half_drop(GAMMA, [curve]) == pytest.approx(
        half_drop(GAMMA, [logistic(0.07, 8.0)]), rel=0.01
    )
    drop = plateau_drop(GAMMA, [curve, logistic(0.07, 20.0, plateau=0.65, floor=0.3)])
    assert drop == pytest.approx([0.25, 0.35], abs=1e-4)


def test_half_drop_withstands_an_undershoot():
    # beyond the drop the curve dips below its floor and comes back
    dip = 0.05 * np.exp(-(np.log(GAMMA / 0.16) ** 2) / 0.1)
    assert half_drop(GAMMA, [logistic(0.06, 6.0) - dip]) == pytest.approx([0.06], rel=0.06)


def test_half_drop_of_a_step_lies_between_its_strains():
    (value,) = half_drop(GAMMA, [np.where(GAMMA < 0.06, 0.5, 0.2)])
    assert 0.055 < value < 0.067


def test_half_drop_does_not_depend_on_the_scale_of_the_curve():
    curves = noisy(logistic(0.071, 4.0), 4, 0.01, 3)
    np.testing.assert_allclose(half_drop(GAMMA, 7.0 + 100.0 * curves), half_drop(GAMMA, curves))


@pytest.mark.parametrize(
    "curve",
    [
        # at small strain there is no plateau
        logistic(0.001, 2.0),
        # it falls all the way, without a drop
        1.0 - 0.1 * np.log(GAMMA / GAMMA[0]),
        # it comes and goes
        np.where(np.arange(20) % 2 == 0, 0.5, 0.2),
        # it rises
        -logistic(0.07, 5.0),
        # it is flat
        np.full(20, 0.3),
        # it is not whole
        np.where(GAMMA == 0.08, math.nan, logistic(0.07, 5.0)),
    ],
)
def test_curves_without_plateau_or_drop_are_failed_fits(curve):
    found = half_drop(GAMMA, [logistic(0.07, 5.0), curve])
    np.testing.assert_array_equal(np.isnan(found), [False, True])


@pytest.mark.parametrize(("half", "steepness"), [(0.071, 4.0), (0.05, 6.0), (0.09, 3.0)])
def test_other_definitions_of_an_exact_drop(half, steepness):
    """Each read off the curve itself, by root finding and finite differences."""
    curve = logistic(half, steepness)
    drop = fitted_drop(GAMMA, [curve])

    def exact(gamma):
        return 1.0 / (1.0 + (gamma / half) ** steepness)

    grid = np.geomspace(0.01, 1.0, 20001)
    quarter = brentq(lambda gamma: exact(gamma) - 0.25, 0.01, 1.0)
    assert drop.three_quarters[0] == pytest.approx(quarter, rel=0.03)
    fastest = grid[np.argmin(np.gradient(exact(grid), grid))]
    assert drop.inflection[0] == pytest.approx(fastest, rel=0.03)
    step = 1e-4
    slope = (exact(half * math.exp(step)) - exact(half * math.exp(-step))) / (2 * step)
    kink = half * math.exp((1.0 - 0.5) / slope)
    assert drop.onset[0] == pytest.approx(kink, rel=0.03)


def test_nothing_is_told_of_strains_that_count_to_the_floor():
    drop = fitted_drop(GAMMA, [logistic(0.27, 5.0, floor=0.1)])
    assert drop.half[0] < 0.3 < drop.half[0] * 3.0 ** (1.0 / drop.steepness[0])
    assert np.isnan(drop.three_quarters).all()


@pytest.mark.parametrize("largest", [0.06, 0.125, 0.2])
def test_a_curve_that_ends_before_its_floor_has_no_drop(largest):
    some = np.less_equal(GAMMA, largest)
    curve = logistic(0.071, 4.0)[None, some]
    assert np.isnan(half_drop(GAMMA[some], curve)).all()
    assert np.isnan(plateau_drop(GAMMA[some], curve)).all()
    assert np.isnan(energy_onset(GAMMA[some], -curve)).all()


def test_stress_maximum_between_grid_points():
    # a parabola in ln γ near the top, different wings
    x = np.log(GAMMA / 0.073)
    curve = np.where(np.abs(x) < 0.5, 1.0 - x**2, 0.75 * np.exp(-np.abs(np.abs(x) - 0.5)))
    offsets = 0.1 * np.array([[-1.0], [0.0], [2.0]])
    np.testing.assert_allclose(stress_maximum(GAMMA, curve + offsets), 0.073, rtol=1e-9)
    assert np.isnan(stress_maximum(GAMMA, [GAMMA, -GAMMA])).all()


@pytest.mark.parametrize(("half", "steepness"), [(0.1, 4.0), (0.12, 6.0), (0.15, 8.0)])
def test_energy_onset_of_an_exact_rise(half, steepness):
    # by hand: the tangent at half height has slope s/4 (of the rise) and half a rise to go
    energy = 1.03 - 0.03 * (logistic(half, steepness) - 0.2) / 0.25
    expected = half * math.exp(-2.0 / steepness)
    assert energy_onset(GAMMA, [energy, -energy])[0] == pytest.approx(expected, rel=0.03)
    assert math.isnan(energy_onset(GAMMA, [-energy])[0])


@pytest.mark.parametrize("strain", [half_drop, stress_maximum, energy_onset])
@pytest.mark.parametrize(
    ("gamma", "shape", "named"),
    [
        ([0.0, 0.1], (2, 2), "gamma: "),
        ([0.2, 0.1], (2, 2), "gamma: "),
        ([0.1, 0.2], (2, 3), r"curves: shape \(2, 3\)"),
        ([0.1, 0.2], (2,), r"curves: shape \(2,\)"),
    ],
)
def test_unusable_input_is_named(strain, gamma, shape, named):
    with pytest.raises(InputError, match=named):
        strain(gamma, np.zeros(shape))
