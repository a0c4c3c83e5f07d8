"""The pair potential against its definition and finite differences of itself."""

from __future__ import annotations

import numpy as np
import pytest

from softmodes.errors import InputError
from softmodes.system.mixture import Mixture, pair_derivatives

MIXTURES = [Mixture(), Mixture(exponent=6, cutoff=3.0), Mixture(smoothed=False, cutoff=4.5)]


def at(mixture: Mixture, distances: np.ndarray, pair_type: int) -> tuple[np.ndarray, ...]:
    types = np.full(distances.size, pair_type, dtype=np.int64)
    return pair_derivatives(mixture.pair_table(), types, distances)


@pytest.mark.parametrize("pair_type", [0, 1, 2])
@pytest.mark.parametrize("mixture", MIXTURES)
def test_derivatives_are_finite_differences(mixture: Mixture, pair_type: int) -> None:
    r = np.linspace(0.85, 0.99 * mixture.cutoff, 40) * mixture.sigma[pair_type]
    step = 1e-5
    _, slope, curvature = at(mixture, r, pair_type)
    above, below = at(mixture, r + step, pair_type), at(mixture, r - step, pair_type)
    np.testing.assert_allclose(slope, (above[0] - below[0]) / (2 * step), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(curvature, (above[1] - below[1]) / (2 * step), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("pair_type", [0, 1, 2])
def test_power_law_where_smoothing_is_negligible(pair_type: int) -> None:
    mixture = Mixture()
    r = np.array([0.9, 1.0, 1.1])
    energy, _, _ = at(mixture, r, pair_type)
    np.testing.assert_allclose(energy, (mixture.sigma[pair_type] / r) ** 12, atol=5e-4)


@pytest.mark.parametrize("pair_type", [0, 1, 2])
def test_smoothed_potential_vanishes_with_two_derivatives_at_the_cutoff(pair_type: int) -> None:
    mixture = Mixture(cutoff=1.5)  # short, so that a wrong coefficient shows
    cutoff = mixture.cutoff * mixture.sigma[pair_type]
    r = np.array([cutoff * (1 - 1e-9), cutoff, 1.1 * cutoff])
    energy, slope, curvature = at(mixture, r, pair_type)
    assert abs(energy[0]) < 1e-14
    assert abs(slope[0]) < 1e-12
    assert abs(curvature[0]) < 1e-6
    assert (energy[1:] == 0).all()
    assert (slope[1:] == 0).all()
    assert (curvature[1:] == 0).all()


def test_unsmoothed_potential_is_the_bare_power_law() -> None:
    r = np.linspace(0.9, 4.0, 30)
    energy, slope, _ = at(Mixture(smoothed=False, cutoff=4.5), r, 0)
    np.testing.assert_allclose(energy, r**-12.0, rtol=1e-13)
    np.testing.assert_allclose(slope, -12 * r**-13.0, rtol=1e-13)


def test_species_follow_the_composition() -> None:
    species = Mixture(small_fraction=0.25).species(8)
    assert species.tolist() == [0, 0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("key", "value"),
    [("sigma_mixed", 0.0), ("cutoff", -1.0), ("exponent", 11), ("small_fraction", 1.5)],
)
def test_unusable_parameters_are_refused_by_name(key: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{key}: {value} given"):
        Mixture(**{key: value})
