"""Local strains of known deformations, and the symmetry of known strain fields."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import jv

from softmodes.analysis.local_strain import (
    INNER_RADIUS,
    OUTER_RADIUS,
    local_shear_strain,
    quadrupole,
)
from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration

DISTANCES = (1.45, 1.67, 1.91)
ALL = (1.9, 1.9, 1.9)


def disordered(n_particles, cell, rng, species=None):
    """A random start pushed apart a little, so that every particle has neighbours around it."""
    side = math.ceil(math.sqrt(n_particles))
    grid = np.stack(np.divmod(np.arange(n_particles), side), axis=1) * cell.length / side
    species = np.arange(n_particles) % 2 if species is None else species
    return Configuration(grid + rng.uniform(-0.3, 0.3, (n_particles, 2)), species, cell)


def gas(n_particles, length, rng):
    """Small particles anywhere."""
    positions = rng.uniform(0, length, (n_particles, 2))
    return Configuration(positions, np.zeros(n_particles), Cell(length))


def strain_by_hand(configuration, displacements, i):
    """Least squares with numpy over the neighbours found by looping over images."""
    positions, species, cell = configuration.positions, configuration.species, configuration.cell
    separations, relative = [], []
    for j in range(len(positions)):
        for a in (-1, 0, 1):
            for b in (-1, 0, 1):
                image = [a * cell.length + b * cell.tilt, b * cell.length]
                bond = positions[j] + image - positions[i]
                if j != i and np.hypot(*bond) < DISTANCES[species[i] + species[j]]:
                    separations.append(bond)
                    relative.append(displacements[j] - displacements[i])
    solution, *_ = np.linalg.lstsq(np.array(separations), np.array(relative), rcond=None)
    return (solution[0, 1] + solution[1, 0]) / 2


def test_local_strain_against_least_squares():
    rng = np.random.default_rng(1)
    configuration = disordered(100, Cell(11.5, 4.0), rng)
    displacements = rng.standard_normal((100, 2))
    strain = local_shear_strain(configuration, displacements, DISTANCES)
    for i in range(0, 100, 3):
        expected = strain_by_hand(configuration, displacements, i)
        assert strain[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_uniform_deformation_and_rotation_away_from_the_boundary():
    rng = np.random.default_rng(2)
    configuration = disordered(400, Cell(23.0), rng)
    inner = np.all(np.abs(configuration.positions - 11.5) < 8.0, axis=1)
    for gradient, expected in (
        ([[0.0, 0.02], [0.0, 0.0]], 0.01),
        ([[0.3, -0.02], [0.06, 0.1]], 0.02),
        ([[0.0, 0.05], [-0.05, 0.0]], 0.0),
    ):
        moved = configuration.positions @ np.array(gradient).T
        strain = local_shear_strain(configuration, moved, DISTANCES)
        np.testing.assert_allclose(strain[inner], expected, atol=1e-12)


def test_strain_without_a_plane_of_neighbours_is_unknown():
    positions = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [8.0, 8.0]])
    positions[:, 1] += [0.001, -0.002, 0.001, 0.0]
    displacements = np.random.default_rng(3).standard_normal((4, 2))
    row = Configuration(positions, np.zeros(4), Cell(12.0))
    strain = local_shear_strain(row, displacements, DISTANCES)
    assert np.isnan(strain).all()


def test_quadrupole_of_a_plane_wave():
    # ε = cos(q·r): C(r) = cos(q·r), whose cos 4θ part is 2 J4(q r) cos 4(θ - θ_q)
    rng = np.random.default_rng(4)
    liquid = gas(4000, 60.0, rng)
    for m in ((5, 0), (4, 4), (6, 2)):
        q = 2 * np.pi / 60.0 * np.array(m)
        amplitude = quadrupole(liquid, np.cos(liquid.positions @ q))
        size, angle = np.hypot(*q), np.arctan2(q[1], q[0])
        integral = quad(lambda r, size=size: jv(4, size * r) * r, INNER_RADIUS, OUTER_RADIUS)[0]
        expected = 2 * integral / ((OUTER_RADIUS**2 - INNER_RADIUS**2) / 2) * np.cos(4 * angle)
        assert abs(expected) > 0.05
        assert amplitude == pytest.approx(expected, abs=0.02)


def test_shear_transformations_are_quadrupolar_and_noise_is_not():
    # displacement of a shear transformation in an incompressible medium: ∝ r sin 2θ / r² outside
    rng = np.random.default_rng(5)
    n, cell = 1600, Cell(46.0)
    liquid = disordered(n, cell, rng, np.zeros(n))
    field = np.zeros((n, 2))
    for centre in rng.uniform(0, cell.length, (8, 2)):
        x, y = cell.minimum_image(liquid.positions - centre).T
        square = np.maximum(x**2 + y**2, 1.0)
        field += (x * y / square**2)[:, None] * np.column_stack([x, y])
    events = quadrupole(liquid, local_shear_strain(liquid, field, ALL))
    noise = [
        quadrupole(liquid, local_shear_strain(liquid, rng.standard_normal((n, 2)), ALL))
        for _ in range(12)
    ]
    error = np.std(noise, ddof=1) / math.sqrt(len(noise))
    assert abs(np.mean(noise)) < 3 * error
    assert error < 0.005
    assert events > 0.02


def test_only_deviations_from_the_mean_strain_count():
    rng = np.random.default_rng(8)
    liquid, strain = gas(300, 30.0, rng), rng.standard_normal(300)
    shifted = quadrupole(liquid, 2.0 * strain + 5.0)
    assert shifted == pytest.approx(quadrupole(liquid, strain))


def test_unknown_strains_are_left_out():
    rng = np.random.default_rng(6)
    liquid, strain = gas(300, 30.0, rng), rng.standard_normal(300)
    holes = strain.copy()
    holes[:100] = np.nan
    rest = Configuration(liquid.positions[100:], np.zeros(200), liquid.cell)
    assert quadrupole(liquid, holes) == quadrupole(rest, strain[100:])


def test_no_quadrupole_without_range_or_variation():
    small, large = (gas(40, length, np.random.default_rng(7)) for length in (7.0, 30.0))
    assert math.isnan(quadrupole(small, np.arange(40.0)))
    assert math.isnan(quadrupole(large, np.zeros(40)))
    assert math.isnan(quadrupole(large, np.full(40, math.nan)))


def test_shapes_that_disagree_are_named():
    configuration = Configuration(np.zeros((4, 2)), np.zeros(4), Cell(9.0))
    with pytest.raises(InputError, match=r"displacements: shape \(3, 2\)"):
        local_shear_strain(configuration, np.zeros((3, 2)), DISTANCES)
    with pytest.raises(InputError, match=r"strain: shape \(3,\)"):
        quadrupole(configuration, np.zeros(3))
