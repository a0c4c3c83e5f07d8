"""Run one configuration many times from fresh velocities."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from softmodes.dynamics import isoconfigurational, trajectory
from softmodes.dynamics.interruption import Progress
from softmodes.stages.ensembles import write_ensemble
from softmodes.study.checkpoint import of_job


def run_ensemble(
    equilibrium: str,
    relaxation_files: Sequence[str],
    output: str,
    *,
    checkpoint_interval: float,
    config: str,
    update: Progress,
    **parameters: Any,
) -> None:
    """Write the isoconfigurational file of one state point, which goes on where it was broken off.

    Args:
        equilibrium, relaxation_files, output, config: as `write_ensemble` takes them.
        checkpoint_interval: in seconds.
        update: called with the share done.
        parameters: what else `write_ensemble` takes.
    """
    inputs = [equilibrium, *relaxation_files]
    with of_job(output, inputs, parameters, interval=checkpoint_interval) as kept:
        run = functools.partial(
            isoconfigurational.run_ensemble,
            precision=trajectory.PRECISIONS[parameters["precision"]],
            progress=update,
            checkpoint=kept,
        )
        write_ensemble(
            run, equilibrium, relaxation_files, output=output, config=config, **parameters
        )
