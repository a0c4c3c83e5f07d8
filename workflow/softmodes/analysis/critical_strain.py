"""Critical strains: where an overlap drops, where the stress peaks, where the energy rises.

Each function takes curves over strain, of samples or averaged over them, and gives each one's
strain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from softmodes.analysis.statistics import vertex
from softmodes.errors import InputError

PLATEAU_END = 0.01
"""Largest strain that counts to the plateau at small strain: well inside the elastic range."""

FLOOR_START = 0.3
"""Strain from which on the curves have forgotten where they started."""

# Steepness of a logistic in ln γ, which goes from 10 % to 90 % within a factor exp(4.4/s): at the
# lower bound it is no drop any more, at the upper it is a step between neighbouring strains.
MIN_STEEPNESS, MAX_STEEPNESS = 1.0, 20.0

MIN_EXPLAINED = 0.5
"""Fraction of a curve's variance that a fit must explain, or it counts as failed."""

STEPS, SETTLED = 200, 1e-9
"""Descents end when no parameter moves by more than this, or fail after so many steps."""

AT_ONCE = 4096
"""Curves that descend together: more would not fit into the processor's cache."""

Curves = NDArray[np.float64]


@dataclass(frozen=True)
class Drop:
    """Logistics in ln γ, floor + (plateau - floor) / (1 + (γ/γ_c)^s), fitted to curves.

    Attributes:
        half: (B,), γ_c, where half of the drop has happened; NaN where the fit failed.
        steepness: (B,), s.

    Strains derived from these are NaN where they fall among those taken for plateau or floor.
    """

    half: Curves
    steepness: Curves

    @property
    def three_quarters(self) -> Curves:
        """Where three quarters of the drop have happened (B,): γ_c 3^(1/s)."""
        return self._within_drop(self.half * 3.0 ** (1.0 / self.steepness))

    @property
    def onset(self) -> Curves:
        """Where the curves leave their plateau (B,): the kink of two straight lines in ln γ.

        The tangent at half height meets the plateau at ln γ_c - 2/s, as at the onset of a
        calorimetric peak.
        """
        return self._within_drop(self.half * np.exp(-2.0 / self.steepness))

    @property
    def inflection(self) -> Curves:
        """Where the curves fall fastest with γ (B,): γ_c ((s - 1)/(s + 1))^(1/s).

        Against ln γ that is γ_c itself.
        """
        ratio = (self.steepness - 1.0) / (self.steepness + 1.0)
        return self._within_drop(self.half * ratio ** (1.0 / self.steepness))

    def _within_drop(self, strains: Curves) -> Curves:
        """NaN where the curve was taken to be level."""
        within = (strains > PLATEAU_END) & (strains < FLOOR_START)
        return np.where(within, strains, math.nan)


def fitted_drop(gamma: ArrayLike, curves: ArrayLike) -> Drop:
    """How curves drop from their plateau to their floor.

    Least squares in γ_c and s, all strains with equal weight. Plateau and floor are the means over
    γ <= PLATEAU_END and γ >= FLOOR_START, taken beforehand so that noise or an undershoot beyond
    the drop cannot trade them against γ_c. A fit fails if there are fewer than four strains, none
    to the plateau or none to the floor, if plateau <= floor, if γ_c falls among the strains taken
    for the plateau, if s ends at its lower bound, if the descent has not settled after STEPS, or if
    it explains less than MIN_EXPLAINED of the variance.

    Args:
        gamma: (G,), positive, ascending: without the unstrained state.
        curves: (B, G); one that is not whole fails.

    Raises:
        InputError: if the strains are not positive and ascending or the shapes disagree.
    """
    gamma, curves = _checked(gamma, curves)
    log_half, steepness = _fitted_logistics(gamma, curves)
    return Drop(np.exp(log_half), steepness)


def energy_onset(gamma: ArrayLike, curves: ArrayLike) -> Curves:
    """Where curves begin to rise from their plateau (B,): the onset of the drop upside down.

    Where the energy has not levelled off at the largest strain, the onset depends on that strain.
    Arguments and errors as in `fitted_drop`.
    """
    return fitted_drop(gamma, -np.asarray(curves, dtype=np.float64)).onset


def stress_maximum(gamma: ArrayLike, curves: ArrayLike) -> Curves:
    """Where curves are largest (B,), NaN where that fails.

    A parabola in ln γ goes through the largest value and its two neighbours; a largest value at
    either end of the grid is none. Arguments and errors as in `fitted_drop`.
    """
    gamma, curves = _checked(gamma, curves)
    return np.array([math.exp(vertex(np.log(gamma), curve)) for curve in curves])


def plateau_drop(gamma: ArrayLike, curves: ArrayLike) -> Curves:
    """Plateau less floor (S,) of each sample's curve (S, G).

    Both as in `fitted_drop`, errors too; NaN without a strain up to PLATEAU_END, or without one
    from FLOOR_START on.
    """
    gamma, curves = _checked(gamma, curves)
    return _plateau(gamma, curves) - _floor(gamma, curves)


def _fitted_logistics(gamma: Curves, curves: Curves) -> tuple[Curves, Curves]:
    """ln γ at half drop and steepness (B,) of the logistics; NaN where a fit failed.

    Many curves at once: from the best of a coarse grid by Levenberg's damped Gauss–Newton steps
    (Marquardt 1963), the steepness held where it would leave its bounds.
    """
    plateau, floor = _plateau(gamma, curves), _floor(gamma, curves)
    usable = (plateau > floor) & (len(gamma) >= 4) & np.isfinite(curves).all(axis=1)
    log_half, steepness = np.full((2, len(curves)), math.nan)
    x = np.log(gamma)
    y = (curves[usable] - floor[usable, None]) / (plateau - floor)[usable, None]
    blocks = [_descend(x, y[first : first + AT_ONCE]) for first in range(0, len(y) or 1, AT_ONCE)]
    found = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    log_half[usable], steepness[usable], squares, settled = found
    explained = np.zeros(len(curves))
    explained[usable] = settled * (
        1.0 - squares / np.sum((y - y.mean(axis=1, keepdims=True)) ** 2, axis=1)
    )
    failed = (
        (explained < MIN_EXPLAINED)
        | ~(log_half > math.log(PLATEAU_END))
        | (steepness <= MIN_STEEPNESS)
    )
    log_half[failed] = steepness[failed] = math.nan
    return log_half, steepness


def _descend(x: Curves, y: Curves) -> tuple[Curves, Curves, Curves, NDArray[np.bool_]]:
    """ln γ at half drop, steepness, sum of squares of curves y (B, G); whether they settled."""
    halves = np.repeat(np.linspace(x[0], x[-1], 42)[1:-1], 5)
    steepnesses = np.tile([1.0, 2.0, 4.0, 8.0, 16.0], 40)
    coarse = expit(steepnesses[:, None] * (halves[:, None] - x))
    best = np.argmin(np.sum(coarse**2, axis=1) - 2.0 * np.einsum("bg,mg->bm", y, coarse), axis=1)
    half, steep, fraction = halves[best], steepnesses[best], coarse[best]
    squares = np.sum((fraction - y) ** 2, axis=1)
    damping, moving = np.full(len(y), 1e-3), np.arange(len(y))
    for _ in range(STEPS):
        new_half, new_steep = _step(
            x, fraction[moving], y[moving], half[moving], steep[moving], damping[moving]
        )
        new_fraction = expit(new_steep[:, None] * (new_half[:, None] - x))
        new_squares = np.sum((new_fraction - y[moving]) ** 2, axis=1)
        moved = np.maximum(np.abs(new_half - half[moving]), np.abs(new_steep - steep[moving]))
        better = new_squares <= squares[moving]
        damping[moving] = np.clip(damping[moving] * np.where(better, 0.2, 4.0), 1e-9, 1e9)
        closer = moving[better]
        half[closer], steep[closer] = new_half[better], new_steep[better]
        fraction[closer], squares[closer] = new_fraction[better], new_squares[better]
        moving = moving[moved >= SETTLED]
        if not moving.size:
            break
    settled = np.ones(len(y), bool)
    settled[moving] = False
    return half, steep, squares, settled


def _step(
    x: Curves, fraction: Curves, y: Curves, half: Curves, steep: Curves, damping: Curves
) -> tuple[Curves, Curves]:
    """Where a damped Gauss–Newton step within the bounds leads to, from fractions (B, G)."""
    slope = fraction * (1.0 - fraction)
    by_half, by_steep, error = slope * steep[:, None], slope * (half[:, None] - x), fraction - y
    down_half = -np.sum(by_half * error, axis=1)
    down_steep = -np.sum(by_steep * error, axis=1)
    held = (steep <= MIN_STEEPNESS) & (down_steep < 0)
    held |= (steep >= MAX_STEEPNESS) & (down_steep > 0)
    down_steep[held] = 0.0
    # a vanishing slope leaves no way to go
    first = np.maximum((1.0 + damping) * np.sum(by_half**2, axis=1), 1e-150)
    last = np.maximum((1.0 + damping) * np.sum(by_steep**2, axis=1), 1e-150)
    mixed = np.where(held, 0.0, np.sum(by_half * by_steep, axis=1))
    determinant = first * last - mixed**2
    new_half = half + (last * down_half - mixed * down_steep) / determinant
    new_steep = steep + (first * down_steep - mixed * down_half) / determinant
    return np.clip(new_half, x[0], x[-1]), np.clip(new_steep, MIN_STEEPNESS, MAX_STEEPNESS)


def _plateau(gamma: Curves, curves: Curves) -> Curves:
    """Means (B,) over the strains up to PLATEAU_END; NaN without one."""
    if gamma[0] > PLATEAU_END:
        return np.full(len(curves), math.nan)
    return curves[:, gamma <= PLATEAU_END].mean(axis=1)


def _floor(gamma: Curves, curves: Curves) -> Curves:
    """Means (B,) over the strains from FLOOR_START on; NaN without one."""
    if gamma[-1] < FLOOR_START:
        return np.full(len(curves), math.nan)
    return curves[:, gamma >= FLOOR_START].mean(axis=1)


def _checked(gamma: ArrayLike, curves: ArrayLike) -> tuple[Curves, Curves]:
    gamma, curves = np.asarray(gamma, dtype=np.float64), np.asarray(curves, dtype=np.float64)
    if gamma.ndim != 1 or not gamma.size or not (gamma[0] > 0 and np.all(np.diff(gamma) > 0)):
        raise InputError(f"gamma: {gamma} given, ascending strains above 0 expected")
    if curves.ndim != 2 or curves.shape[1] != len(gamma):
        raise InputError(f"curves: shape {curves.shape} given, (S, {len(gamma)}) expected")
    return gamma, curves
