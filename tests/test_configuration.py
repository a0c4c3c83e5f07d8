"""What makes a configuration, and what shear does to one."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration

RADII = [2.5, 3.0, 3.5]
LATTICE = jittered_lattice(150, 3.0)
POSITIONS, SPECIES, CELL = LATTICE.positions, LATTICE.species, LATTICE.cell


@pytest.mark.parametrize("kind", [float, np.int64, bool, list])
def test_numbers_of_any_kind_count_alike(kind: type) -> None:
    given = SPECIES.tolist() if kind is list else SPECIES.astype(kind)
    for positions in (POSITIONS.tolist(), np.asfortranarray(POSITIONS)):
        found = Configuration(positions, given, CELL)
        assert found.positions.dtype == np.float64
        assert found.species.dtype == np.int8
        for one, other in zip(found.pairs(RADII), LATTICE.pairs(RADII), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"species": SPECIES + 1}, r"species: .* values \[1 2\] given, 150 values 0 or 1"),
        ({"species": 2 * SPECIES - 1}, r"species: .* values \[-1  1\] given"),
        ({"species": SPECIES + 0.5}, r"species: .* values \[0\.5 1\.5\] given"),
        ({"species": SPECIES[:-1]}, r"species: shape \(149,\)"),
        ({"species": ["A", "B"] * 75}, r"species: .* values \['A' 'B'\] given"),
        ({"positions": POSITIONS[:, 0]}, r"positions: an array of shape \(150,\)"),
        ({"positions": np.zeros((0, 2)), "species": []}, r"positions: .* \(N, 2\) with N > 0"),
        ({"positions": [[0.0, 1.0], [2.0]]}, r"positions: .*an array of numbers expected"),
        (
            {"positions": np.where(np.arange(300).reshape(150, 2) == 15, np.inf, POSITIONS)},
            "particle 7 is at",
        ),
    ],
)
def test_what_the_kernels_would_read_past_is_refused(changes: dict, message: str) -> None:
    arguments = {"positions": POSITIONS, "species": SPECIES, "cell": CELL}
    with pytest.raises(InputError, match=message) as refusal:
        Configuration(**(arguments | changes))
    assert "\n" not in str(refusal.value)


def test_shear_by_hand() -> None:
    given = Configuration([[1.0, 2.0], [0.5, -3.0]], [0, 1], Cell(10.0, 2.0))
    sheared = given.sheared(0.1)
    np.testing.assert_allclose(sheared.positions, [[1.2, 2.0], [0.2, -3.0]])
    np.testing.assert_array_equal(given.positions, [[1.0, 2.0], [0.5, -3.0]])
    assert sheared.cell == Cell(10.0, 3.0)
    assert sheared.species.tolist() == [0, 1]


def test_wrapped_positions_are_in_the_cell_and_as_far_apart() -> None:
    image = np.random.default_rng(0).integers(-3, 4, POSITIONS.shape)
    wrapped = Configuration(POSITIONS + CELL.offset(image), SPECIES, CELL).wrapped()
    assert ((wrapped.positions[:, 1] >= 0) & (wrapped.positions[:, 1] < CELL.length)).all()
    for one, other in zip(wrapped.pairs(RADII), LATTICE.pairs(RADII), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
