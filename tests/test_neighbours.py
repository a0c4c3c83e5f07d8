"""Neighbour lists against a loop over all pairs and lattice vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.errors import InputError
from softmodes.system.configuration import Configuration

RADII = np.array([2.5, 3.0, 3.5])


def all_pairs(
    configuration: Configuration, radii: np.ndarray, reach: int
) -> list[tuple[int, int, float, float]]:
    """Every pair image closer than its radius, by brute force over lattice vectors."""
    positions, species = configuration.positions, configuration.species
    span = np.arange(-reach, reach + 1)
    images = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
    found = []
    for i in range(len(positions)):
        for j in range(i + 1, len(positions)):
            vectors = positions[i] - positions[j] - configuration.cell.offset(images)
            close = np.hypot(*vectors.T) < radii[species[i] + species[j]]
            found += [(i, j, *np.round(vector, 9)) for vector in vectors[close]]
    return sorted(found)


def listed(configuration: Configuration, radii: np.ndarray) -> list[tuple[int, int, float, float]]:
    first, second, displacement = configuration.pairs(radii)
    return sorted(zip(first, second, *np.round(displacement, 9).T, strict=True))


@pytest.mark.parametrize("tilt", [0.0, 3.0, 8.0, 14.0])
def test_every_pair_is_found_once(tilt: float) -> None:
    configuration = jittered_lattice(150, tilt)
    assert listed(configuration, RADII) == all_pairs(configuration, RADII, 2)


@pytest.mark.parametrize("tilt", [0.0, 2.0])
def test_boxes_smaller_than_the_radius_count_every_image(tilt: float) -> None:
    configuration = jittered_lattice(9, tilt)
    radii = np.full(3, 1.4 * configuration.cell.length)
    assert listed(configuration, radii) == all_pairs(configuration, radii, 4)


def test_unwrapped_positions_give_the_same_displacements() -> None:
    configuration = jittered_lattice(150, 3.0)
    image = np.random.default_rng(0).integers(-3, 4, (150, 2))
    moved = replace(
        configuration, positions=configuration.positions + configuration.cell.offset(image)
    )
    first, second, displacement = configuration.pairs(RADII)
    moved_first, moved_second, moved_displacement = moved.pairs(RADII)
    assert (first == moved_first).all()
    assert (second == moved_second).all()
    np.testing.assert_allclose(displacement, moved_displacement, atol=1e-10)


def test_rows_are_in_canonical_order() -> None:
    first, second, _ = jittered_lattice(300).pairs(RADII)
    keys = first.astype(np.int64) * 300 + second
    assert (np.diff(keys) > 0).all()


def test_radii_far_below_the_spacing_find_nothing() -> None:
    """And ask for no more memory than there are particles."""
    assert not len(jittered_lattice(150).pairs(np.full(3, 1e-9))[0])


@pytest.mark.parametrize(
    ("radii", "message"),
    [
        ([1.45, 1.67], r"neighbour distances: \[1\.45 1\.67\] given, three positive"),
        ([1.45, -1.67, 1.91], r"neighbour distances: .*three positive"),
        ([1.45, np.nan, 1.91], r"neighbour distances: .*three positive"),
        ([1.45, np.inf, 1.91], r"neighbour distances: .*three positive"),
        (1.45, r"neighbour distances: 1\.45 given, three positive"),
        ("near", r"neighbour distances: .*an array of numbers expected"),
    ],
)
def test_radii_that_are_none_are_refused(radii: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        jittered_lattice(150).bonds(radii)
