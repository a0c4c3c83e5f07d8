"""The periodic cell: a square of side L whose upper edge is displaced by the tilt.

Its vectors are (L, 0) and (tilt, L), so that simple shear γ along x adds γL to the tilt and keeps
the area. A tilt of L gives the same lattice as none; it is kept in [0, L).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError


@dataclass(frozen=True)
class Cell:
    """Periodic cell with vectors (length, 0) and (tilt, length).

    Attributes:
        length: L, in σ11.
        tilt: displacement of the upper edge along x, in σ11, reduced to [0, L).

    Raises:
        InputError: if the length is not a positive number or the tilt not finite.
    """

    length: float
    tilt: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.length) and self.length > 0):
            raise InputError(f"cell length: {self.length} given, a positive number expected")
        if not np.isfinite(self.tilt):
            raise InputError(f"cell tilt: {self.tilt} given, a finite number expected")
        tilt = self.tilt % self.length
        # what is just below 0 is rounded to the length
        object.__setattr__(self, "tilt", 0.0 if tilt == self.length else tilt)

    @property
    def area(self) -> float:
        """L², in σ11²."""
        return self.length**2

    @property
    def symmetric_tilt(self) -> float:
        """The equivalent tilt in [-L/2, L/2): the least skewed cell of the same lattice."""
        return (self.tilt + self.length / 2) % self.length - self.length / 2

    def check_range(self, interaction_range: float) -> None:
        """Refuse a cell that is less than two interaction ranges wide.

        Raises:
            InputError: likewise.
        """
        if self.length < 2.0 * interaction_range:
            raise InputError(
                f"cell length: {self.length:.6g} given, at least twice the interaction range "
                f"({2.0 * interaction_range:.6g}) expected"
            )

    def sheared(self, gamma: float) -> Cell:
        """The cell after a simple shear γ along x."""
        return Cell(self.length, self.tilt + gamma * self.length)

    def offset(self, image: NDArray[np.integer]) -> NDArray[np.float64]:
        """Lattice vectors (..., 2) of image numbers (..., 2)."""
        image = np.asarray(image)
        x = image[..., 0] * self.length + image[..., 1] * self.tilt
        return np.stack([x, image[..., 1] * self.length], axis=-1)

    def wrap(self, positions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Bring positions (N, 2) into the cell.

        Returns:
            Wrapped positions (N, 2) and image numbers (N, 2) such that
            positions = wrapped + offset(image) up to rounding.
        """
        row = np.floor(positions[:, 1] / self.length)
        column = np.floor(
            (positions[:, 0] - positions[:, 1] / self.length * self.tilt) / self.length
        )
        image = np.stack([column, row], axis=1).astype(np.int32)
        return positions - self.offset(image), image

    def minimum_image(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """The lattice-equivalent displacements (..., 2) with |y| <= L/2, then |x| <= L/2.

        Every displacement shorter than L/2 is its own image, whatever the tilt.
        """
        row = np.rint(displacement[..., 1] / self.length)
        x = displacement[..., 0] - row * self.tilt
        return np.stack(
            [x - np.rint(x / self.length) * self.length, displacement[..., 1] - row * self.length],
            axis=-1,
        )
