"""All modes by dense algebra, which tests compare with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix


def all_modes(matrix: csc_matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues (2N,) and eigenvectors (2N, N, 2) of a Hessian, the translations first."""
    n_particles = matrix.shape[0] // 2
    translations = np.tile(np.eye(2), n_particles) / np.sqrt(n_particles)
    # lifted above every other eigenvalue, where the translations cannot mix with a mode
    ceiling = 2.0 * float(abs(matrix).sum(axis=0).max())
    lifted = matrix.toarray() + ceiling * (translations.T @ translations)
    eigenvalues, columns = np.linalg.eigh(lifted)
    vectors = np.concatenate([translations, columns[:, :-2].T])
    return np.concatenate([[0.0, 0.0], eigenvalues[:-2]]), vectors.reshape(len(vectors), -1, 2)
