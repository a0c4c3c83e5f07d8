"""Affine and nonaffine parts of a shear against finite differences and quenched structures."""

from dataclasses import replace

import numpy as np
import pytest
from glasses import N_PARTICLES, glass, shaken

from softmodes.errors import InputError
from softmodes.landscape.hessian import hessian
from softmodes.landscape.quench import quench
from softmodes.landscape.shear import (
    affine_force,
    linear_response,
    nonaffine_displacement,
    switched,
    turned,
)
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, shear_stress
from softmodes.system.mixture import pair_derivatives

TILTS = [0.0, 0.31, 0.77]


def sheared_quench(gamma, tilt=0.0):
    """The quench of a glass after a further shear."""
    inherent, mixture = glass(tilt)
    found = quench(inherent.sheared(gamma), mixture)
    assert found.converged, found.message
    return found


def shift(configuration, displacement):
    return replace(configuration, positions=configuration.positions + displacement)


@pytest.mark.parametrize("gamma", [1e-3, 0.4, 1.0])
def test_images_do_not_matter(gamma):
    """Images before the shear, of the reference and of the sheared structure."""
    inherent, mixture = glass(0.31)
    cell, rng = inherent.cell, np.random.default_rng(1)
    image, other, third = (rng.integers(-2, 3, (N_PARTICLES, 2)) for _ in range(3))
    sheared = inherent.sheared(gamma)
    moved = shift(inherent, cell.offset(image)).sheared(gamma)
    energies = [evaluate(one, mixture).energy / N_PARTICLES for one in (sheared, moved)]
    assert energies[0] == pytest.approx(energies[1], rel=1e-9)

    displacement = rng.normal(0.0, 0.3, (N_PARTICLES, 2))
    found = nonaffine_displacement(
        shift(sheared, displacement + sheared.cell.offset(other)),
        shift(inherent, cell.offset(third)),
        gamma,
    )
    np.testing.assert_allclose(found, displacement - displacement.mean(axis=0), atol=1e-11)


def test_the_mean_displacement_is_removed():
    reference = Configuration([[1.0, 1.0], [5.0, 2.0], [9.0, 9.0]], [0, 0, 1], Cell(10.0))
    moved = shift(reference, [[0.3, 0.1], [0.3, 0.1], [0.9, 0.1]])
    expected = [[-0.2, 0.0], [-0.2, 0.0], [0.4, 0.0]]
    found = nonaffine_displacement(moved, reference, 0.0)
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("tilt", TILTS)
def test_affine_force_is_the_change_of_the_forces_under_shear(tilt):
    inherent, mixture = glass(tilt)
    configuration, step = shaken(inherent, 0.05, 2), 1e-6
    up, down = (evaluate(configuration.sheared(gamma), mixture).forces for gamma in (step, -step))
    found = affine_force(configuration, mixture)
    assert np.abs(found).max() > 10.0
    np.testing.assert_allclose(found, (up - down) / (2 * step), atol=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("tilt", TILTS)
def test_shear_stress_is_the_slope_of_the_inherent_energy(tilt):
    inherent, mixture = glass(tilt)
    cell, gamma = inherent.cell, 1e-5
    energies = [
        N_PARTICLES * sheared_quench(strain, tilt).energy_per_particle for strain in (gamma, -gamma)
    ]
    slope = (energies[0] - energies[1]) / (2 * gamma) / cell.area
    stress = shear_stress(evaluate(inherent, mixture), cell)
    assert abs(stress) > 1e-3
    assert slope == pytest.approx(stress, abs=1e-6)


@pytest.mark.parametrize("tilt", TILTS)
def test_linear_response_solves_its_equation(tilt):
    glassy = glass(tilt)
    response, force = linear_response(*glassy), affine_force(*glassy)
    residual = hessian(*glassy) @ response.ravel() - force.ravel()
    assert np.abs(residual).max() < 1e-9 * np.abs(force).max()
    assert np.abs(response.mean(axis=0)).max() < 1e-14


@pytest.mark.parametrize("tilt", TILTS)
def test_nonaffine_displacements_approach_linear_response(tilt):
    """d/γ differs from linear response in proportion to γ."""
    inherent, mixture = glass(tilt)
    response = linear_response(inherent, mixture)
    errors = []
    for gamma in (1e-4, 1e-5):
        found = sheared_quench(gamma, tilt).configuration
        nonaffine = nonaffine_displacement(found, inherent, gamma)
        assert not switched(nonaffine, gamma, response)
        errors.append(np.abs(nonaffine / gamma - response).max())
    assert errors[0] < 0.05 * np.abs(response).max()
    assert errors[1] == pytest.approx(errors[0] / 10.0, rel=0.1)


@pytest.mark.parametrize("direction", ["+x", "-x", "+y"])
def test_shear_along_other_directions_is_that_of_a_mirror_image(direction):
    """Energies of all pairs and images, the configuration itself being sheared."""
    glassy, mixture = glass()
    thermal = shaken(glassy, 0.1, seed=4)
    (x, y), length, gamma = thermal.positions.T, thermal.cell.length, 0.13
    place, lattice = {
        "+x": ((x + gamma * y, y), ((length, 0.0), (gamma * length, length))),
        "-x": ((x - gamma * y, y), ((length, 0.0), (-gamma * length, length))),
        "+y": ((x, y + gamma * x), ((length, gamma * length), (0.0, length))),
    }[direction]
    apart = np.transpose(place)[:, None] - np.transpose(place)[None]
    table, energy = mixture.pair_table(), 0.0
    types = (thermal.species[:, None] + thermal.species[None]).astype(np.int64)
    for image in np.ndindex(3, 3):
        vectors = apart + (np.array(image) - 1) @ np.array(lattice)
        distance = np.hypot(vectors[..., 0], vectors[..., 1])
        close = (distance > 0) & (distance < table.cutoff[types])
        energy += 0.5 * pair_derivatives(table, types[close], distance[close])[0].sum()
    found = evaluate(turned(thermal, direction).sheared(gamma), mixture).energy
    assert found == pytest.approx(energy, rel=1e-11)


def test_directions_are_named_and_cells_untilted():
    with pytest.raises(InputError, match=r"direction: z given, one of \+x, -x, \+y expected"):
        turned(glass()[0], "z")
    with pytest.raises(InputError, match="an untilted cell expected"):
        turned(glass(0.31)[0], "-x")


def test_a_particle_astray_is_a_switch():
    response = np.random.default_rng(3).normal(0.0, 1.0, (20, 2))
    nonaffine = 1e-3 * response
    assert not switched(nonaffine, 1e-3, response)
    nonaffine[7] += [0.09, 0.0]
    assert not switched(nonaffine, 1e-3, response)
    nonaffine[7] += [0.0, 0.09]
    assert switched(nonaffine, 1e-3, response)
