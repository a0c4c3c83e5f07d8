"""Quenches against brute force, symmetries, saddles and each other."""

from dataclasses import replace

import numpy as np
import pytest
from glasses import N_PARTICLES, glass, shaken

from softmodes.errors import InputError
from softmodes.landscape import quench as quenching
from softmodes.landscape.hessian import hessian
from softmodes.landscape.modes import lowest_modes, soft_participation
from softmodes.landscape.quench import UNKNOWN, quench
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate, pressure
from softmodes.system.mixture import Mixture

THERMAL = 0.05
"""Noise that raises the energy by 0.6 to 0.9 ε per particle; thermal motion at T = 0.5 has 0.5."""


def square_lattice(side=12, spacing=1.16):
    """One species on a square lattice: without forces by symmetry, and unstable."""
    sites = np.stack(np.divmod(np.arange(side**2), side), axis=1) * spacing
    mixture = Mixture(small_fraction=1.0)
    return Configuration(sites + 0.3, mixture.species(side**2), Cell(side * spacing)), mixture


def random_start(seed):
    rng, cell = np.random.default_rng(seed), Cell(np.sqrt(200 / 0.745))
    return Configuration(rng.uniform(0.0, cell.length, (200, 2)), Mixture().species(200), cell)


def shift(configuration, displacement):
    return replace(configuration, positions=configuration.positions + displacement)


def assert_at(found, positions, atol):
    np.testing.assert_allclose(found.configuration.positions, positions, rtol=0, atol=atol)


def brute_force(configuration, mixture):
    """Forces of the pure power law by a plain double sum over pairs and images."""
    positions, species, cell = configuration.positions, configuration.species, configuration.cell
    sigma = mixture.sigma[species[:, None] + species]
    forces = np.zeros_like(positions)
    separation = positions[:, None] - positions
    for column in (-1, 0, 1):
        for row in (-1, 0, 1):
            r = cell.minimum_image(separation) + cell.offset(np.array([column, row]))
            distance = np.hypot(r[..., 0], r[..., 1])
            near = (distance > 0) & (distance < mixture.cutoff * sigma)
            distance = np.where(near, distance, np.inf)
            factor = mixture.exponent * (sigma / distance) ** mixture.exponent / distance**2
            forces += np.where(near[..., None], factor[..., None] * r, 0.0).sum(axis=1)
    return forces


@pytest.mark.parametrize("tilt", [0.0, 0.31, 0.77])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_thermal_configuration_ends_at_a_minimum(tilt, seed):
    inherent, mixture = glass(tilt)
    start = shaken(inherent, THERMAL, seed)
    heat = evaluate(start, mixture).energy / N_PARTICLES
    found = quench(start, mixture)
    assert heat > found.energy_per_particle + 0.3
    assert found.converged
    assert found.message == "converged"
    assert found.max_force <= 1e-11
    assert found.n_negative == 0
    assert 20 < found.iterations < 250  # steepest descent takes thousands
    assert 1 <= found.newton_iterations <= 10
    evaluation = evaluate(found.configuration, mixture)
    assert evaluation.energy / N_PARTICLES == pytest.approx(found.energy_per_particle, rel=1e-13)
    assert np.linalg.eigvalsh(hessian(found.configuration, mixture).toarray())[2] > 0


def test_no_force_is_left_by_brute_force():
    mixture = Mixture(smoothed=False, cutoff=4.5)
    found = quench(shaken(glass(0.31)[0], THERMAL, 3), mixture)
    assert found.converged
    assert np.abs(brute_force(found.configuration, mixture)).max() < 3e-11


@pytest.mark.parametrize("seed", range(6))
def test_newton_stays_in_the_basin_of_conjugate_gradients(seed):
    inherent, mixture = glass()
    start = shaken(inherent, 0.5 * THERMAL * (1 + seed), seed)
    found = quench(start, mixture)
    plain = quench(start, mixture, tolerance=quenching.LOOSE_TOLERANCE)
    assert plain.newton_iterations == 0
    assert found.newton_iterations > 0
    assert_at(found, plain.configuration.positions, atol=1e-5)
    assert found.energy_per_particle == pytest.approx(plain.energy_per_particle, rel=1e-10)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_start_ends_at_a_minimum(seed):
    start = random_start(seed)
    assert evaluate(start, Mixture()).energy > 1e9
    found = quench(start, Mixture())
    assert found.converged
    assert 2.0 < found.energy_per_particle < 3.5


def test_a_loose_tolerance_is_kept_without_a_hessian():
    found = quench(random_start(3), Mixture(), tolerance=1e-3)
    assert found.converged
    assert 1e-6 < found.max_force <= 1e-3
    assert found.newton_iterations == 0
    assert found.n_negative == UNKNOWN


def test_a_minimum_stays_where_it_is():
    inherent, mixture = glass()
    again = quench(inherent, mixture)
    assert again.converged
    assert again.newton_iterations <= 1
    assert_at(again, inherent.positions, atol=1e-11)


@pytest.mark.parametrize("tilt", [0.0, 0.31])
def test_translations_and_images_do_not_matter(tilt):
    """Near a minimum, where rounding cannot change the basin."""
    inherent, mixture = glass(tilt)
    start = shaken(inherent, 0.03, 4)
    found = quench(start, mixture)
    positions = found.configuration.positions
    drift = (positions - inherent.positions).mean(axis=0)
    np.testing.assert_allclose(positions, inherent.positions + drift)

    translation = np.array([3.7, -11.1])
    translated = quench(shift(start, translation), mixture)
    assert_at(translated, positions + translation, atol=1e-9)
    assert translated.energy_per_particle == pytest.approx(found.energy_per_particle, rel=1e-13)

    image = np.random.default_rng(5).integers(-3, 4, positions.shape)
    moved = quench(shift(start, start.cell.offset(image)), mixture)
    assert_at(moved, positions + start.cell.offset(image), atol=1e-9)
    assert moved.energy_per_particle == pytest.approx(found.energy_per_particle, rel=1e-13)


def test_a_tilt_of_one_length_is_none():
    inherent, mixture = glass()
    start = shaken(inherent, THERMAL, 6)
    tilted = replace(start, cell=Cell(start.cell.length, start.cell.length))
    assert_at(quench(tilted, mixture), quench(start, mixture).configuration.positions, atol=0)


def test_no_particle_leaves_its_image():
    inherent, mixture = glass(0.31)
    start = shift(shaken(inherent, THERMAL, 7), 5.0 * inherent.cell.length)
    assert_at(quench(start, mixture), start.positions, atol=2.0)


def test_the_path_does_not_depend_on_the_calls_of_the_kernel(monkeypatch):
    """But for the order of its sums."""
    inherent, mixture = glass()
    start = shaken(inherent, THERMAL, 8)
    found = quench(start, mixture)
    monkeypatch.setattr(quenching, "WORK_PER_CALL", 37 * N_PARTICLES)
    broken = quench(start, mixture)
    assert_at(broken, found.configuration.positions, atol=1e-10)
    assert broken.iterations == pytest.approx(found.iterations, rel=0.05)


def test_a_saddle_is_recognised():
    lattice, mixture = square_lattice()
    found = quench(lattice, mixture)
    eigenvalues = np.linalg.eigvalsh(hessian(lattice, mixture).toarray())
    assert found.max_force <= 1e-11
    assert found.n_negative == (eigenvalues < -1e-8).sum() > 0
    assert not found.converged
    assert found.message == f"saddle: negative modes: {found.n_negative}"
    assert_at(found, lattice.positions, atol=1e-9)


def test_newton_does_not_climb_to_a_saddle_nearby():
    lattice, mixture = square_lattice()
    start = shaken(lattice, 1e-6, 10)
    height = evaluate(lattice, mixture).energy / lattice.n_particles
    assert np.abs(evaluate(start, mixture).forces).max() < quenching.NEWTON_THRESHOLD
    found = quench(start, mixture)
    assert found.converged
    assert found.energy_per_particle < height - 1e-3


def test_no_particle_moves_far_in_one_iteration(monkeypatch):
    start = random_start(11)
    monkeypatch.setattr(quenching, "WORK_PER_CALL", 2 * 200)
    monkeypatch.setattr(quenching, "MAX_ITERATIONS", 1)
    found = quench(start, Mixture())
    assert found.iterations == 1
    moved = np.linalg.norm(found.configuration.positions - start.positions, axis=1).max()
    assert 0.0 < moved <= quenching.LONGEST_STEP * (1 + 1e-9)


def test_a_quench_that_is_cut_short_says_so(monkeypatch):
    inherent, mixture = glass()
    monkeypatch.setattr(quenching, "WORK_PER_CALL", 10 * N_PARTICLES)
    monkeypatch.setattr(quenching, "MAX_ITERATIONS", 10)
    found = quench(shaken(inherent, THERMAL, 9), mixture)
    assert not found.converged
    assert found.max_force > 1e-3
    assert found.n_negative == UNKNOWN
    assert "iterations" in found.message


def test_unusable_input_is_refused():
    inherent, mixture = glass()
    with pytest.raises(InputError, match="tolerance"):
        quench(inherent, mixture, tolerance=0.0)
    with pytest.raises(InputError, match="cell length"):
        quench(replace(inherent, cell=Cell(5.0)), mixture)
    coincident = inherent.positions.copy()
    coincident[3] = coincident[40]
    with pytest.raises(InputError, match="coincide"):
        quench(replace(inherent, positions=coincident), mixture)


def test_the_smoothed_cutoff_changes_little():
    """Against the unsmoothed 4.5 σ_ab of older papers, in the same basin."""
    inherent, mixture = glass()
    cell = inherent.cell
    far = Mixture(smoothed=False, cutoff=4.5)
    energies, pressures, p = [], [], []
    for potential in (mixture, far):
        found = quench(inherent, potential)
        assert found.converged
        evaluation = evaluate(found.configuration, potential)
        energies.append(found.energy_per_particle)
        pressures.append(pressure(evaluation, cell))
        matrix = hessian(found.configuration, potential)
        modes = lowest_modes(matrix, 10, np.random.default_rng(0))
        p.append(soft_participation(modes, 10))
    assert energies[0] == pytest.approx(energies[1], rel=1e-3)
    assert pressures[0] == pytest.approx(pressures[1], rel=3e-4)
    np.testing.assert_allclose(p[0], p[1], rtol=0, atol=1e-4)
    assert p[0].max() > 0.1
    # exact for a power law, truncated or not
    density = N_PARTICLES / cell.area
    assert pressures[1] == pytest.approx(6.0 * density * energies[1], rel=1e-12)
