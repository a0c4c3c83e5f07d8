"""What the files of any sound study fulfil, whatever its physics.

    measured(files)                             one sample's files, by stage -> numbers
    judged(samples, time_steps, pressure)       of all samples -> table `checks`

Two kinds of checks. Exact ones hold for every sample up to rounding, and the table has the worst:
what is stored is computed anew from the stored positions. Statistical ones hold in the mean over
the samples of one N and T, by Student's t or, where the distribution is known, by χ²; all those of
a study are one family (`statistics.familywise_level`), so that a sound study passes them all 19
times in 20. Energies of isoconfigurational runs are not kept: what may drift is the liquid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtr, chdtrc, chdtri, stdtrit

from softmodes.analysis import statistics
from softmodes.landscape import modes
from softmodes.landscape.quench import residual_bound
from softmodes.landscape.shear import inherent_structures, nonaffine_displacement
from softmodes.study import records
from softmodes.study.storage import StateFile
from softmodes.system import forces

STAGES = ("equilibrium", "isoconfigurational", "quench", "modes")
"""Whose files are checked."""

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
    "residual H e - ω² e of the modes without strain, over ‖H‖": (
        "eigenpairs",
        modes.RITZ_TOLERANCE,
    ),
    "ω² of the translations, over ‖H‖": ("translations", ROUNDING),
    "modes with ω² ≤ 0 besides the translations": ("negative", 0.0),
}
"""Checks that hold in every sample: column of `measured`, and bound on its largest value."""


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


def measured(files: Mapping[str, StateFile]) -> dict[str, Any]:
    """What the checks look at in one sample, by name, with its state point.

    Args:
        files: of the sample, by `STAGES`.

    Raises:
        InputError: if a stored configuration is unusable.
    """
    equilibrium, isoconfigurational, quench, soft = (files[stage] for stage in STAGES)
    key = {name: equilibrium.attributes[name] for name in ("n_particles", "temperature", "sample")}
    return (
        key
        | _of_liquid(equilibrium)
        | _of_runs(isoconfigurational)
        | _of_inherent_structures(equilibrium, quench)
        | _of_modes(equilibrium, quench, soft)
    )


def judged(
    samples: pd.DataFrame, time_steps: Mapping[float, float], pressure: float | None
) -> pd.DataFrame:
    """The table `checks`: a row per check and N, T; passed where lower <= value <= upper.

    Args:
        samples: rows as `measured` gives them.
        time_steps: of the trajectories that led to the configurations, by temperature, in τ.
        pressure: of the barostat, in ε/σ11²; None at fixed density.
    """
    ensembles = {
        key: (rows, list(_statistical(rows, *key, time_steps[key[1]], pressure)))
        for key, rows in samples.groupby(["n_particles", "temperature"])
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
    # follows, the stiff modes are warmer by the share dt² ω²/12
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


def _of_liquid(equilibrium: StateFile) -> dict[str, float]:
    liquid, mixture = records.configuration(equilibrium), records.mixture(equilibrium)
    found, matrix = forces.evaluate(liquid, mixture), modes.hessian(liquid, mixture)
    n, area = liquid.n_particles, liquid.cell.area
    square_velocity = float(np.sum(equilibrium["velocities"] ** 2))
    time = equilibrium["series/time"]
    energy, pressure = equilibrium["series/energy"], equilibrium["series/pressure"]
    late = time > 0.5 * time[-1]
    # 2 P L² = 2 K + tr virial, and of the power law alone tr virial is its exponent times the
    # energy; the smoothing adds little, which hardly changes
    smoothing = np.trace(found.virial) - mixture.exponent * found.energy
    virial = mixture.exponent * n * energy.mean() + smoothing
    return {
        "density": abs(equilibrium.attributes["density"] * area / n - 1.0),
        "square_velocity": square_velocity,
        "run_temperature": (2.0 * area * pressure.mean() - virial) / (2 * n - 2),
        "square_force": float(np.sum(found.forces**2)),
        "curvature": float(matrix.trace()),
        "square_curvature": float(np.sum(matrix.data**2)),
        "energy": found.energy / n,
        "late_energy": energy[late].mean(),
        "pressure": forces.pressure(found, liquid.cell, 0.5 * square_velocity),
        "late_pressure": pressure[late].mean(),
        "mean_pressure": equilibrium.attributes["pressure"],
        "inherent_energy_drift": statistics.drift(time, equilibrium["series/inherent_energy"]),
        "pressure_drift": statistics.drift(time, pressure),
    }


def _of_runs(isoconfigurational: StateFile) -> dict[str, float]:
    found = {}
    for name in ("debye_waller", "propensity"):
        halves = isoconfigurational.data.get(f"{name}_halves")
        found[f"{name}_halves"] = np.nan if halves is None else np.diff(halves.mean(axis=1))[0]
    return found


def _of_inherent_structures(equilibrium: StateFile, quench: StateFile) -> dict[str, float]:
    liquid, mixture = records.configuration(equilibrium), records.mixture(equilibrium)
    structures, converged = inherent_structures(liquid, quench), quench["converged"]
    force, inherent, nonaffine = [], [], []
    for at, (sheared, strain) in enumerate(zip(structures, quench["gamma"], strict=True)):
        found = forces.evaluate(sheared.wrapped(), mixture)
        force.append(np.sqrt(np.sum(found.forces**2, axis=1).max()))
        inherent += [
            found.energy / liquid.n_particles - quench["energy"][at],
            forces.shear_stress(found, liquid.cell) - quench["shear_stress"][at],
            forces.pressure(found, liquid.cell) - quench["pressure"][at],
        ]
        moved = nonaffine_displacement(sheared, structures[0], strain)
        nonaffine.append(np.abs(moved - quench["nonaffine"][at]).max())
    return {
        "force": np.max(np.array(force)[converged], initial=0.0) / residual_bound(liquid.cell),
        "inherent": np.abs(inherent).max(),
        "nonaffine": np.max(nonaffine),
        "nonaffine_mean": np.abs(quench["nonaffine"].mean(axis=1)).max(),
    }


def _of_modes(equilibrium: StateFile, quench: StateFile, soft: StateFile) -> dict[str, float]:
    unstrained = inherent_structures(records.configuration(equilibrium), quench)[0].wrapped()
    matrix, minimum = modes.hessian(unstrained, records.mixture(equilibrium)), quench["converged"]
    norm = float(abs(matrix).sum(axis=0).max())
    eigenvalues = soft["eigenvalues"]
    # there may be fewer eigenvalues than vectors, or more
    values = eigenvalues[0, 2 : 2 + modes.N_EIGENVECTORS]
    vectors = soft["eigenvectors"][: len(values)].reshape(len(values), -1).T
    n_modes = soft.dataset_attributes["soft_participation"]["n_modes"]
    shares = [
        soft["soft_participation"].sum(axis=1) / n_modes,
        (soft["scan/soft_participation"].sum(axis=2) / soft["scan/n_modes"]).ravel(),
    ]
    return {
        "participation": np.abs(np.concatenate(shares) - 1.0).max(),
        "eigenpairs": np.linalg.norm(matrix @ vectors - vectors * values, axis=0).max() / norm,
        "translations": np.abs(eigenvalues[minimum, :2]).max(initial=0.0) / norm,
        "negative": float(np.sum(eigenvalues[minimum, 2:] <= 0.0)),
    }
