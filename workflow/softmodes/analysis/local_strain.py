"""The local shear strain of a displacement field and the four-lobed part of its correlation.

A plastic rearrangement in an elastic medium shears its surroundings as cos 4θ / r² (Eshelby), θ
being the direction from it against that of the shear: where nonaffine displacements are made of
such events, their local shear strains correlate with that symmetry.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.errors import InputError
from softmodes.system.configuration import Configuration, as_floats

INNER_RADIUS, OUTER_RADIUS = 4.0, 10.0
"""Range of distances of `quadrupole`, in σ11.

Up to twice the neighbour distance (3.8) two particles may share neighbours, and then even
independent random displacements have correlated strains, with a cos 4θ part; far out nothing is
left of 1/r² but noise.
"""

FLATTEST_NEIGHBOURHOOD = 1e-3
"""Least ratio of the moments of a neighbourhood that still determines a strain."""


def local_shear_strain(
    configuration: Configuration,
    displacements: NDArray[np.float64],
    neighbour_distances: ArrayLike,
) -> NDArray[np.float64]:
    """ε_xy of the uniform deformation that best describes the neighbourhood of each particle.

    The deformation G_i minimises Σ_j |d_j - d_i - G_i (r_j - r_i)|² over the neighbours j of i
    (Falk and Langer, PRE 57, 7192 (1998)), and ε_xy = (G_xy + G_yx)/2.

    Args:
        configuration: before the displacement.
        displacements: (N, 2), the same for all images of a particle, as nonaffine ones are.
        neighbour_distances: (3,) by pair type, in σ11.

    Returns:
        (N,); NaN for particles whose neighbours are none or lie on one line.

    Raises:
        InputError: if the displacements differ from the positions in shape.
    """
    displacements, n = as_floats("displacements", displacements), configuration.n_particles
    if displacements.shape != (n, 2):
        raise InputError(f"displacements: shape {displacements.shape} given, {(n, 2)} expected")
    first, second, separation = configuration.pairs(neighbour_distances)
    relative = displacements[first] - displacements[second]

    def moments(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        """Σ_j a b over the bonds of each particle; both signs of a bond give the same."""
        # some versions of numpy take sums of weights for whole numbers
        total: NDArray[Any] = np.bincount(first, a * b, n) + np.bincount(second, a * b, n)
        return total

    (x, y), (u, v) = separation.T, relative.T
    xx, xy, yy = moments(x, x), moments(x, y), moments(y, y)
    ux, uy, vx, vy = moments(u, x), moments(u, y), moments(v, x), moments(v, y)
    determinant = xx * yy - xy**2
    known = determinant > FLATTEST_NEIGHBOURHOOD * (xx + yy) ** 2
    strain = np.full(n, math.nan)
    # G_xy = (uy xx - ux xy) / det, G_yx = (vx yy - vy xy) / det
    twice = uy * xx - ux * xy + vx * yy - vy * xy
    strain[known] = 0.5 * twice[known] / determinant[known]
    return strain


def quadrupole(configuration: Configuration, strain: NDArray[np.float64]) -> float:
    """Amplitude of cos 4θ in the normalised correlation of local strains.

    With C(r) = ⟨ε_i ε_j⟩ / ⟨ε²⟩ of the deviations ε from the mean strain, this is
    2 ⟨C(r) cos 4θ⟩ over all pairs from INNER_RADIUS to OUTER_RADIUS (to L/2 in smaller cells), θ
    measured from the x axis, the direction of shear. Positive for lobes along x and y, as those of
    a shear transformation under simple shear; 0 without correlation.

    Args:
        configuration: that the strain was found on.
        strain: (N,); particles with NaN are left out.

    Returns:
        The amplitude; NaN if no pair is in range or the strain does not vary.

    Raises:
        InputError: if the strain is not one number per particle.
    """
    strain = as_floats("strain", strain)
    if strain.shape != configuration.species.shape:
        expected = configuration.species.shape
        raise InputError(f"strain: shape {strain.shape} given, {expected} expected")
    known = ~np.isnan(strain)
    if not known.any():
        return math.nan
    deviation = strain[known] - strain[known].mean()
    radii = np.full(3, min(OUTER_RADIUS, 0.5 * configuration.cell.length))
    strained = Configuration(
        configuration.positions[known], configuration.species[known], configuration.cell
    )
    first, second, separation = strained.pairs(radii)
    distance = np.linalg.norm(separation, axis=1)
    far = distance >= INNER_RADIUS
    variance = np.mean(deviation**2)
    if not far.any() or variance == 0:
        return math.nan
    x, y = separation[far].T / distance[far]
    lobes = 1.0 - 8.0 * (x * y) ** 2  # cos 4θ
    products = deviation[first[far]] * deviation[second[far]]
    return float(2.0 * np.mean(products * lobes) / variance)
