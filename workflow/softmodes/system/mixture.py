"""The mixture: soft disks of two sizes and their pair potential.

The potential between species a and b is φ(r) = ε [(σ_ab/r)^n + c0 + c2 (r/σ_ab)² + c4 (r/σ_ab)⁴]
for r < x_c σ_ab and zero beyond. With smoothing, the c's make φ, φ′ and φ″ vanish at the cutoff,
so that forces and Hessian are continuous; without, they are zero. ε, the mass and k_B are 1.

Pairs of species are numbered by their sum: 0 small-small, 1 small-large, 2 large-large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from softmodes.errors import InputError
from softmodes.kernels.compilation import kernel

SMALL, LARGE = 0, 1


class PairTable(NamedTuple):
    """Coefficients of φ(r) = amplitude r^(-2 half_exponent) + constant + quadratic r² + quartic r⁴.

    `half_exponent` is an integer; every other field is an array (3,), one entry per pair type.
    """

    half_exponent: int
    amplitude: NDArray[np.float64]
    constant: NDArray[np.float64]
    quadratic: NDArray[np.float64]
    quartic: NDArray[np.float64]
    cutoff: NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """A binary mixture of soft disks; the defaults are those of the Letter.

    Attributes:
        sigma_small, sigma_mixed, sigma_large: interaction diameters σ11, σ12, σ22, in σ11.
        exponent: n of (σ/r)^n, even.
        cutoff: x_c; the pair potential ends at x_c σ_ab.
        smoothed: whether φ, φ′ and φ″ vanish at the cutoff.
        small_fraction: fraction of small particles.

    Raises:
        InputError: if a diameter or the cutoff is not positive, the exponent not an even number
            above 2, or the fraction outside [0, 1].
    """

    sigma_small: float = 1.0
    sigma_mixed: float = 1.2
    sigma_large: float = 1.4
    exponent: int = 12
    cutoff: float = 2.5
    smoothed: bool = True
    small_fraction: float = 0.5

    def __post_init__(self) -> None:
        for name in ("sigma_small", "sigma_mixed", "sigma_large", "cutoff"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}: {getattr(self, name)} given, a positive number expected")
        if self.exponent != int(self.exponent) or self.exponent % 2 or self.exponent < 4:
            raise InputError(f"exponent: {self.exponent} given, an even integer >= 4 expected")
        if not 0 <= self.small_fraction <= 1:
            raise InputError(
                f"small_fraction: {self.small_fraction} given, a number between 0 and 1 expected"
            )

    @property
    def sigma(self) -> NDArray[np.float64]:
        """Interaction diameters (3,) by pair type."""
        return np.array([self.sigma_small, self.sigma_mixed, self.sigma_large])

    @property
    def largest_cutoff(self) -> float:
        """Longest distance, in σ11, at which two particles interact."""
        return self.cutoff * float(self.sigma.max())

    def species(self, n_particles: int) -> NDArray[np.int8]:
        """Species (N,), the small particles (0) first, then the large ones (1)."""
        n_small = round(n_particles * self.small_fraction)
        return np.repeat(np.array([SMALL, LARGE], dtype=np.int8), [n_small, n_particles - n_small])

    def pair_table(self) -> PairTable:
        """Coefficients of the pair potential, as the kernels take them."""
        n, x = self.exponent, self.cutoff
        # solves φ = φ′ = φ″ = 0 at x for the three coefficients
        c0, c2, c4 = (
            np.array([-(n + 2) * (n + 4) / 8, n * (n + 4) / 4 / x**2, -n * (n + 2) / 8 / x**4])
            * x**-n
            * self.smoothed
        )
        sigma = self.sigma
        return PairTable(
            half_exponent=n // 2,
            amplitude=sigma**n,
            constant=np.full(3, c0),
            quadratic=c2 / sigma**2,
            quartic=c4 / sigma**4,
            cutoff=x * sigma,
        )


@kernel()
def reduced(table: PairTable) -> tuple[int, float, float, float, float, NDArray[np.float64]]:
    """The potential in units of the cutoff, the same for all pairs of species.

    Returns:
        half exponent, amplitude, constant, quadratic and quartic coefficient, and the scale
        (2, 2) of squared distances, 1/cutoff², by the species of either particle.
    """
    half_exponent, amplitude, constant, quadratic, quartic, cutoff = table
    square = cutoff[0] * cutoff[0]
    scale = np.empty((2, 2))
    for first in range(2):
        for second in range(2):
            scale[first, second] = 1.0 / cutoff[first + second] ** 2
    return (
        half_exponent,
        amplitude[0] / cutoff[0] ** (2 * half_exponent),
        constant[0],
        quadratic[0] * square,
        quartic[0] * square * square,
        scale,
    )


@kernel(inline="always")
def inverse_power(inverse_square: float, half_exponent: int) -> float:
    """r^-n from r^-2 and n/2; of numbers or of vectors."""
    if half_exponent == 6:  # the Letter's exponent: three multiplications
        cube = inverse_square * inverse_square * inverse_square
        return cube * cube
    power = inverse_square
    for _ in range(half_exponent - 1):
        power = power * inverse_square
    return power


@kernel(inline="always")
def pair_terms(
    half_exponent: int,
    amplitude: float,
    constant: float,
    quadratic: float,
    quartic: float,
    distance_square: float,
) -> tuple[float, float, float]:
    """φ, φ′/r and φ″ of a pair inside its cutoff, from the coefficients of its type.

    Of a vector of pairs likewise.
    """
    inverse_square = 1.0 / distance_square
    power = amplitude * inverse_power(inverse_square, half_exponent)
    steepness = 2.0 * half_exponent * power * inverse_square
    smoothing = 2.0 * quadratic + 4.0 * quartic * distance_square
    energy = power + constant + (quadratic + quartic * distance_square) * distance_square
    curvature = (
        (2.0 * half_exponent + 1.0) * steepness + smoothing + 8.0 * quartic * distance_square
    )
    return energy, smoothing - steepness, curvature


@kernel()
def pair_derivatives(
    table: PairTable, pair_types: NDArray[np.int64], distances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """φ, φ′ and φ″ of many pairs.

    Args:
        table: coefficients, from `Mixture.pair_table`.
        pair_types: (P,), 0, 1 or 2.
        distances: (P,), in σ11.

    Returns:
        φ, φ′ and φ″, each (P,); zero at and beyond the cutoff.
    """
    half_exponent, amplitude, constant, quadratic, quartic, cutoff = table
    energy = np.zeros(distances.size)
    slope = np.zeros(distances.size)
    curvature = np.zeros(distances.size)
    for pair in range(distances.size):
        distance, t = distances[pair], pair_types[pair]
        if distance < cutoff[t]:
            terms = pair_terms(
                half_exponent, amplitude[t], constant[t], quadratic[t], quartic[t], distance**2
            )
            energy[pair], slope[pair], curvature[pair] = terms[0], terms[1] * distance, terms[2]
    return energy, slope, curvature
