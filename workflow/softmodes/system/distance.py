"""How far two configurations of the same particles are from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from softmodes.system.cell import Cell

MOBILE_FRACTION = 0.1
"""Of the particles, those that moved farthest, in `mobile_distance`."""


def displacement_between(
    positions: NDArray[np.float64], reference: NDArray[np.float64], cell: Cell
) -> NDArray[np.float64]:
    """Displacements (..., N, 2) from the reference, in σ11: nearest images, less their mean.

    Args:
        positions, reference: (..., N, 2), wrapped or not.
        cell: of both.
    """
    displacement = cell.minimum_image(positions - reference)
    return displacement - displacement.mean(axis=-2, keepdims=True)


def rms_distance(displacement: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the mean square (...) of displacements (..., N, 2) of N particles, in σ11."""
    return np.sqrt(_squares(displacement).mean(axis=-1))


def mobile_distance(displacement: NDArray[np.float64]) -> NDArray[np.float64]:
    """`rms_distance` (...) of the MOBILE_FRACTION of the particles that moved farthest, in σ11.

    One particle at least.
    """
    squares = np.sort(_squares(displacement), axis=-1)
    n_mobile = max(1, round(MOBILE_FRACTION * squares.shape[-1]))
    return np.sqrt(squares[..., -n_mobile:].mean(axis=-1))


def largest_distance(displacement: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length (...) of the longest of displacements (..., N, 2), in σ11."""
    return np.sqrt(_squares(displacement).max(axis=-1))


def _squares(displacement: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("...c,...c->...", displacement, displacement)
