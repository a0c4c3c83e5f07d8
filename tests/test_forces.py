"""Energy, forces and stress against finite differences, a loop over all pairs, and scaling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, pressure, shear_stress
from softmodes.system.mixture import Mixture, pair_derivatives

TILTS = [0.0, 3.0, 11.0]
MIXTURE = Mixture()


def slow_energy_and_forces(
    configuration: Configuration, mixture: Mixture
) -> tuple[float, np.ndarray]:
    """All pairs, minimum image, one numpy row at a time."""
    positions, species, table = (
        configuration.positions,
        configuration.species,
        mixture.pair_table(),
    )
    energy, forces = 0.0, np.zeros_like(positions)
    for i in range(len(positions)):
        others = np.delete(np.arange(len(positions)), i)
        vectors = configuration.cell.minimum_image(positions[i] - positions[others])
        distances = np.hypot(*vectors.T)
        types = (species[i] + species[others]).astype(np.int64)
        energies, slopes, _ = pair_derivatives(table, types, distances)
        energy += energies.sum() / 2
        forces[i] = -((slopes / distances)[:, None] * vectors).sum(axis=0)
    return energy, forces


def scaled(configuration: Configuration, factor: float) -> Configuration:
    """All lengths times a factor, without tilt."""
    cell = Cell(configuration.cell.length * factor)
    return Configuration(configuration.positions * factor, configuration.species, cell)


@pytest.mark.parametrize("tilt", TILTS)
def test_list_equals_all_pairs(tilt: float) -> None:
    configuration = jittered_lattice(200, tilt)
    energy, forces = slow_energy_and_forces(configuration, MIXTURE)
    evaluation = evaluate(configuration, MIXTURE)
    assert evaluation.energy == pytest.approx(energy, rel=1e-13)
    np.testing.assert_allclose(evaluation.forces, forces, atol=1e-11 * np.abs(forces).max())


@pytest.mark.parametrize("tilt", TILTS)
def test_forces_are_finite_differences_of_the_energy(tilt: float) -> None:
    configuration = jittered_lattice(160, tilt)
    forces = evaluate(configuration, MIXTURE).forces
    step = 1e-5
    for particle, axis in [(0, 0), (17, 1), (80, 0), (159, 1)]:
        moved = np.zeros((160, 2))
        moved[particle, axis] = step
        high, low = (
            evaluate(replace(configuration, positions=r), MIXTURE).energy
            for r in (configuration.positions + moved, configuration.positions - moved)
        )
        expected = -(high - low) / (2 * step)
        assert forces[particle, axis] == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("tilt", TILTS)
def test_shear_stress_is_the_derivative_of_the_energy_with_shear(tilt: float) -> None:
    configuration = jittered_lattice(200, tilt)
    positions, cell, step = configuration.positions, configuration.cell, 1e-6

    def sheared_energy(gamma: float) -> float:
        moved = positions + gamma * positions[:, 1:] * [1.0, 0.0]
        sheared = Configuration(moved, configuration.species, cell.sheared(gamma))
        return evaluate(sheared, MIXTURE).energy

    expected = (sheared_energy(step) - sheared_energy(-step)) / (2 * step) / cell.area
    stress = shear_stress(evaluate(configuration, MIXTURE), cell)
    assert stress == pytest.approx(expected, rel=1e-6)


def test_pressure_is_the_derivative_of_the_energy_with_area() -> None:
    configuration = jittered_lattice(200)
    cell, step = configuration.cell, 1e-6

    def scaled_energy(factor: float) -> float:
        return evaluate(scaled(configuration, factor), MIXTURE).energy

    area_step = cell.area * ((1 + step) ** 2 - (1 - step) ** 2)
    expected = -(scaled_energy(1 + step) - scaled_energy(1 - step)) / area_step
    evaluation = evaluate(configuration, MIXTURE)
    assert pressure(evaluation, cell) == pytest.approx(expected, rel=1e-6)
    assert pressure(evaluation, cell, 100.0) == pytest.approx(expected + 100.0 / cell.area)


def test_pure_power_law_ties_virial_to_energy() -> None:
    """P = 6 ρ u without kinetic part; what is cut off at 4.5 is below 1e-7 of it."""
    configuration = jittered_lattice(240)
    evaluation = evaluate(configuration, Mixture(smoothed=False, cutoff=4.5))
    expected = 6.0 * evaluation.energy / configuration.cell.area
    assert pressure(evaluation, configuration.cell) == pytest.approx(expected, rel=1e-12)


def test_density_scaling_of_the_pure_power_law() -> None:
    """ρ → sρ: e → s⁶e, P → s⁷P; the cutoff at 4.5 breaks it by less than 1e-5."""
    mixture = Mixture(smoothed=False, cutoff=4.5)
    scale, loose = 1.1, jittered_lattice(300)
    dense = scaled(loose, scale**-0.5)
    before, after = evaluate(loose, mixture), evaluate(dense, mixture)
    assert after.energy == pytest.approx(scale**6 * before.energy, rel=1e-6)
    expected = scale**7 * pressure(before, loose.cell)
    assert pressure(after, dense.cell) == pytest.approx(expected, rel=1e-5)


def test_a_tilt_of_one_box_changes_nothing() -> None:
    configuration = jittered_lattice(200)
    length = configuration.cell.length
    before = evaluate(configuration, MIXTURE)
    after = evaluate(replace(configuration, cell=Cell(length, length)), MIXTURE)
    assert before.energy == after.energy
    assert (before.forces == after.forces).all()


def test_forces_and_energy_ignore_translations() -> None:
    configuration = jittered_lattice(200, 3.0)
    moved = replace(configuration, positions=configuration.positions + [3.21, -17.3])
    before, after = evaluate(configuration, MIXTURE), evaluate(moved, MIXTURE)
    assert after.energy == pytest.approx(before.energy, rel=1e-12)
    np.testing.assert_allclose(after.forces, before.forces, atol=1e-9)
    np.testing.assert_allclose(before.forces.sum(axis=0), 0.0, atol=1e-9)


def test_a_box_too_small_for_the_cutoff_is_refused() -> None:
    with pytest.raises(InputError, match="twice the interaction range"):
        evaluate(replace(jittered_lattice(200), cell=Cell(6.9)), MIXTURE)
