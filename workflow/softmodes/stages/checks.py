"""Check the files of all state points against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from softmodes.analysis import statistics
from softmodes.dynamics.interruption import Progress
from softmodes.landscape import hessian, modes
from softmodes.landscape.quench import residual_bound
from softmodes.landscape.shear import nonaffine_displacement
from softmodes.report import checks, tables
from softmodes.study import records, storage
from softmodes.study.storage import StateFile
from softmodes.system import forces


def check(
    stages: Mapping[str, Sequence[str]],
    output: str,
    *,
    time_steps: Mapping[str, float],
    pressure: float | None,
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
) -> None:
    """Write the table of the checks.

    Args:
        stages: the files of each stage that `measured` looks at, in the same order of the samples.
        output: table to write.
        time_steps: of the equilibration, in τ, by temperature as file names have it.
        pressure: of the barostat, in ε/σ11²; None at fixed density.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
    """
    samples = list(zip(*stages.values(), strict=True))
    rows = []
    for number, files in enumerate(samples, start=1):
        rows.append(measured(dict(zip(stages, map(storage.read, files), strict=True))))
        update(number / len(samples))
    steps = {float(temperature): step for temperature, step in time_steps.items()}
    tables.write_csv(checks.judged(pd.DataFrame(rows), steps, pressure), output)
    storage.write_provenance([output], chain.from_iterable(stages.values()), config, code=code)


def measured(files: Mapping[str, StateFile]) -> dict[str, Any]:
    """What the checks look at in one sample, by name, with its state point.

    Args:
        files: of the sample: `equilibrium`, `isoconfigurational`, `quench` and `modes`.

    Raises:
        InputError: if a stored configuration is unusable.
    """
    equilibrium, quench = files["equilibrium"], files["quench"]
    return (
        equilibrium.point
        | _of_liquid(equilibrium)
        | _of_runs(files["isoconfigurational"])
        | _of_inherent_structures(equilibrium, quench)
        | _of_modes(equilibrium, quench, files["modes"])
    )


def _of_liquid(equilibrium: StateFile) -> dict[str, float]:
    liquid, mixture = records.configuration(equilibrium), records.mixture(equilibrium)
    found, matrix = forces.evaluate(liquid, mixture), hessian.hessian(liquid, mixture)
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
    structures, converged = records.inherent_structures(liquid, quench.data), quench["converged"]
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
    unstrained = records.configuration(equilibrium).displaced(quench["positions"][0]).wrapped()
    matrix, minimum = hessian.hessian(unstrained, records.mixture(equilibrium)), quench["converged"]
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
