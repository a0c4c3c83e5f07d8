"""The isoconfigurational file of a state point, whatever runs the ensemble."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from softmodes.analysis import relaxation
from softmodes.dynamics.isoconfigurational import Ensemble
from softmodes.report import tables
from softmodes.study import records, storage

logger = logging.getLogger(__name__)


def mean_relaxation_time(relaxation_files: Sequence[str | Path]) -> float:
    """τ_e, in τ, from the mean F_s of samples; NaN, with a warning, where it stays above 1/e.

    Raises:
        InputError: their times differ.
    """
    samples = [
        storage.read(path, "time", "self_intermediate_scattering") for path in relaxation_files
    ]
    times = tables.common_times(samples)
    curves = [sample["self_intermediate_scattering"][0] for sample in samples]
    relaxation_time = relaxation.relaxation_time(times, np.stack(curves))
    if math.isnan(relaxation_time):
        logger.warning(
            "F_s stays above 1/e over %g τ: a longer equilibration_time is needed", times[-1]
        )
    return relaxation_time


def propensity_time(
    relaxation_files: Sequence[str | Path], multiple: float, time_step: float
) -> tuple[float, float]:
    """t_α and τ_e, in τ, from the mean F_s of samples; NaN where F_s stays above 1/e.

    t_α is `multiple` times τ_e, in whole steps.
    """
    relaxation_time = mean_relaxation_time(relaxation_files)
    if math.isnan(relaxation_time):
        logger.warning("no propensity")
        return math.nan, math.nan
    n_steps = max(1, round(multiple * relaxation_time / time_step))
    return n_steps * time_step, relaxation_time


def write_ensemble(
    run_ensemble: Callable[..., Ensemble],
    equilibrium: str | Path,
    relaxation_files: Sequence[str | Path],
    *,
    output: str | Path,
    time_step: float,
    runs: int,
    precision: str,
    debye_waller_time: float,
    sampling_interval: float,
    propensity_multiple: float | None,
    config: str = "",
    code: str = "",
    device: str | None = None,
) -> None:
    """Write the isoconfigurational file of one state point.

    Args:
        run_ensemble: `isoconfigurational.run_ensemble` or its twin on a GPU, with the arguments
            that only they have.
        equilibrium: file to read.
        relaxation_files: of samples at this N and T, where the propensity is asked for.
        output: file to write.
        time_step, debye_waller_time, sampling_interval: in τ.
        runs: number of runs.
        precision: of the pair terms, by its name.
        propensity_multiple: t_α in units of τ_e; None: no propensity.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        device: that moved the particles; None: the CPU.
    """
    source = storage.read(equilibrium)
    start = records.configuration(source)
    time, relaxation_time = math.nan, math.nan
    if propensity_multiple is not None:
        time, relaxation_time = propensity_time(relaxation_files, propensity_multiple, time_step)
    ensemble = run_ensemble(
        start,
        records.mixture(source),
        source.attributes["temperature"],
        time_step=time_step,
        n_runs=runs,
        debye_waller_time=debye_waller_time,
        sampling_interval=sampling_interval,
        random_stream=lambda replica: records.random_stream(source, "isoconfigurational", replica),
        propensity_time=None if math.isnan(time) else time,
    )
    origin = storage.provenance([equilibrium, *relaxation_files], config, code)
    storage.write(
        output,
        "isoconfigurational",
        records.datasets("isoconfigurational", ensemble),
        attributes=source.common_attributes
        | {
            "backend": "cpu" if device is None else "cuda",
            "box_length": start.cell.length,
            "n_runs": runs,
            "precision": precision,
            "t_dw": debye_waller_time,
            "t_alpha": time,
            "relaxation_time": relaxation_time,
        },
        provenance=origin if device is None else origin | {"device": device},
    )
