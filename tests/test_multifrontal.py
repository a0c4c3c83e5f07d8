"""Factors, inertia and orderings of sparse symmetric matrices against dense linear algebra."""

import numpy as np
import pytest
from configurations import jittered_lattice
from glasses import glass, shaken
from scipy.sparse import csc_matrix, eye_array

from softmodes.kernels import multifrontal
from softmodes.kernels.multifrontal import count_below, dissect, factorise
from softmodes.landscape.hessian import hessian
from softmodes.system.mixture import Mixture

TILTS = [0.0, 0.31, 0.77]


def stiffness(n_particles, tilt=0.0):
    """Hessian (2N, 2N) of a jittered lattice: a saddle, with many neighbours near the cutoff."""
    length = jittered_lattice(n_particles).cell.length
    return hessian(jittered_lattice(n_particles, tilt * length), Mixture())


def chains(n_particles, n_chains, seed=0):
    """Separate chains of particles in random order, each with blocks of its own on the diagonal."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((2 * n_particles, 2 * n_particles))
    order = rng.permutation(n_particles)
    for i in range(n_particles):
        here = slice(2 * order[i], 2 * order[i] + 2)
        dense[here, here] = 4.0 * np.eye(2) + rng.uniform(-0.1, 0.1)
        if i % (n_particles // n_chains):
            there = slice(2 * order[i - 1], 2 * order[i - 1] + 2)
            dense[here, there] = rng.uniform(-1.0, 1.0, (2, 2))
            dense[there, here] = dense[here, there].T
    return csc_matrix(dense)


def joined(matrix):
    """Which pairs of particles share an entry, (N, N)."""
    blocks = np.abs(matrix.toarray()).reshape(len(matrix.indptr) // 2, 2, -1, 2)
    return blocks.sum(axis=(1, 3)) > 0.0


MATRICES = {
    **{f"N = {n}": (lambda n=n: stiffness(n)) for n in (72, 200, 800)},
    **{f"tilt {tilt}": (lambda tilt=tilt: stiffness(300, tilt)) for tilt in TILTS[1:]},
    "one leaf": lambda: chains(20, 1),
    "one chain": lambda: chains(500, 1),
    "a hundred chains": lambda: chains(500, 100),
    "no neighbours": lambda: chains(100, 100),
    "all are neighbours": lambda: csc_matrix(np.eye(240) + np.full((240, 240), 0.01)),
}


@pytest.fixture(params=MATRICES, scope="module")
def matrix(request):
    return MATRICES[request.param]()


def test_a_dissection_orders_every_particle_once(matrix):
    n = matrix.shape[0] // 2
    found = dissect(matrix)
    np.testing.assert_array_equal(np.sort(found.order), np.arange(n))
    np.testing.assert_array_equal(found.order[found.index_of], np.arange(n))
    assert found.first[0] == 0
    assert found.first[-1] == n


def test_boundaries_are_those_of_elimination(matrix):
    """Play elimination on the graph: what is coupled to the pivots of a front when their turn
    comes is its boundary, and all of it is in the parent or the parent's boundary."""
    found = dissect(matrix)
    graph = joined(matrix)[np.ix_(found.order, found.order)]
    for k, parent in enumerate(found.parent):
        first, last = found.first[k], found.first[k + 1]
        boundary = found.boundary[found.boundary_start[k] : found.boundary_start[k + 1]]
        coupled = last + np.flatnonzero(graph[first:last, last:].any(axis=0))
        assert set(coupled) <= set(boundary)
        for child in np.flatnonzero(found.parent == k):
            inner = found.boundary[found.boundary_start[child] : found.boundary_start[child + 1]]
            assert set(inner[inner >= last]) <= set(boundary)
            assert (inner >= first).all()
        graph[np.ix_(coupled, coupled)] = True
        if len(boundary):
            assert found.first[parent] <= boundary[0] < found.first[parent + 1]
        else:
            assert parent == -1


def test_separators_on_a_periodic_square_are_short():
    """In units of a row of neighbours, about 2.6 σ wide: two rows part the torus, four in all make
    quarters; the leaves are as small as asked."""
    found = dissect(stiffness(1800))
    sizes = np.diff(found.first)
    assert sizes[-1] < 1800 / 8
    assert sizes.max() == sizes[-1]
    children = np.setdiff1d(np.arange(len(sizes)), found.parent)
    assert sizes[children].max() <= multifrontal.LARGEST_LEAF


def test_a_separator_is_a_smallest_one():
    """Brute force over all covers of the pairs across the cut of a small random graph."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        across = rng.random((6, 6)) < 0.3
        graph = np.block([[np.ones((6, 6)), across], [across.T, np.ones((6, 6))]]) > 0
        np.fill_diagonal(graph, False)
        start = np.concatenate([[0], np.cumsum(graph.sum(axis=1))])
        side = np.repeat(np.array([multifrontal.LEFT, multifrontal.RIGHT], np.int8), 6)
        size = multifrontal._separate(start, np.nonzero(graph)[1].astype(np.int32), side)
        left, right = side[:6] == multifrontal.LEFT, side[6:] == multifrontal.RIGHT
        assert size == np.count_nonzero(side == multifrontal.SEPARATOR)
        assert not across[left][:, right].any()
        smallest = 12
        for chosen in range(2**6):
            kept = ~(chosen >> np.arange(6) & 1).astype(bool)
            smallest = min(smallest, np.count_nonzero(~kept) + across[kept].any(axis=0).sum())
        assert size == smallest


def shifts(matrix):
    """Of a definite matrix and, between two eigenvalues, of indefinite ones."""
    eigenvalues = np.linalg.eigvalsh(matrix.toarray())
    yield eigenvalues[0] - 0.5, 0
    gaps = np.diff(eigenvalues)
    for fraction in (0.03, 0.5):
        k = int(fraction * len(eigenvalues))
        widest = k + gaps[k : k + 20].argmax()
        if gaps[widest] > 1e-3:
            yield eigenvalues[widest : widest + 2].mean(), widest + 1


@pytest.mark.parametrize("n_columns", [1, 5])
def test_solutions_solve(matrix, n_columns):
    right_side = np.random.default_rng(2).standard_normal((matrix.shape[0], n_columns))
    for shift, n_below in shifts(matrix):
        factors = factorise(matrix, dissect(matrix), shift)
        shifted = matrix - shift * eye_array(matrix.shape[0])
        solution = factors.solve(right_side)
        expected = np.linalg.solve(shifted.toarray(), right_side)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(solution, expected, rtol=0, atol=1e-7 * scale)
        assert factors.n_negative == n_below


def test_the_diagonal_of_the_inverse(matrix):
    for shift, _ in shifts(matrix):
        found = factorise(matrix, dissect(matrix), shift).inverse_diagonal()
        shifted = matrix - shift * eye_array(matrix.shape[0])
        expected = np.linalg.inv(shifted.toarray()).diagonal()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 * np.abs(expected).max())


def test_the_inertia_counts_the_eigenvalues_below_every_gap():
    inherent, mixture = glass(0.31)
    for amplitude in (0.0, 0.08):
        matrix = hessian(shaken(inherent, amplitude, 1), mixture)
        eigenvalues = np.linalg.eigvalsh(matrix.toarray())
        dissection = dissect(matrix)
        for k in range(0, len(eigenvalues) - 1, 7):
            low, high = eigenvalues[k : k + 2]
            if high - low > 1e-6:
                assert count_below(matrix, dissection, (low + high) / 2.0) == k + 1


def test_a_singular_matrix_is_refused():
    matrix = hessian(*glass())  # the translations
    with pytest.raises(np.linalg.LinAlgError, match="zero to rounding"):
        factorise(matrix, dissect(matrix))
    with pytest.raises(np.linalg.LinAlgError, match="zero to rounding"):
        count_below(matrix, dissect(matrix), 0.0)
    swap = csc_matrix(np.array([[0.0, 1.0], [1.0, 0.0]]))  # regular, but without pivots
    with pytest.raises(np.linalg.LinAlgError, match="zero to rounding"):
        factorise(swap, dissect(swap))


def test_the_same_bits_every_time():
    matrix = stiffness(300)
    right_side = np.ones((600, 3))
    first, second = (factorise(matrix, dissect(matrix), -50.0).solve(right_side) for _ in range(2))
    np.testing.assert_array_equal(first, second)
