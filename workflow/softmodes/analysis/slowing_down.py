"""How relaxation slows down on cooling: Vogel and Fulcher's law, and where that of Arrhenius ends.

Both laws are straight in all parameters but one temperature, which is sought on a grid, the others
being had by linear least squares for each (variable projection); all temperatures count alike in
ln τ. Whole sets of resampled relaxation times are fitted at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from softmodes.analysis.relaxation import relaxation_time
from softmodes.analysis.statistics import resample_weights
from softmodes.errors import InputError

GRID = 400
"""Values tried for the one parameter that enters nonlinearly."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class VogelFulcher:
    """τ = τ_0 exp(B/(T - T_0)).

    H. Vogel, Phys. Z. 22, 645 (1921); G. S. Fulcher, J. Am. Ceram. Soc. 8, 339 (1925).

    Attributes:
        prefactor: τ_0 (R,), in the unit of the times; NaN where the fit failed.
        strength: B (R,), in ε/k_B.
        divergence: T_0 (R,), in ε/k_B.
    """

    prefactor: Values
    strength: Values
    divergence: Values


@dataclass(frozen=True)
class Onset:
    """ln τ = ln τ_∞ + E/T, and below T_o more by J² (1/T - 1/T_o)².

    The parabolic law below the onset: Y. S. Elmatad, D. Chandler and J. P. Garrahan, J. Phys.
    Chem. B 113, 5563 (2009), here on top of the activation energy that the hot liquid has.

    Attributes:
        prefactor: τ_∞ (R,), in the unit of the times; NaN where the fit failed.
        activation_energy: E (R,), in ε.
        curvature: J² (R,), in ε².
        temperature: T_o (R,), in ε/k_B, where the times leave Arrhenius' law.
    """

    prefactor: Values
    activation_energy: Values
    curvature: Values
    temperature: Values


def resampled_times(times: ArrayLike, scattering: ArrayLike, counts: ArrayLike) -> Values:
    """τ of F_s averaged over samples (1 + R,), then over samples drawn anew.

    Args:
        times: (K,), as `relaxation_time` takes them.
        scattering: (S, K).
        counts: (R, S), how often each resample, of these samples and others, holds each.

    Returns:
        NaN where F_s stays above 1/e.
    """
    curves = np.asarray(scattering, dtype=np.float64)
    weights = np.vstack([np.ones((1, len(curves))), resample_weights(counts)])
    means = np.einsum("rs,sk->rk", weights, curves) / len(curves)
    return np.array([relaxation_time(times, mean) for mean in means])


def vogel_fulcher(temperatures: ArrayLike, times: ArrayLike) -> VogelFulcher:
    """Vogel and Fulcher's law through relaxation times.

    A fit fails where a time is not known, or T_0 comes to either end of 0 to the lowest T.

    Args:
        temperatures: (K,), four or more.
        times: τ (R, K).

    Raises:
        InputError: fewer temperatures.
    """
    t, logarithms = _checked(temperatures, times, 4)

    def design(divergence: float) -> Values:
        return np.column_stack([np.ones_like(t), 1.0 / (t - divergence)])

    divergence, (constant, strength) = _fitted(
        design, np.linspace(0.0, t.min(), GRID, endpoint=False), logarithms
    )
    return VogelFulcher(np.exp(constant), strength, divergence)


def arrhenius_onset(temperatures: ArrayLike, times: ArrayLike) -> Onset:
    """Where relaxation times leave Arrhenius' law on cooling.

    T_o lies between the second highest and the second lowest T, J² is positive: noise alone finds
    such a bend too, so that J² must be significant. A fit fails where a time is not known, or T_o
    comes to either end of that range.

    Args:
        temperatures: (K,), six or more.
        times: τ (R, K).

    Raises:
        InputError: fewer temperatures.
    """
    t, logarithms = _checked(temperatures, times, 6)

    def design(inverse: float) -> Values:
        return np.column_stack([np.ones_like(t), 1.0 / t, np.maximum(1.0 / t - inverse, 0.0) ** 2])

    ordered = np.sort(1.0 / t)
    inverse, (constant, energy, curvature) = _fitted(
        design, np.linspace(ordered[1], ordered[-2], GRID), logarithms
    )
    return Onset(np.exp(constant), energy, curvature, 1.0 / inverse)


def _fitted(
    design: Callable[[float], Values], grid: Values, logarithms: Values
) -> tuple[Values, Values]:
    """The parameter (R,) that leaves the least squares, and the coefficients (P, R) there.

    Where the last coefficient is not positive there is no such law.
    """
    squares = np.full((len(grid), len(logarithms)), math.inf)
    for row, parameter in zip(squares, grid, strict=True):
        basis, triangle = np.linalg.qr(design(parameter))
        last = (logarithms @ basis)[:, -1] / triangle[-1, -1]
        left = np.sum((logarithms - logarithms @ basis @ basis.T) ** 2, axis=1)
        row[last > 0.0] = left[last > 0.0]
    best = np.argmin(squares, axis=0)
    failed = np.isnan(logarithms).any(axis=1) | (best == 0) | (best == len(grid) - 1)
    index = np.clip(best, 1, len(grid) - 2)
    rows = np.arange(len(logarithms))
    before, at, after = (squares[index + shift, rows] for shift in (-1, 0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        offset = 0.5 * (before - after) / (before - 2.0 * at + after)
    parameter = grid[index] + np.nan_to_num(offset) * (grid[1] - grid[0])
    coefficients = np.full((design(grid[0]).shape[1], len(logarithms)), math.nan)
    for number in np.flatnonzero(~failed):
        coefficients[:, number] = np.linalg.lstsq(design(parameter[number]), logarithms[number])[0]
    return np.where(failed, math.nan, parameter), coefficients


def _checked(temperatures: ArrayLike, times: ArrayLike, fewest: int) -> tuple[Values, Values]:
    t = np.asarray(temperatures, dtype=np.float64)
    if len(t) < fewest:
        raise InputError(f"temperatures: {len(t)} given, at least {fewest} expected")
    return t, np.log(np.atleast_2d(np.asarray(times, dtype=np.float64)))
