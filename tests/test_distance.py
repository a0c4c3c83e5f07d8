"""Distances between configurations, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from softmodes.system.cell import Cell
from softmodes.system.distance import (
    displacement_between,
    largest_distance,
    mobile_distance,
    rms_distance,
)


def test_a_common_shift_and_other_images_are_no_displacement():
    rng = np.random.default_rng(1)
    cell = Cell(10.0, 3.0)
    reference = rng.uniform(0.0, 10.0, (40, 2))
    moved = rng.normal(0.0, 0.3, (40, 2))
    moved -= moved.mean(axis=0)
    image = rng.integers(-2, 3, (40, 2))
    positions = reference + moved + np.array([0.4, -0.7]) + cell.offset(image)
    assert np.allclose(displacement_between(positions, reference, cell), moved, atol=1e-12)


def test_distances_of_many_pairs_as_one_by_one():
    rng = np.random.default_rng(2)
    displacement = rng.normal(size=(3, 30, 2)) * [[[1.0]], [[0.1]], [[2.0]]]
    for one, rms, mobile, largest in zip(
        displacement,
        rms_distance(displacement),
        mobile_distance(displacement),
        largest_distance(displacement),
        strict=True,
    ):
        lengths = sorted(float(np.hypot(x, y)) for x, y in one)
        assert rms == pytest.approx((sum(length**2 for length in lengths) / 30) ** 0.5)
        assert mobile == pytest.approx((sum(length**2 for length in lengths[-3:]) / 3) ** 0.5)
        assert largest == pytest.approx(lengths[-1])


def test_one_particle_at_least_is_mobile():
    displacement = np.array([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    assert mobile_distance(displacement) == 5.0
