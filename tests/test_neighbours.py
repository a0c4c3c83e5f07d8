"""Neighbour lists against a loop over all pairs and lattice vectors."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.cell import Cell
from softmodes.errors import InputError
from softmodes.neighbours import neighbour_pairs

RADII = np.array([2.5, 3.0, 3.5])


def all_pairs(
    positions: np.ndarray, cell: Cell, radii: np.ndarray, species: np.ndarray, reach: int
) -> list[tuple[int, int, float, float]]:
    """Every pair image closer than its radius, by brute force over lattice vectors."""
    span = np.arange(-reach, reach + 1)
    images = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
    found = []
    for i in range(len(positions)):
        for j in range(i + 1, len(positions)):
            vectors = positions[i] - positions[j] - cell.offset(images)
            close = np.hypot(*vectors.T) < radii[species[i] + species[j]]
            found += [(i, j, *np.round(vector, 9)) for vector in vectors[close]]
    return sorted(found)


def listed(
    positions: np.ndarray, cell: Cell, radii: np.ndarray, species: np.ndarray
) -> list[tuple[int, int, float, float]]:
    first, second, displacement = neighbour_pairs(positions, cell, radii, species)
    return sorted(zip(first, second, *np.round(displacement, 9).T, strict=True))


@pytest.mark.parametrize("tilt", [0.0, 3.0, 8.0, 14.0])
def test_every_pair_is_found_once(tilt: float) -> None:
    positions, species, cell = jittered_lattice(150, tilt)
    assert listed(positions, cell, RADII, species) == all_pairs(positions, cell, RADII, species, 2)


@pytest.mark.parametrize("tilt", [0.0, 2.0])
def test_boxes_smaller_than_the_radius_count_every_image(tilt: float) -> None:
    positions, species, cell = jittered_lattice(9, tilt)
    radii = np.full(3, 1.4 * cell.length)
    assert listed(positions, cell, radii, species) == all_pairs(positions, cell, radii, species, 4)


def test_unwrapped_positions_give_the_same_displacements() -> None:
    positions, species, cell = jittered_lattice(150, 3.0)
    image = np.random.default_rng(0).integers(-3, 4, positions.shape)
    moved = positions + cell.offset(image)
    first, second, displacement = neighbour_pairs(positions, cell, RADII, species)
    moved_first, moved_second, moved_displacement = neighbour_pairs(moved, cell, RADII, species)
    assert (first == moved_first).all() and (second == moved_second).all()
    np.testing.assert_allclose(displacement, moved_displacement, atol=1e-10)


def test_rows_are_in_canonical_order() -> None:
    positions, species, cell = jittered_lattice(300)
    first, second, _ = neighbour_pairs(positions, cell, RADII, species)
    keys = first.astype(np.int64) * 300 + second
    assert (np.diff(keys) > 0).all()


def test_radii_far_below_the_spacing_find_nothing() -> None:
    """And ask for no more memory than there are particles."""
    positions, species, cell = jittered_lattice(150)
    assert not len(neighbour_pairs(positions, cell, np.full(3, 1e-9), species)[0])


@pytest.mark.parametrize("kind", [float, np.int64, bool, list])
def test_species_of_any_kind_of_number_count_alike(kind: type) -> None:
    positions, species, cell = jittered_lattice(150)
    given = species.tolist() if kind is list else species.astype(kind)
    expected = listed(positions, cell, RADII, species)
    assert listed(positions.tolist(), cell, RADII.tolist(), given) == expected
    assert listed(np.asfortranarray(positions), cell, RADII, given) == expected


POSITIONS, SPECIES, CELL = jittered_lattice(150)


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
        ({"radii": [1.45, 1.67]}, r"neighbour distances: \[1\.45 1\.67\] given, three positive"),
        ({"radii": [1.45, -1.67, 1.91]}, r"neighbour distances: .*three positive"),
        ({"radii": [1.45, np.nan, 1.91]}, r"neighbour distances: .*three positive"),
        ({"radii": [1.45, np.inf, 1.91]}, r"neighbour distances: .*three positive"),
        ({"radii": 1.45}, r"neighbour distances: 1\.45 given, three positive"),
        ({"radii": "near"}, r"neighbour distances: .*an array of numbers expected"),
    ],
)
def test_what_the_kernel_would_read_past_is_refused(changes: dict, message: str) -> None:
    arguments = {"positions": POSITIONS, "cell": CELL, "radii": RADII, "species": SPECIES}
    with pytest.raises(InputError, match=message) as refusal:
        neighbour_pairs(**(arguments | changes))
    assert "\n" not in str(refusal.value)
