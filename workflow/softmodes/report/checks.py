"""What the files of any sound study fulfil, whatever its physics.

    judged(samples, time_steps, pressure)

takes what `stages.checks` measures in the files of each sample and gives the table `checks`.

Two kinds of checks. Exact ones hold for every sample up to rounding, and the table has the worst:
what is stored is computed anew from the stored positions. Statistical ones hold in the mean over
the samples of one N and T, by Student's t or, where the distribution is known, by χ²; all those of
a study are one family (`statistics.familywise_level`), so that a sound study passes them all 19
times in 20. Energies of isoconfigurational runs are not kept: what may drift is the liquid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtr, chdtrc, chdtri, stdtrit

from softmodes.analysis import statistics

ROUNDING = 1e-10
"""Of numbers of the order of one that were computed twice; 1e-14 is seen."""

REWRAPPED = 2.0
"""Bound on max|F| over that of a quench: to wrap coordinates anew rounds them by 2⁻⁵² L, which
changes forces by 2⁻⁵² L ‖H‖ at most, at ‖H‖ = 1000 by as much as the quench leaves."""

PRESSURE_MARGIN = 0.005
"""Relative deviation from the barostat's pressure that a box of finite barostat time may leave. By
the scaling of the power law dP/d ln ρ = 7P - 6T ∂P/∂T, 3 to 6 P here: ρ is right to 0.2%."""

EXACT = {
    "density against N/L², relative": ("density", ROUNDING),
    "Σ p_i against N_m, relative": ("participation", ROUNDING),
    "force left in inherent structures, over the quench's bound": ("force", REWRAPPED),
    "energy, stress, pressure of inherent structures, stored less recomputed": (
        "inherent",
        ROUNDING,
    ),
    "nonaffine displacements, stored less recomputed": ("nonaffine", ROUNDING),
    "mean nonaffine displacement": ("nonaffine_mean", ROUNDING),
    "residual H e - ω² e of the modes without strain, over ‖H‖": ("eigenpairs", ROUNDING),
    "ω² of the translations, over ‖H‖": ("translations", ROUNDING),
    "modes with ω² ≤ 0 besides the translations": ("negative", 0.0),
}
"""Checks that hold in every sample: what `stages.checks.measured` gives, bound on its largest."""


@dataclass(frozen=True)
class _Mean:
    """That values exceed `expected` by differences (S,) whose mean is zero, or within a margin."""

    check: str
    expected: float
    differences: NDArray[np.float64]
    margin: float = 0.0

    @property
    def value(self) -> float:
        return self.expected + statistics.summarise(self.differences).mean

    @property
    def p_value(self) -> float:
        within = np.clip(statistics.summarise(self.differences).mean, -self.margin, self.margin)
        return statistics.mean_p_value(self.differences - within)

    def accepted(self, level: float) -> tuple[float, float]:
        found = statistics.summarise(self.differences)
        half_width = self.margin + found.sem * float(stdtrit(found.n - 1, 1.0 - 0.5 * level))
        return self.expected - half_width, self.expected + half_width


@dataclass(frozen=True)
class _ChiSquare:
    """That a sum of squares of so many normal variables of variance `expected` is likely."""

    check: str
    expected: float
    total: float
    degrees: int

    @property
    def value(self) -> float:
        return self.total / self.degrees

    @property
    def p_value(self) -> float:
        reduced = self.total / self.expected
        tails = chdtr(self.degrees, reduced), chdtrc(self.degrees, reduced)
        return min(1.0, 2.0 * float(min(tails)))

    def accepted(self, level: float) -> tuple[float, float]:
        ends = chdtri(self.degrees, [1.0 - 0.5 * level, 0.5 * level])
        low, high = self.expected / self.degrees * ends
        return float(low), float(high)


def judged(
    samples: pd.DataFrame, time_steps: Mapping[float, float], pressure: float | None
) -> pd.DataFrame:
    """The table `checks`: a row per check and N, T; passed where lower <= value <= upper.

    Args:
        samples: rows as `stages.checks.measured` gives them.
        time_steps: of the trajectories that led to the configurations, by temperature, in τ.
        pressure: of the barostat, in ε/σ11²; None at fixed density.
    """
    ensembles = {
        (n, t): (rows, list(_statistical(rows, n, t, time_steps[t], pressure)))
        for (n, t), rows in samples.groupby(["n_particles", "temperature"])
    }
    level = statistics.familywise_level(
        [test.p_value for _, tests in ensembles.values() for test in tests]
    )
    found = []
    for key, (rows, tests) in ensembles.items():
        found += [
            [*key, test.check, test.value, test.expected, *test.accepted(level)]
            for test in tests
            # NaN: of a single sample, or of what was not measured
            if not np.isnan(test.p_value)
        ]
        found += [
            [*key, check, rows[column].max(skipna=False), 0.0, 0.0, bound]
            for check, (column, bound) in EXACT.items()
        ]
    names = ["n_particles", "temperature", "check", "value", "expected", "lower", "upper"]
    table = pd.DataFrame(found, columns=names)
    return table.assign(passed=table["value"].between(table["lower"], table["upper"]))


def _statistical(
    rows: pd.DataFrame, n: int, temperature: float, time_step: float, pressure: float | None
) -> Iterator[_Mean | _ChiSquare]:
    """The statistical checks of the samples of one N and T."""
    yield _ChiSquare(
        "kinetic temperature of the stored velocities",
        temperature,
        rows["square_velocity"].sum(),
        len(rows) * (2 * n - 2),
    )
    yield _Mean(
        "kinetic temperature of the run, from its P and energy",
        temperature,
        (rows["run_temperature"] - temperature).to_numpy(),
    )
    # ⟨F²⟩ = T ⟨tr H⟩ in the canonical ensemble; of the shadow Hamiltonian that velocity Verlet
    # follows, the stiff modes are warmer by the fraction dt² ω²/12
    stiffness = rows["curvature"] + time_step**2 / 12.0 * rows["square_curvature"]
    scale = rows["curvature"].mean()
    yield _Mean(
        "configurational temperature, ⟨F²⟩/⟨tr H⟩",
        temperature * stiffness.mean() / scale,
        ((rows["square_force"] - temperature * stiffness) / scale).to_numpy(),
    )
    for name, what in (("energy", "energy"), ("pressure", "P, from the virial,")):
        yield _Mean(
            f"{what} of the stored configuration against its run",
            rows[f"late_{name}"].mean(),
            (rows[name] - rows[f"late_{name}"]).to_numpy(),
        )
    if pressure is not None:
        yield _Mean(
            "P of the run against the barostat's",
            pressure,
            (rows["mean_pressure"] - pressure).to_numpy(),
            PRESSURE_MARGIN * pressure,
        )
    for name, what in (("inherent_energy", "e_IS"), ("pressure", "P")):
        yield _Mean(f"drift of {what} in the run, per τ", 0.0, rows[f"{name}_drift"].to_numpy())
    for name, what in (("debye_waller", "Debye–Waller factor"), ("propensity", "propensity")):
        yield _Mean(
            f"{what}, second half of the isoconfigurational runs less first",
            0.0,
            rows[f"{name}_halves"].to_numpy(),
        )
