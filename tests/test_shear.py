"""Affine and nonaffine parts of a shear against finite differences and quenched structures."""

import numpy as np
import pytest
from glasses import N_PARTICLES, glass, shaken

from softmodes.cell import Cell
from softmodes.forces import evaluate, shear_stress
from softmodes.minimise import quench
from softmodes.modes import hessian
from softmodes.shear import (
    affine_force,
    affine_shear,
    linear_response,
    nonaffine_displacement,
    switched,
)

TILTS = [0.0, 0.31, 0.77]


def sheared_quench(gamma, tilt=0.0):
    """The inherent structure of a glass after a further shear, and its cell."""
    positions, species, cell, mixture = glass(tilt)
    found = quench(affine_shear(positions, gamma), species, cell.sheared(gamma), mixture)
    assert found.converged, found.message
    return found, cell.sheared(gamma)


def test_affine_shear_by_hand():
    positions = np.array([[1.0, 2.0], [0.5, -3.0]])
    np.testing.assert_allclose(affine_shear(positions, 0.1), [[1.2, 2.0], [0.2, -3.0]])
    np.testing.assert_array_equal(positions, [[1.0, 2.0], [0.5, -3.0]])


@pytest.mark.parametrize("gamma", [1e-3, 0.4, 1.0])
def test_images_do_not_matter(gamma):
    """Images before the shear, of the reference and of the sheared structure."""
    positions, species, cell, mixture = glass(0.31)
    sheared_cell = cell.sheared(gamma)
    rng = np.random.default_rng(1)
    image, other, third = (rng.integers(-2, 3, positions.shape) for _ in range(3))
    sheared = affine_shear(positions, gamma)
    moved = affine_shear(positions + cell.offset(image), gamma)
    energies = [
        evaluate(one, species, sheared_cell, mixture).energy / N_PARTICLES
        for one in (sheared, moved)
    ]
    assert energies[0] == pytest.approx(energies[1], rel=1e-9)

    displacement = rng.normal(0.0, 0.3, positions.shape)
    found = nonaffine_displacement(
        sheared + displacement + sheared_cell.offset(other),
        positions + cell.offset(third),
        gamma,
        sheared_cell,
    )
    np.testing.assert_allclose(found, displacement - displacement.mean(axis=0), atol=1e-11)


def test_the_mean_displacement_is_removed():
    cell = Cell(10.0)
    reference = np.array([[1.0, 1.0], [5.0, 2.0], [9.0, 9.0]])
    moved = reference + np.array([[0.3, 0.1], [0.3, 0.1], [0.9, 0.1]])
    expected = [[-0.2, 0.0], [-0.2, 0.0], [0.4, 0.0]]
    np.testing.assert_allclose(
        nonaffine_displacement(moved, reference, 0.0, cell), expected, atol=1e-14
    )


@pytest.mark.parametrize("tilt", TILTS)
def test_affine_force_is_the_change_of_the_forces_under_shear(tilt):
    positions, species, cell, mixture = glass(tilt)
    positions = shaken(positions, 0.05, 2)
    step = 1e-6
    up, down = (
        evaluate(affine_shear(positions, gamma), species, cell.sheared(gamma), mixture).forces
        for gamma in (step, -step)
    )
    found = affine_force(positions, species, cell, mixture)
    assert np.abs(found).max() > 10.0
    np.testing.assert_allclose(found, (up - down) / (2 * step), atol=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("tilt", TILTS)
def test_shear_stress_is_the_slope_of_the_inherent_energy(tilt):
    positions, species, cell, mixture = glass(tilt)
    gamma = 1e-5
    energies = [
        N_PARTICLES * sheared_quench(strain, tilt)[0].energy_per_particle
        for strain in (gamma, -gamma)
    ]
    slope = (energies[0] - energies[1]) / (2 * gamma) / cell.area
    stress = shear_stress(evaluate(positions, species, cell, mixture), cell)
    assert abs(stress) > 1e-3
    assert slope == pytest.approx(stress, abs=1e-6)


@pytest.mark.parametrize("tilt", TILTS)
def test_linear_response_solves_its_equation(tilt):
    configuration = glass(tilt)
    response = linear_response(*configuration)
    residual = hessian(*configuration) @ response.ravel() - affine_force(*configuration).ravel()
    assert np.abs(residual).max() < 1e-9 * np.abs(affine_force(*configuration)).max()
    assert np.abs(response.mean(axis=0)).max() < 1e-14


@pytest.mark.parametrize("tilt", TILTS)
def test_nonaffine_displacements_approach_linear_response(tilt):
    """d/γ differs from linear response in proportion to γ."""
    positions, *_ = configuration = glass(tilt)
    response = linear_response(*configuration)
    errors = []
    for gamma in (1e-4, 1e-5):
        found, cell = sheared_quench(gamma, tilt)
        nonaffine = nonaffine_displacement(found.positions, positions, gamma, cell)
        assert not switched(nonaffine, gamma, response)
        errors.append(np.abs(nonaffine / gamma - response).max())
    assert errors[0] < 0.05 * np.abs(response).max()
    assert errors[1] == pytest.approx(errors[0] / 10.0, rel=0.1)


def test_a_particle_astray_is_a_switch():
    response = np.random.default_rng(3).normal(0.0, 1.0, (20, 2))
    nonaffine = 1e-3 * response
    assert not switched(nonaffine, 1e-3, response)
    nonaffine[7] += [0.009, 0.0]
    assert not switched(nonaffine, 1e-3, response)
    nonaffine[7] += [0.0, 0.009]
    assert switched(nonaffine, 1e-3, response)
    assert not switched(nonaffine, 1e-3, response, bound=0.02)
