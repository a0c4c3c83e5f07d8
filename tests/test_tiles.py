"""Tiles against the plain loop over pairs, for shapes and images of every kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.errors import InputError
from softmodes.kernels.simd import WIDTH
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate
from softmodes.system.mixture import Mixture
from softmodes.system.tiles import (
    EMPTY,
    Tiles,
    accumulate_tile_forces,
    build_tiles,
    in_slots,
    of_particles,
    unwrap,
)

MIXTURE = Mixture()

BOUND = {np.float64: 1e-12, np.float32: 3e-5}
"""Of the largest force: coordinates of up to 8 σ11 are rounded to 5e-7, at distances near 0.1."""


def tiled(
    configuration: Configuration,
    mixture: Mixture,
    skin: float = 0.3,
    precision: type = np.float64,
) -> tuple[Tiles, np.ndarray, np.ndarray]:
    """Tiles, forces (N, 2) and sums."""
    positions, species, cell = configuration.positions, configuration.species, configuration.cell
    table, tilt = mixture.pair_table(), cell.symmetric_tilt
    tiles = build_tiles(positions, species, table.cutoff, skin, cell.length, tilt, precision)
    force, sums, forces = np.empty_like(tiles.position), np.empty(4), np.empty_like(positions)
    accumulate_tile_forces(tiles, table, force, sums)
    of_particles(force, tiles.particle, forces)
    assert (force[:, tiles.particle == EMPTY] == 0).all()
    alone = np.empty_like(force)
    accumulate_tile_forces(tiles, table, alone, None)
    bound = BOUND[precision]
    np.testing.assert_allclose(alone, force, rtol=bound, atol=bound * np.abs(force).max())
    return tiles, forces, sums


def assert_plain(configuration: Configuration, mixture: Mixture, skin: float = 0.3) -> None:
    """Forces, energy and virial are those of the plain loop, in either precision."""
    plain = evaluate(configuration, mixture)
    for precision, bound in BOUND.items():
        _, forces, sums = tiled(configuration, mixture, skin, precision)
        largest = np.abs(plain.forces).max()
        np.testing.assert_allclose(forces, plain.forces, rtol=0, atol=bound * largest)
        assert sums[0] == pytest.approx(plain.energy, rel=bound)
        largest = np.abs(plain.virial).max()
        expected = plain.virial[[0, 0, 1], [0, 1, 1]]
        np.testing.assert_allclose(sums[[1, 2, 3]], expected, rtol=0, atol=bound * largest)


@pytest.mark.parametrize("tilt", [0.0, 3.0, -3.0, 7.9])
@pytest.mark.parametrize("n_particles", [50, 150, 513])
def test_forces_energy_and_virial_of_a_liquid(n_particles: int, tilt: float) -> None:
    configuration = jittered_lattice(n_particles, tilt)
    assert_plain(configuration, MIXTURE)
    assert_plain(configuration, MIXTURE, skin=2.0)


@pytest.mark.parametrize("n_particles", [2, 9, 40])
@pytest.mark.parametrize("tilt", [0.0, 3.3])
def test_boxes_as_small_as_can_be(n_particles: int, tilt: float) -> None:
    """Twice the longest cutoff wide: particles meet several images of one another."""
    rng = np.random.default_rng(n_particles)
    cell = Cell(7.0, tilt)
    positions = rng.uniform(0, 7, (n_particles, 2))
    assert_plain(Configuration(positions, MIXTURE.species(n_particles), cell), MIXTURE)


def test_uneven_densities() -> None:
    """All particles in one corner, so that rows and bins are full or empty."""
    rng = np.random.default_rng(3)
    positions = np.concatenate([rng.uniform(0, 6, (300, 2)), rng.uniform(0, 60, (20, 2))])
    assert_plain(Configuration(positions, MIXTURE.species(320), Cell(60.0, 10.0)), MIXTURE)


@pytest.mark.parametrize(
    "mixture",
    [
        Mixture(exponent=10, cutoff=2.0, sigma_mixed=1.1),
        Mixture(smoothed=False, cutoff=2.2, sigma_large=1.3),
        Mixture(sigma_small=1.4, sigma_large=1.0, small_fraction=0.3),
        Mixture(small_fraction=1.0),
    ],
)
def test_other_mixtures(mixture: Mixture) -> None:
    assert_plain(replace(jittered_lattice(300, 4.0), species=mixture.species(300)), mixture)


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_the_list_holds_while_no_particle_moves_half_a_skin(precision: type) -> None:
    configuration, skin, table = jittered_lattice(300, 2.0), 0.6, MIXTURE.pair_table()
    tiles, cell = tiled(configuration, MIXTURE, skin, precision)[0], configuration.cell
    angle = np.random.default_rng(4).uniform(0, 2 * np.pi, 300)
    step = 0.4999 * skin * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    tiles.position[:] += in_slots(step, tiles.particle)
    force, forces = np.empty_like(tiles.position), np.empty_like(step)
    accumulate_tile_forces(tiles, table, force, None)
    of_particles(force, tiles.particle, forces)
    moved = configuration.positions + step
    expected = evaluate(replace(configuration, positions=moved), MIXTURE).forces
    np.testing.assert_allclose(forces, expected, atol=BOUND[precision] * np.abs(expected).max())
    unwrap(tiles, cell.length, cell.symmetric_tilt, forces)
    np.testing.assert_allclose(forces, moved, rtol=0, atol=1e-13 * cell.length)


def test_every_particle_has_one_slot_and_positions_keep_their_image() -> None:
    configuration = jittered_lattice(150, 3.0)
    cell, image = configuration.cell, np.random.default_rng(0).integers(-3, 4, (150, 2))
    moved = configuration.positions + cell.offset(image)
    tiles, forces, _ = tiled(replace(configuration, positions=moved), MIXTURE)
    assert sorted(tiles.particle[tiles.particle != EMPTY]) == list(range(150))
    assert tiles.particle.size % WIDTH == 0
    back = np.empty_like(moved)
    unwrap(tiles, cell.length, cell.symmetric_tilt, back)
    np.testing.assert_allclose(back, moved, rtol=0, atol=1e-12)
    expected = evaluate(configuration, MIXTURE).forces
    np.testing.assert_allclose(forces, expected, atol=1e-10 * np.abs(expected).max())


def test_coinciding_particles_have_no_finite_forces() -> None:
    lattice = jittered_lattice(150)
    positions, species, length = lattice.positions, lattice.species, lattice.cell.length
    positions[3] = positions[4]
    with np.errstate(invalid="ignore"):
        table = MIXTURE.pair_table()
        tiles = build_tiles(positions, species, table.cutoff, 0.3, length, 0.0, np.float64)
        force = np.empty_like(tiles.position)
        accumulate_tile_forces(tiles, table, force, None)
    assert not np.isfinite(force).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_positions_that_are_nowhere_are_refused(value: float) -> None:
    lattice = jittered_lattice(150)
    positions, species, length = lattice.positions, lattice.species, lattice.cell.length
    positions[7, 1] = value
    with pytest.raises(InputError, match="nowhere"):
        build_tiles(positions, species, MIXTURE.pair_table().cutoff, 0.3, length, 0.0, np.float64)
