"""What modes hold of a response, against dense algebra and by hand."""

import numpy as np
import pytest
from dense import all_modes
from glasses import glass
from scipy.sparse import csc_matrix

from softmodes.errors import InputError
from softmodes.landscape.hessian import factorise_pinned, hessian
from softmodes.landscape.modes import Modes
from softmodes.landscape.response import held_fraction, random_fraction, response_in_modes
from softmodes.landscape.shear import affine_force, linear_response

NUMBERS = [1, 2, 3, 10, 40, 150]


def springs(n_particles: int) -> csc_matrix:
    """The Hessian of particles all joined: every mode has ω² = n."""
    laplacian = n_particles * np.eye(n_particles) - 1.0
    return csc_matrix(np.kron(laplacian, np.eye(2)))


def dense(matrix: csc_matrix) -> Modes:
    return Modes(*all_modes(matrix), splits_degenerate=False)


@pytest.mark.parametrize("tilt", [0.0, 0.31])
def test_fractions_are_those_of_all_modes_by_dense_algebra(tilt):
    inherent, mixture = glass(tilt)
    squares, vectors = all_modes(hessian(inherent, mixture))
    force = affine_force(inherent, mixture)
    along = np.einsum("jic,ic->j", vectors[2:], force) / squares[2:]
    found = response_in_modes(inherent, mixture, NUMBERS, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(found.n_modes, NUMBERS)
    at = found.n_modes - 1
    np.testing.assert_allclose(
        found.fraction, np.cumsum(along**2)[at] / np.sum(along**2), rtol=1e-6
    )
    forces = np.random.default_rng(2).normal(size=(10000, len(along)))
    held = np.cumsum((forces / squares[2:]) ** 2, axis=1)
    # both are means of so many draws
    np.testing.assert_allclose(found.random, (held[:, at] / held[:, -1:]).mean(axis=0), atol=0.01)


def test_all_modes_hold_everything():
    inherent, mixture = glass()
    matrix = hessian(inherent, mixture)
    modes, factors = dense(matrix), factorise_pinned(matrix)
    held = held_fraction(linear_response(inherent, mixture), modes)
    assert len(held) == 2 * inherent.n_particles - 2
    assert (np.diff(held) >= 0.0).all()
    assert held[-1] == pytest.approx(1.0, abs=1e-9)
    random = random_fraction(factors, modes, np.random.default_rng(2))
    assert random[-1] == pytest.approx(1.0, abs=1e-9)


def test_a_displacement_of_two_modes_is_held_by_them():
    modes = dense(hessian(*glass()))
    displacement = 3.0 * modes.eigenvectors[4] - 4.0 * modes.eigenvectors[7]
    held = held_fraction(displacement, modes)
    np.testing.assert_allclose(held[[1, 2, 4, 5, -1]], [0.0, 0.36, 0.36, 1.0, 1.0], atol=1e-12)


def test_a_random_force_has_as_much_of_each_of_equal_modes():
    """Of seven particles joined the modes are all alike, and six of twelve hold a half."""
    matrix = springs(7)
    squares, vectors = all_modes(matrix)
    lowest = Modes(squares[:8], vectors[:8], splits_degenerate=True)
    rng = np.random.default_rng(3)
    found = random_fraction(factorise_pinned(matrix), lowest, rng, n_forces=2000)
    np.testing.assert_allclose(found, np.arange(1, 7) / 12, rtol=0.02)


def test_more_modes_than_there_are_are_refused():
    with pytest.raises(InputError, match="n_modes: 400 given"):
        response_in_modes(*glass(), [1, 400], rng=np.random.default_rng(0))
