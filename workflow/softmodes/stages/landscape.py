"""The inherent structures along a trajectory from one configuration, and their soft modes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softmodes.dynamics import inherent_trajectory, trajectory
from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.landscape import hessian, modes, shear
from softmodes.study import records, storage
from softmodes.study.checkpoint import of_job
from softmodes.study.config import mode_number
from softmodes.system.configuration import Configuration


def follow(
    equilibrium: str,
    output: str,
    *,
    checkpoint_interval: float,
    config: str,
    update: Progress,
    **parameters: Any,
) -> None:
    """Write the landscape file of one state point.

    It goes on where it was broken off.

    Args:
        equilibrium, output, config, update: as `write_landscape` takes them.
        checkpoint_interval: in seconds.
        parameters: what else `write_landscape` takes.
    """
    with of_job(output, [equilibrium], parameters, interval=checkpoint_interval) as kept:
        write_landscape(
            equilibrium, output, config=config, update=update, checkpoint=kept, **parameters
        )


def write_landscape(
    equilibrium: str,
    output: str,
    *,
    interval: float,
    quenches: int,
    mode_fractions: Sequence[float],
    time_step: float,
    precision: str,
    gamma: Sequence[float],
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Write the landscape file of one state point.

    It has the inherent structures along a trajectory and those of the start, sheared, with the soft
    modes of all of them.

    Args:
        equilibrium: file to read.
        output: file to write.
        interval: between quenches, in τ.
        quenches: number of them, after that of the start.
        mode_fractions: numbers of soft modes, over 2N.
        time_step: in τ.
        precision: a key of `trajectory.PRECISIONS`.
        gamma: strains, without 0, which comes first in the file.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
        checkpoint: of this job.
    """
    source = storage.read(equilibrium)
    thermal, mixture = records.configuration(source), records.mixture(source)
    found = inherent_trajectory.inherent_trajectory(
        thermal,
        mixture,
        source.attributes["temperature"],
        time_step=time_step,
        interval=interval,
        n_quenches=quenches,
        rng=records.random_stream(source, "landscape"),
        precision=trajectory.PRECISIONS[precision],
        progress=lambda share: update(0.5 * share),
        checkpoint=checkpoint,
    )
    sheared = shear.quench_strains(thermal, mixture, gamma)
    structures = [thermal.displaced(positions) for positions in found.positions]
    strained = records.inherent_structures(thermal, records.datasets("quench", sheared))
    numbers = np.array([mode_number(share, thermal.n_particles) for share in mode_fractions])
    rng = records.random_stream(source, "landscape modes")

    def softness(some: Iterable[Configuration], told: Callable[[int], None]) -> NDArray[np.float64]:
        """(M, ..., N) of structures."""
        fields = []
        for structure in some:
            lowest = modes.lowest_modes(hessian.hessian(structure, mixture), numbers.max(), rng)
            fields.append([modes.soft_participation(lowest, number) for number in numbers])
            told(len(fields))
            if checkpoint is not None and checkpoint.due() and (kept := checkpoint.load()):
                checkpoint.save(**kept)  # the end of the trajectory
        return np.array(fields).swapaxes(0, 1).copy()

    soft = softness(structures, lambda done: update(0.5 + 0.5 * done / len(structures)))
    storage.write(
        output,
        "landscape",
        records.datasets("landscape", found)
        | {
            "mode_fraction": np.array(mode_fractions, np.float64),
            "n_modes": numbers,
            "soft_participation": soft,
            "shear/gamma": sheared.gamma,
            "shear/positions": sheared.positions,
            "shear/converged": sheared.converged,
            "shear/soft_participation": softness(strained, lambda _: None),
        },
        attributes=source.common_attributes
        | {"box_length": thermal.cell.length, "precision": precision},
        provenance=storage.provenance([equilibrium], config, code),
    )
