"""Hessian, modes and participation against finite differences and dense algebra."""

from dataclasses import replace

import numpy as np
import pytest
from configurations import jittered_lattice
from dense import all_modes
from glasses import N_PARTICLES, glass, shaken
from scipy.sparse import csc_matrix

from softmodes.errors import InputError
from softmodes.landscape import lanczos, modes
from softmodes.landscape.hessian import hessian
from softmodes.landscape.modes import (
    Modes,
    harmonic_debye_waller,
    lowest_modes,
    participation,
    soft_participation,
)
from softmodes.landscape.quench import quench
from softmodes.system.cell import Cell
from softmodes.system.configuration import Configuration
from softmodes.system.forces import evaluate
from softmodes.system.mixture import Mixture

TILTS = [0.0, 0.31, 0.77]
MIXTURES = [Mixture(), Mixture(smoothed=False, cutoff=4.5), Mixture(exponent=8, cutoff=2.2)]


def lowest(n_modes, tilt=0.0, seed=0):
    return lowest_modes(hessian(*glass(tilt)), n_modes, np.random.default_rng(seed))


def network(n_particles, stiffness_y, seed):
    """Translation-invariant matrix whose x and y parts are equal up to a factor: every eigenvalue
    of one is a neighbour of one of the other."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.uniform(0.0, 1.0, (n_particles, n_particles)), 1)
    weights += weights.T
    laplacian = np.diag(weights.sum(axis=0)) - weights
    return csc_matrix(np.kron(laplacian, np.diag([1.0, stiffness_y])))


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("mixture", MIXTURES)
def test_hessian_is_minus_the_derivative_of_the_forces(tilt, mixture):
    configuration = shaken(glass(tilt)[0], 0.05, 1)
    matrix, positions = hessian(configuration, mixture).toarray(), configuration.positions
    step = 1e-6
    rng = np.random.default_rng(2)
    for column in rng.choice(positions.size, 40, replace=False):
        forces = []
        for sign in (1, -1):
            moved = positions.copy()
            moved.flat[column] += sign * step
            there = replace(configuration, positions=moved)
            forces.append(evaluate(there, mixture).forces.ravel())
        slope = (forces[1] - forces[0]) / (2 * step)
        np.testing.assert_allclose(matrix[:, column], slope, rtol=0, atol=1e-6 * matrix.max())


@pytest.mark.parametrize("tilt", TILTS)
def test_hessian_is_symmetric_to_the_bit_and_its_rows_add_up_to_nothing(tilt):
    matrix = hessian(*glass(tilt))
    assert (matrix != matrix.T).nnz == 0
    assert matrix.has_canonical_format
    assert np.abs(matrix.toarray().reshape(-1, N_PARTICLES, 2).sum(axis=1)).max() < 1e-10


def test_hessian_does_not_depend_on_the_images():
    inherent, mixture = glass(0.31)
    image = np.random.default_rng(3).integers(-2, 3, (N_PARTICLES, 2))
    moved = replace(inherent, positions=inherent.positions + inherent.cell.offset(image))
    assert abs(hessian(moved, mixture) - hessian(inherent, mixture)).max() < 1e-8


@pytest.mark.parametrize("tilt", TILTS)
def test_a_minimum_has_two_zero_modes_and_no_negative_one(tilt):
    eigenvalues = np.linalg.eigvalsh(hessian(*glass(tilt)).toarray())
    assert np.abs(eigenvalues[:2]).max() < 1e-10
    assert eigenvalues[2] > 1e-2


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("n_modes", [1, 3, 30, 100])
def test_lowest_modes_against_all_modes(tilt, n_modes):
    eigenvalues, eigenvectors = all_modes(hessian(*glass(tilt)))
    found = lowest(n_modes, tilt)
    assert found.eigenvalues.shape == (2 + n_modes,)
    assert found.eigenvectors.shape == (2 + n_modes, N_PARTICLES, 2)
    assert not found.splits_degenerate
    np.testing.assert_allclose(found.eigenvalues[2:], eigenvalues[2 : 2 + n_modes], rtol=1e-9)
    assert np.abs(found.eigenvalues[:2]).max() < 1e-10
    # the same subspace: all its principal angles vanish
    ours = found.eigenvectors.reshape(2 + n_modes, -1)
    dense = eigenvectors[: 2 + n_modes].reshape(2 + n_modes, -1)
    np.testing.assert_allclose(np.linalg.svd(ours @ dense.T, compute_uv=False), 1.0, atol=1e-10)
    np.testing.assert_allclose(ours @ ours.T, np.eye(2 + n_modes), atol=1e-10)
    p_dense = participation(eigenvectors[2 : 2 + n_modes]).sum(axis=0)
    np.testing.assert_allclose(soft_participation(found, n_modes), p_dense, atol=1e-9)


def test_the_largest_component_is_positive_and_the_start_vector_does_not_matter():
    found, others = lowest(20), lowest(20, seed=1)
    vectors = found.eigenvectors.reshape(22, -1)
    largest = np.abs(vectors).argmax(axis=1)
    assert (vectors[np.arange(22), largest] > 0).all()
    np.testing.assert_allclose(others.eigenvectors, found.eigenvectors, atol=1e-7)


@pytest.mark.parametrize(("tolerance", "error"), [(lanczos.RITZ_TOLERANCE, 1e-12), (1e-4, 3e-6)])
def test_the_tolerance_bounds_the_error_of_the_soft_participation(monkeypatch, tolerance, error):
    _, eigenvectors = all_modes(hessian(*glass()))
    monkeypatch.setattr(lanczos, "RITZ_TOLERANCE", tolerance)
    p = soft_participation(lowest(10), 10)
    expected = participation(eigenvectors[2:12]).sum(axis=0)
    np.testing.assert_allclose(p, expected, rtol=0, atol=error)


@pytest.mark.parametrize("n_modes", [20, 76])
def test_modes_of_a_small_matrix_exhaust_it(n_modes):
    matrix = network(40, 2.7, seed=8)
    eigenvalues, _ = all_modes(matrix)
    found = lowest_modes(matrix, n_modes, np.random.default_rng(0))
    np.testing.assert_allclose(found.eigenvalues, eigenvalues[: 2 + n_modes], rtol=0, atol=1e-9)


def test_more_equal_modes_than_the_krylov_space_can_tell_apart_are_refused():
    n_particles = 30  # springs between all pairs: one eigenvalue besides the translations'
    matrix = csc_matrix(np.kron(np.eye(n_particles) - 1.0 / n_particles, np.eye(2)))
    with pytest.raises(np.linalg.LinAlgError, match="20 wanted, 3 found"):
        lowest_modes(matrix, 19, np.random.default_rng(0))


def test_negative_modes_come_first():
    inherent, mixture = glass()
    matrix = hessian(shaken(inherent, 0.08, 4), mixture)
    eigenvalues = np.linalg.eigvalsh(matrix.toarray())
    n_negative = int((eigenvalues < -1e-6).sum())
    assert n_negative > 3
    found = lowest_modes(matrix, n_negative + 5, np.random.default_rng(0)).eigenvalues
    without_translations = np.delete(eigenvalues, [n_negative, n_negative + 1])
    np.testing.assert_allclose(found[2:], without_translations[: n_negative + 5], rtol=1e-8)


def test_a_split_degenerate_group_is_said():
    matrix = network(40, 1.0 + 1e-9, seed=5)
    assert lowest_modes(matrix, 3, np.random.default_rng(0)).splits_degenerate
    assert not lowest_modes(matrix, 4, np.random.default_rng(0)).splits_degenerate


def crystal(n_side):
    """A Hessian of like disks on a triangular lattice, whose waves are alike by symmetry."""
    rows, columns = np.mgrid[:n_side, :n_side].reshape(2, -1)
    positions = 1.1 * np.column_stack([columns + 0.5 * (rows % 2) + 0.25, rows + 0.5])
    of_one_kind = Mixture(sigma_mixed=1.0, sigma_large=1.0)
    start = Configuration(positions, np.zeros(n_side**2, np.int8), Cell(1.1 * n_side))
    found = quench(start, of_one_kind)
    assert found.converged
    return hessian(found.configuration, of_one_kind)


@pytest.mark.parametrize(("n_side", "n_modes"), [(6, 13), (6, 17), (8, 14), (8, 15), (8, 19)])
def test_no_mode_of_a_crystal_is_missed(n_side, n_modes):
    """Three vectors in a block missed some of these, and a cut through a group kept it silent."""
    matrix = crystal(n_side)
    found = lowest_modes(matrix, n_modes, np.random.default_rng(0))
    expected = np.linalg.eigvalsh(matrix.toarray())[: 3 + n_modes]
    np.testing.assert_allclose(found.eigenvalues[2:], expected[2:-1], rtol=1e-8)
    cut = expected[-1] - expected[-2] <= 1e-6 * expected[-1]
    assert found.splits_degenerate == cut


def test_fewer_modes_than_are_negative_are_found():
    inherent, mixture = glass()
    matrix = hessian(shaken(inherent, 0.08, 4), mixture)
    found = lowest_modes(matrix, 3, np.random.default_rng(0)).eigenvalues
    expected = np.linalg.eigvalsh(matrix.toarray())[:3]
    assert expected[-1] < 0.0
    np.testing.assert_allclose(found[2:], expected, rtol=1e-8)


def test_a_missed_mode_is_noticed(monkeypatch):
    complete = modes.largest_eigenpairs

    def forgetful(factors, n_wanted, rng, **width):
        inverses, eigenvectors = complete(factors, n_wanted + 1, rng, **width)
        return np.delete(inverses, 2), np.delete(eigenvectors, 2, axis=1)

    monkeypatch.setattr(modes, "largest_eigenpairs", forgetful)
    with pytest.raises(np.linalg.LinAlgError, match="5 found where the inertia counts 6"):
        lowest(5)


@pytest.mark.parametrize("n_modes", [0, 2 * N_PARTICLES - 3])
def test_a_number_of_modes_that_cannot_be_had_is_refused(n_modes):
    with pytest.raises(InputError, match="n_modes"):
        lowest(n_modes)
    with pytest.raises(InputError, match="n_modes"):
        soft_participation(lowest(4), 5)


@pytest.mark.parametrize("n_modes", [1, 7, 30])
def test_soft_participation_adds_up_to_the_number_of_modes(n_modes):
    p = soft_participation(lowest(30), n_modes)
    assert p.shape == (N_PARTICLES,)
    assert abs(p.sum() - n_modes) < 1e-11


def test_all_modes_take_part_equally():
    """Completeness: only the translations are missing from Σ_j f_i^j = 2."""
    _, eigenvectors = all_modes(hessian(*glass()))
    p = participation(eigenvectors[2:]).sum(axis=0)
    np.testing.assert_allclose(p, 2.0 - 2.0 / N_PARTICLES, atol=1e-12)


def test_participation_by_hand():
    vectors = np.array([[[0.6, 0.0], [0.0, 0.8]], [[0.5, 0.5], [-0.5, 0.5]]])
    np.testing.assert_allclose(participation(vectors), [[0.36, 0.64], [0.5, 0.5]])


def test_harmonic_debye_waller_against_sampled_motion():
    """Velocities √T along each axis in turn, less their mean, have the covariance of
    Maxwell-Boltzmann velocities without total momentum. With all modes known nothing is left to
    the mean over phases."""
    n_particles, temperature, window = 12, 0.37, 3.0
    matrix = network(n_particles, 2.7, seed=6)
    eigenvalues, eigenvectors = all_modes(matrix)
    vectors = eigenvectors[2:].reshape(-1, 2 * n_particles)
    frequencies = np.sqrt(eigenvalues[2:])
    times = (np.arange(4000) + 0.5) * window / 4000
    swing = np.sin(frequencies * times[:, None]) / frequencies
    expected = np.zeros(n_particles)
    for velocity in np.sqrt(temperature) * np.eye(2 * n_particles):
        motion = (swing * (vectors @ velocity)) @ vectors
        expected += motion.reshape(-1, n_particles, 2).var(axis=0).sum(axis=1)
    known = Modes(eigenvalues, eigenvectors, splits_degenerate=False)
    found = harmonic_debye_waller(matrix, known, temperature=temperature, window=window)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(("window", "bound"), [(10.0, 1.4e-3), (20.0, 6e-4)])
def test_the_lowest_modes_are_enough_for_the_harmonic_debye_waller_factor(window, bound):
    """One mode in a hundred, against all of them; plain ½/ω² for the rest would be 3e-3 off in the
    first window, 7e-4 in the second."""
    n_particles, motion = 400, {"temperature": 0.5, "window": window}
    inherent = quench(jittered_lattice(n_particles), Mixture()).configuration
    matrix = hessian(inherent, Mixture())
    everything = Modes(*all_modes(matrix), splits_degenerate=False)
    expected = harmonic_debye_waller(matrix, everything, **motion)
    lowest = lowest_modes(matrix, n_particles // 50, np.random.default_rng(0))
    found = harmonic_debye_waller(matrix, lowest, **motion)
    assert np.sqrt(np.mean((found / expected - 1.0) ** 2)) < bound
    quarter = slice(-n_particles // 4, None)
    assert set(np.argsort(found)[quarter]) == set(np.argsort(expected)[quarter])


def test_harmonic_debye_waller_refuses_a_saddle():
    matrix = network(5, 1.0, seed=7)
    eigenvalues, eigenvectors = all_modes(matrix)
    eigenvalues[2] = -0.1
    known = Modes(eigenvalues, eigenvectors, False)
    with pytest.raises(InputError, match=r"-0\.1"):
        harmonic_debye_waller(matrix, known, temperature=1.0, window=1.0)
