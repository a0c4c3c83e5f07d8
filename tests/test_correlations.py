"""Local strains of known deformations, and the symmetry of known strain fields."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import jv

from softmodes.cell import Cell
from softmodes.correlations import INNER_RADIUS, OUTER_RADIUS, local_shear_strain, quadrupole
from softmodes.errors import InputError

DISTANCES = (1.45, 1.67, 1.91)
ALL = (1.9, 1.9, 1.9)


def disordered(n_particles, cell, rng):
    """A random start pushed apart a little, so that every particle has neighbours around it."""
    side = math.ceil(math.sqrt(n_particles))
    grid = np.stack(np.divmod(np.arange(n_particles), side), axis=1) * cell.length / side
    return grid + rng.uniform(-0.3, 0.3, (n_particles, 2))


def species_of(n_particles):
    return (np.arange(n_particles) % 2).astype(np.int8)


def strain_by_hand(positions, displacements, species, cell, i):
    """Least squares with numpy over the neighbours found by looping over images."""
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
    n, cell = 100, Cell(11.5, 4.0)
    positions, species = disordered(n, cell, rng), species_of(n)
    displacements = rng.standard_normal((n, 2))
    strain = local_shear_strain(positions, displacements, species, cell, DISTANCES)
    for i in range(0, n, 3):
        expected = strain_by_hand(positions, displacements, species, cell, i)
        assert strain[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_uniform_deformation_and_rotation_away_from_the_boundary():
    rng = np.random.default_rng(2)
    n, cell = 400, Cell(23.0)
    positions, species = disordered(n, cell, rng), species_of(n)
    inner = np.all(np.abs(positions - 11.5) < 8.0, axis=1)
    for gradient, expected in (
        ([[0.0, 0.02], [0.0, 0.0]], 0.01),
        ([[0.3, -0.02], [0.06, 0.1]], 0.02),
        ([[0.0, 0.05], [-0.05, 0.0]], 0.0),
    ):
        moved = positions @ np.array(gradient).T
        strain = local_shear_strain(positions, moved, species, cell, DISTANCES)
        np.testing.assert_allclose(strain[inner], expected, atol=1e-12)


def test_strain_without_a_plane_of_neighbours_is_unknown():
    positions = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [8.0, 8.0]])
    positions[:, 1] += [0.001, -0.002, 0.001, 0.0]
    displacements = np.random.default_rng(3).standard_normal((4, 2))
    strain = local_shear_strain(
        positions, displacements, np.zeros(4, np.int8), Cell(12.0), DISTANCES
    )
    assert np.isnan(strain).all()


def test_quadrupole_of_a_plane_wave():
    # ε = cos(q·r): C(r) = cos(q·r), whose cos 4θ part is 2 J4(q r) cos 4(θ - θ_q)
    rng = np.random.default_rng(4)
    n, cell = 4000, Cell(60.0)
    positions = rng.uniform(0, cell.length, (n, 2))
    for m in ((5, 0), (4, 4), (6, 2)):
        q = 2 * np.pi / cell.length * np.array(m)
        amplitude = quadrupole(positions, np.cos(positions @ q), cell)
        size, angle = np.hypot(*q), np.arctan2(q[1], q[0])
        integral = quad(lambda r, size=size: jv(4, size * r) * r, INNER_RADIUS, OUTER_RADIUS)[0]
        expected = 2 * integral / ((OUTER_RADIUS**2 - INNER_RADIUS**2) / 2) * np.cos(4 * angle)
        assert abs(expected) > 0.05
        assert amplitude == pytest.approx(expected, abs=0.02)


def test_shear_transformations_are_quadrupolar_and_noise_is_not():
    # displacement of a shear transformation in an incompressible medium: ∝ r sin 2θ / r² outside
    rng = np.random.default_rng(5)
    n, cell = 1600, Cell(46.0)
    positions, species = disordered(n, cell, rng), np.zeros(n, np.int8)
    field = np.zeros((n, 2))
    for centre in rng.uniform(0, cell.length, (8, 2)):
        x, y = cell.minimum_image(positions - centre).T
        square = np.maximum(x**2 + y**2, 1.0)
        field += (x * y / square**2)[:, None] * np.column_stack([x, y])
    events = quadrupole(positions, local_shear_strain(positions, field, species, cell, ALL), cell)
    noise = [
        quadrupole(
            positions,
            local_shear_strain(positions, rng.standard_normal((n, 2)), species, cell, ALL),
            cell,
        )
        for _ in range(12)
    ]
    error = np.std(noise, ddof=1) / math.sqrt(len(noise))
    assert abs(np.mean(noise)) < 3 * error
    assert error < 0.005
    assert events > 0.02


def test_only_deviations_from_the_mean_strain_count():
    rng = np.random.default_rng(8)
    positions, cell = rng.uniform(0, 30, (300, 2)), Cell(30.0)
    strain = rng.standard_normal(300)
    shifted = quadrupole(positions, 2.0 * strain + 5.0, cell)
    assert shifted == pytest.approx(quadrupole(positions, strain, cell))


def test_unknown_strains_are_left_out():
    rng = np.random.default_rng(6)
    positions = rng.uniform(0, 30, (300, 2))
    strain = rng.standard_normal(300)
    holes = strain.copy()
    holes[:100] = np.nan
    cell = Cell(30.0)
    assert quadrupole(positions, holes, cell) == quadrupole(positions[100:], strain[100:], cell)


def test_no_quadrupole_without_range_or_variation():
    positions = np.random.default_rng(7).uniform(0, 7, (40, 2))
    assert math.isnan(quadrupole(positions, np.arange(40.0), Cell(7.0)))
    positions = np.random.default_rng(7).uniform(0, 30, (40, 2))
    assert math.isnan(quadrupole(positions, np.zeros(40), Cell(30.0)))
    assert math.isnan(quadrupole(positions, np.full(40, math.nan), Cell(30.0)))


def test_shapes_that_disagree_are_named():
    positions, species = np.zeros((4, 2)), np.zeros(4, np.int8)
    with pytest.raises(InputError, match=r"displacements: shape \(3, 2\)"):
        local_shear_strain(positions, np.zeros((3, 2)), species, Cell(9.0), DISTANCES)
    with pytest.raises(InputError, match=r"strain: shape \(3,\)"):
        quadrupole(positions, np.zeros(3), Cell(9.0))
