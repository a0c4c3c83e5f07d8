"""One configuration: where particles are, of which species, in which cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.errors import InputError
from softmodes.system.cell import Cell
from softmodes.system.mixture import LARGE, SMALL
from softmodes.system.neighbours import PairList, build_pair_list

Bonds = tuple[NDArray[np.int32], NDArray[np.int32]]
"""The particles (P,) and (P,) that each bond joins."""


@dataclass(frozen=True)
class Configuration:
    """Particles in their periodic cell, as the kernels, which check nothing, take them.

    Attributes:
        positions: (N, 2), wrapped or not, in σ11.
        species: (N,), 0 small, 1 large.
        cell: the periodic cell.

    Raises:
        InputError: if the positions are not a finite (N, 2) array with N > 0, or the species not
            N zeros and ones, as whole numbers or floats.
    """

    positions: NDArray[np.float64]
    species: NDArray[np.int8]
    cell: Cell

    def __post_init__(self) -> None:
        positions, species = as_floats("positions", self.positions), np.asarray(self.species)
        if positions.ndim != 2 or positions.shape[1] != 2 or not len(positions):
            raise InputError(
                f"positions: an array of shape {positions.shape} given, (N, 2) with N > 0 expected"
            )
        finite = np.isfinite(positions).all(axis=1)
        if not finite.all():
            bad = int(np.argmin(finite))
            raise InputError(
                f"positions: particle {bad} is at {positions[bad]}, finite numbers expected"
            )
        if species.shape != positions.shape[:1] or not np.isin(species, (SMALL, LARGE)).all():
            raise InputError(
                f"species: shape {species.shape} and values {np.unique(species)[:5]} given, "
                f"{len(positions)} values 0 or 1 expected"
            )
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "species", np.ascontiguousarray(species, dtype=np.int8))

    @property
    def n_particles(self) -> int:
        """N."""
        return len(self.positions)

    def wrapped(self) -> Configuration:
        """The same with its positions in the cell."""
        return replace(self, positions=self.cell.wrap(self.positions)[0])

    def sheared(self, gamma: float) -> Configuration:
        """After affine simple shear: r + γ y e_x, in the sheared cell.

        The y is that of the coordinates as given: a lattice vector of the cell is mapped to the
        same lattice vector of the sheared cell, so that every choice of images gives the same.
        """
        positions = self.positions.copy()
        positions[:, 0] += gamma * positions[:, 1]
        return self.displaced(positions, gamma)

    def displaced(self, positions: NDArray[np.float64], gamma: float = 0.0) -> Configuration:
        """The same particles at other positions (N, 2), in the cell sheared by gamma."""
        return replace(self, positions=positions, cell=self.cell.sheared(gamma))

    def pair_list(self, radii: NDArray[np.float64]) -> PairList:
        """All pairs closer than the radius (3,) of their pair type, as the kernels take them."""
        length, tilt = self.cell.length, self.cell.symmetric_tilt
        return build_pair_list(self.positions, self.species, radii, length, tilt)

    def pairs(
        self, radii: ArrayLike
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        """All pairs closer than the radius of their pair type.

        Args:
            radii: (3,) by pair type (small-small, mixed, large-large), in σ11.

        Returns:
            first and second (P,) with first < second, in ascending order, and the displacement
            (P, 2) from the second to the first.

        Raises:
            InputError: if the radii are not three positive numbers.
        """
        radii = as_floats("neighbour distances", radii)
        if radii.shape != (3,) or not (np.isfinite(radii) & (radii > 0.0)).all():
            raise InputError(
                f"neighbour distances: {radii} given, three positive numbers expected, by pair type"
            )
        pairs = self.pair_list(radii)
        first = np.repeat(np.arange(self.n_particles, dtype=np.int32), np.diff(pairs.start))
        offset = np.stack([pairs.offset_x, pairs.offset_y], axis=1)
        apart = self.positions[first] - self.positions[pairs.neighbour] - offset
        return first, pairs.neighbour, apart

    def bonds(self, distances: ArrayLike) -> Bonds:
        """Bonds between neighbours: `pairs` closer than the first minimum of their g_ab(r)."""
        first, second, _ = self.pairs(distances)
        return first, second


def as_floats(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Values as a contiguous array of float64; no copy of what is one.

    Raises:
        InputError: with the name, if they are not numbers in rows of equal length.
    """
    try:
        # ascontiguousarray would make a row of a single number
        return np.asarray(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}; an array of numbers expected") from error
