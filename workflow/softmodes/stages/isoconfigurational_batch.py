"""Run all configurations at one N and T many times from fresh velocities, on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from softmodes.dynamics import cuda
from softmodes.dynamics.interruption import Progress
from softmodes.stages.ensembles import write_ensemble


def run_ensembles(
    equilibria: Sequence[str],
    relaxation_files: Sequence[str],
    outputs: Sequence[str],
    *,
    update: Progress,
    **parameters: Any,
) -> None:
    """Write the isoconfigurational files of samples, one a sample.

    Args:
        equilibria, outputs: files to read and to write, one a sample.
        relaxation_files: of samples at this N and T, where the propensity is asked for.
        update: called with the share done.
        parameters: what else `write_ensemble` takes.
    """
    for number, (equilibrium, output) in enumerate(zip(equilibria, outputs, strict=True), start=1):
        write_ensemble(
            cuda.run_ensemble,
            equilibrium,
            relaxation_files,
            output=output,
            precision="single",
            device=cuda.device_name(),
            **parameters,
        )
        update(number / len(outputs))
