"""The tilted cell against a search over lattice vectors."""

from __future__ import annotations

import numpy as np
import pytest

from softmodes.errors import InputError
from softmodes.system.cell import Cell

TILTS = [0.0, 2.3, 5.0, 7.7, 9.99]


def shortest_image(displacement: np.ndarray, cell: Cell) -> np.ndarray:
    images = np.stack(np.meshgrid([-2, -1, 0, 1, 2], [-2, -1, 0, 1, 2]), axis=-1).reshape(-1, 2)
    candidates = displacement[:, None] + cell.offset(images)
    nearest = np.argmin((candidates**2).sum(axis=-1), axis=1)
    return candidates[np.arange(len(displacement)), nearest]


@pytest.mark.parametrize("tilt", TILTS)
def test_minimum_image_is_the_shortest_within_half_the_box(tilt: float) -> None:
    cell = Cell(10.0, tilt)
    displacement = np.random.default_rng(3).uniform(-10, 10, (2000, 2))
    expected = shortest_image(displacement, cell)
    near = np.hypot(*expected.T) < cell.length / 2
    assert near.sum() > 1000
    np.testing.assert_allclose(cell.minimum_image(displacement)[near], expected[near], atol=1e-12)


@pytest.mark.parametrize("tilt", TILTS)
def test_wrapping_moves_by_lattice_vectors_into_the_cell(tilt: float) -> None:
    cell = Cell(10.0, tilt)
    positions = np.random.default_rng(4).uniform(-35, 35, (500, 2))
    wrapped, image = cell.wrap(positions)
    np.testing.assert_allclose(wrapped + cell.offset(image), positions, atol=1e-12)
    fraction_y = wrapped[:, 1] / cell.length
    fraction_x = (wrapped[:, 0] - fraction_y * cell.tilt) / cell.length
    assert fraction_x.min() >= -1e-12
    assert fraction_x.max() < 1 + 1e-12
    assert fraction_y.min() >= -1e-12
    assert fraction_y.max() < 1 + 1e-12


def test_shear_adds_to_the_tilt_and_is_reduced() -> None:
    assert Cell(10.0, 4.0).sheared(0.8).tilt == pytest.approx(2.0)
    assert Cell(10.0).sheared(1.0).tilt == 0.0
    assert Cell(10.0, -1e-17).tilt == 0.0
    assert Cell(10.0, 7.0).symmetric_tilt == pytest.approx(-3.0)
    assert Cell(10.0, 2.0).area == 100.0


@pytest.mark.parametrize(
    ("length", "tilt"), [(0.0, 0.0), (-3.0, 0.0), (np.nan, 0.0), (1.0, np.inf)]
)
def test_impossible_cells_are_refused(length: float, tilt: float) -> None:
    with pytest.raises(InputError, match="cell"):
        Cell(length, tilt)
