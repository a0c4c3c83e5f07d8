"""Cyclic shear of one inherent structure at one amplitude, and the table of all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from softmodes.analysis.overlap import overlap, top_clusters
from softmodes.dynamics.interruption import Checkpoint, Progress
from softmodes.landscape.cyclic_shear import CyclicShear, shear_cycles
from softmodes.landscape.hessian import hessian
from softmodes.landscape.modes import lowest_modes, soft_participation
from softmodes.report import tables
from softmodes.study import records, storage
from softmodes.study.checkpoint import of_job
from softmodes.study.config import mode_number
from softmodes.study.storage import STATE, StateFile
from softmodes.system.distance import displacement_between, mobile_distance, rms_distance

OF_RUN = ["amplitude", "strain_step", "period"]
"""Attributes of a file that every row of its run has."""
OF_CYCLE = ["energy", "distance", "mobile_distance", "overlap", "converged"]
COLUMNS = [*STATE, "amplitude", "strain_step", "cycle", *OF_CYCLE[:-1], "period", "converged"]


def run_cycles(
    equilibrium: str,
    output: str,
    *,
    checkpoint_interval: float,
    config: str = "",
    update: Progress = lambda _: None,
    **parameters: Any,
) -> None:
    """Write the file of one state point and amplitude; it goes on where it was broken off.

    Args:
        equilibrium: file to read.
        output: file to write.
        checkpoint_interval: in seconds.
        config: the study's configuration, for the provenance.
        update: called with the share done, of the cycles asked for.
        parameters: what else `write_cycles` takes.
    """
    with of_job(output, [equilibrium], parameters, interval=checkpoint_interval) as kept:
        write_cycles(
            equilibrium, output, config=config, update=update, checkpoint=kept, **parameters
        )


def write_cycles(
    equilibrium: str,
    output: str,
    *,
    amplitude: float,
    strain_step: float,
    cycles: int,
    fraction: float,
    top_fraction: float,
    minimum_cluster: int,
    neighbour_distances: Sequence[float],
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Shear the inherent structure of a state point, and compare soft modes cycle by cycle.

    Args:
        equilibrium: file to read.
        output: file to write.
        amplitude, strain_step, cycles: as `shear_cycles` takes them.
        fraction: number of soft modes over 2N.
        top_fraction, minimum_cluster: what Θ keeps.
        neighbour_distances: (3,) by pair type, in σ11.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done, of the cycles asked for.
        checkpoint: of this job.
    """
    source = storage.read(equilibrium, "positions", "species")
    thermal, mixture = records.configuration(source), records.mixture(source)

    def keep(record: CyclicShear) -> None:
        update(record.cycles / cycles)
        if checkpoint is not None and checkpoint.due():
            checkpoint.save(**vars(record))

    record = shear_cycles(
        thermal,
        mixture,
        amplitude,
        strain_step=strain_step,
        cycles=cycles,
        record=_kept(checkpoint),
        keep=keep,
    )
    structures = [thermal.displaced(positions) for positions in record.positions]
    n_modes = mode_number(fraction, thermal.n_particles)
    rng = records.random_stream(source, "cyclic")
    softness, splits = [], []
    for structure in structures:
        # vectors of all structures would take gigabytes
        found = lowest_modes(hessian(structure, mixture), n_modes, rng)
        softness.append(soft_participation(found, n_modes))
        splits.append(found.splits_degenerate)
        keep(record)
    selected = [
        top_clusters(
            field,
            structure.bonds(neighbour_distances),
            top_fraction=top_fraction,
            minimum_cluster=minimum_cluster,
        )
        for field, structure in zip(softness, structures, strict=True)
    ]
    moved = displacement_between(record.positions[1:], record.positions[:-1], thermal.cell)
    storage.write(
        output,
        "cyclic",
        {
            "positions": record.positions,
            "energy": record.energy,
            "converged": record.converged,
            "distance": _after_start(rms_distance(moved)),
            "mobile_distance": _after_start(mobile_distance(moved)),
            "soft_participation": np.array(softness),
            "overlap": _after_start(map(overlap, selected[:-1], selected[1:])),
        },
        attributes=source.common_attributes
        | {
            "box_length": thermal.cell.length,
            "amplitude": amplitude,
            "strain_step": strain_step,
            "period": record.period,
        },
        provenance=storage.provenance([equilibrium], config, code),
        dataset_attributes={
            "soft_participation": {"n_modes": n_modes, "splits_degenerate": np.array(splits)}
        },
    )
    update(1.0)


def _kept(checkpoint: Checkpoint | None) -> CyclicShear | None:
    """The record in a checkpoint; None where there is none."""
    state = None if checkpoint is None else checkpoint.load()
    if state is None:
        return None
    return CyclicShear(
        state["positions"], state["energy"], state["converged"], period=int(state["period"])
    )


def _after_start(values: Any) -> NDArray[np.float64]:
    """Values of all cycles (C,), of which the start, the first, has none."""
    return np.array([math.nan, *values])


def write_table(files: Sequence[str], output: str, *, config: str = "", code: str = "") -> None:
    """Write the table of all runs, a row per cycle, `COLUMNS`.

    Args:
        files: of `write_cycles`, of any state points and amplitudes.
        output: table to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    rows = [row for path in files for row in _rows(storage.read(path, *OF_CYCLE))]
    tables.write_csv(pd.DataFrame(rows, columns=COLUMNS), output)
    storage.write_provenance([output], files, config, code=code)


def _rows(file: StateFile) -> Iterator[Mapping[str, Any]]:
    of_run = file.point | {name: file.attributes[name] for name in OF_RUN}
    for cycle in range(len(file["energy"])):
        yield of_run | {"cycle": cycle} | {name: file[name][cycle] for name in OF_CYCLE}
