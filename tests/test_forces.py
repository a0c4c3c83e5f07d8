"""Energy, forces and stress against finite differences, a loop over all pairs, and scaling."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import jittered_lattice

from softmodes.cell import Cell
from softmodes.errors import InputError
from softmodes.forces import evaluate, pressure, shear_stress
from softmodes.model import Mixture, pair_derivatives

TILTS = [0.0, 3.0, 11.0]
MIXTURE = Mixture()


def slow_energy_and_forces(
    positions: np.ndarray, species: np.ndarray, cell: Cell, mixture: Mixture
) -> tuple[float, np.ndarray]:
    """All pairs, minimum image, one numpy row at a time."""
    table = mixture.pair_table()
    energy, forces = 0.0, np.zeros_like(positions)
    for i in range(len(positions)):
        others = np.delete(np.arange(len(positions)), i)
        vectors = cell.minimum_image(positions[i] - positions[others])
        distances = np.hypot(*vectors.T)
        types = (species[i] + species[others]).astype(np.int64)
        energies, slopes, _ = pair_derivatives(table, types, distances)
        energy += energies.sum() / 2
        forces[i] = -((slopes / distances)[:, None] * vectors).sum(axis=0)
    return energy, forces


@pytest.mark.parametrize("tilt", TILTS)
def test_list_equals_all_pairs(tilt: float) -> None:
    positions, species, cell = jittered_lattice(200, tilt)
    energy, forces = slow_energy_and_forces(positions, species, cell, MIXTURE)
    evaluation = evaluate(positions, species, cell, MIXTURE)
    assert evaluation.energy == pytest.approx(energy, rel=1e-13)
    np.testing.assert_allclose(evaluation.forces, forces, atol=1e-11 * np.abs(forces).max())


@pytest.mark.parametrize("tilt", TILTS)
def test_forces_are_finite_differences_of_the_energy(tilt: float) -> None:
    positions, species, cell = jittered_lattice(160, tilt)
    forces = evaluate(positions, species, cell, MIXTURE).forces
    step = 1e-5
    for particle, axis in [(0, 0), (17, 1), (80, 0), (159, 1)]:
        moved = [positions.copy(), positions.copy()]
        moved[0][particle, axis] += step
        moved[1][particle, axis] -= step
        high, low = (evaluate(r, species, cell, MIXTURE).energy for r in moved)
        expected = -(high - low) / (2 * step)
        assert forces[particle, axis] == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("tilt", TILTS)
def test_shear_stress_is_the_derivative_of_the_energy_with_shear(tilt: float) -> None:
    positions, species, cell = jittered_lattice(200, tilt)
    step = 1e-6

    def sheared_energy(gamma: float) -> float:
        moved = positions + gamma * positions[:, 1:] * [1.0, 0.0]
        return evaluate(moved, species, cell.sheared(gamma), MIXTURE).energy

    expected = (sheared_energy(step) - sheared_energy(-step)) / (2 * step) / cell.area
    stress = shear_stress(evaluate(positions, species, cell, MIXTURE), cell)
    assert stress == pytest.approx(expected, rel=1e-6)


def test_pressure_is_the_derivative_of_the_energy_with_area() -> None:
    positions, species, cell = jittered_lattice(200)
    step = 1e-6

    def scaled_energy(factor: float) -> float:
        return evaluate(positions * factor, species, Cell(cell.length * factor), MIXTURE).energy

    area_step = cell.area * ((1 + step) ** 2 - (1 - step) ** 2)
    expected = -(scaled_energy(1 + step) - scaled_energy(1 - step)) / area_step
    evaluation = evaluate(positions, species, cell, MIXTURE)
    assert pressure(evaluation, cell) == pytest.approx(expected, rel=1e-6)
    assert pressure(evaluation, cell, 100.0) == pytest.approx(expected + 100.0 / cell.area)


def test_pure_power_law_ties_virial_to_energy() -> None:
    """P = 6 ρ u without kinetic part; what is cut off at 4.5 is below 1e-7 of it."""
    positions, species, cell = jittered_lattice(240)
    evaluation = evaluate(positions, species, cell, Mixture(smoothed=False, cutoff=4.5))
    expected = 6.0 * evaluation.energy / cell.area
    assert pressure(evaluation, cell) == pytest.approx(expected, rel=1e-12)


def test_density_scaling_of_the_pure_power_law() -> None:
    """ρ → sρ: e → s⁶e, P → s⁷P; the cutoff at 4.5 breaks it by less than 1e-5."""
    mixture = Mixture(smoothed=False, cutoff=4.5)
    positions, species, cell = jittered_lattice(300)
    scale = 1.1
    dense = Cell(cell.length / np.sqrt(scale))
    before = evaluate(positions, species, cell, mixture)
    after = evaluate(positions / np.sqrt(scale), species, dense, mixture)
    assert after.energy == pytest.approx(scale**6 * before.energy, rel=1e-6)
    assert pressure(after, dense) == pytest.approx(scale**7 * pressure(before, cell), rel=1e-5)


def test_a_tilt_of_one_box_changes_nothing() -> None:
    positions, species, cell = jittered_lattice(200)
    whole = Cell(cell.length, cell.length)
    before, after = (evaluate(positions, species, c, MIXTURE) for c in (cell, whole))
    assert before.energy == after.energy
    assert (before.forces == after.forces).all()


def test_forces_and_energy_ignore_translations() -> None:
    positions, species, cell = jittered_lattice(200, 3.0)
    before = evaluate(positions, species, cell, MIXTURE)
    after = evaluate(positions + [3.21, -17.3], species, cell, MIXTURE)
    assert after.energy == pytest.approx(before.energy, rel=1e-12)
    np.testing.assert_allclose(after.forces, before.forces, atol=1e-9)
    np.testing.assert_allclose(before.forces.sum(axis=0), 0.0, atol=1e-9)


def test_unusable_positions_and_boxes_are_refused() -> None:
    positions, species, cell = jittered_lattice(200)
    with pytest.raises(InputError, match=r"\(N, 2\) with N > 0 expected"):
        evaluate(positions.T.copy(), species, cell, MIXTURE)
    with pytest.raises(InputError, match="twice the interaction range"):
        evaluate(positions, species, Cell(6.9), MIXTURE)
    with pytest.raises(InputError, match=r"species: shape \(199,\)"):
        evaluate(positions, species[:-1], cell, MIXTURE)
    with pytest.raises(InputError, match=r"species: .* values \[0 1 2\]"):
        evaluate(positions, np.where(np.arange(200) == 3, 2, species), cell, MIXTURE)
    positions[7, 1] = np.nan
    with pytest.raises(InputError, match="particle 7"):
        evaluate(positions, species, cell, MIXTURE)
