"""What modes hold of a response, against dense algebra and by hand."""

import numpy as np
import pytest
from dense import all_modes
from glasses import glass
from scipy.sparse import csc_matrix

from softmodes.errors import InputError
from softmodes.landscape.hessian import factorise_pinned, hessian
from softmodes.landscape.modes import Modes, lowest_modes
from softmodes.landscape.response import held_fraction, random_fraction, response_in_modes
from softmodes.landscape.shear import affine_force, linear_response

NUMBERS = [1, 2, 3, 10, 40, 150]


def springs(n_particles: int) -> csc_matrix:
    """The Hessian of particles all joined: every ω² is n along x and 2n along y."""
    laplacian = n_particles * np.eye(n_particles) - 1.0
    return csc_matrix(np.kron(laplacian, np.diag([1.0, 2.0])))


def dense(matrix: csc_matrix) -> Modes:
    return Modes(*all_modes(matrix), splits_degenerate=False)


@pytest.mark.parametrize("tilt", [0.0, 0.31])
def test_fractions_are_those_of_all_modes_by_dense_algebra(tilt):
    inherent, mixture = glass(tilt)
    squares, vectors = all_modes(hessian(inherent, mixture))
    force = affine_force(inherent, mixture)
    along = np.einsum("jic,ic->j", vectors[2:], force) / squares[2:]
    softness = squares[2:] ** -2
    found = response_in_modes(inherent, mixture, NUMBERS, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(found.n_modes, NUMBERS)
    at = found.n_modes - 1
    np.testing.assert_allclose(
        found.fraction, np.cumsum(along**2)[at] / np.sum(along**2), rtol=1e-6
    )
    # the rest, 1 % here, is known to 3 %
    np.testing.assert_allclose(found.random, np.cumsum(softness)[at] / softness.sum(), rtol=1e-3)


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


def test_random_forces_by_hand():
    """Three particles joined: ω² is 3, 3, 6, 6, so that the modes add 4, 4, 1, 1 of 36ths."""
    matrix = springs(3)
    lowest = lowest_modes(matrix, 2, np.random.default_rng(3))
    rng = np.random.default_rng(4)
    found = random_fraction(factorise_pinned(matrix), lowest, rng, n_forces=2000)
    np.testing.assert_allclose(found, [0.4, 0.8], rtol=0.01)


def test_the_error_of_the_random_fraction_is_as_told():
    """Of twelve particles joined the 22 modes make two groups, of which the stiffer is not given."""
    matrix = springs(12)
    squares, vectors = all_modes(matrix)
    lowest = Modes(squares[:13], vectors[:13], splits_degenerate=True)
    factors = factorise_pinned(matrix)
    found = [
        random_fraction(factors, lowest, np.random.default_rng(seed), n_forces=8)[-1]
        for seed in range(200)
    ]
    # what the others add to what is known, 1/4
    rest = 1.0 / np.array(found) - 1.0
    assert rest.mean() == pytest.approx(0.25, rel=0.03)
    assert rest.std() / 0.25 == pytest.approx(np.sqrt(2.0 / (8 * 11)), rel=0.2)


def test_more_modes_than_there_are_are_refused():
    with pytest.raises(InputError, match="n_modes: 400 given"):
        response_in_modes(*glass(), [1, 400], rng=np.random.default_rng(0))
