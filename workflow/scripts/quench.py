"""Inherent structures of one configuration, sheared by every strain of the grid."""

import json
import logging
from collections.abc import Sequence

import numpy as np

from softmodes import dynamics, forces, minimise, progress, shear, state, storage
from softmodes.cell import Cell

logger = logging.getLogger("softmodes")


def quench_strains(
    equilibrium: str,
    output: str,
    *,
    gamma: Sequence[float],
    config: str = "",
    update: dynamics.Progress = lambda share: None,
) -> None:
    """Write the quench file of one state point.

    Every strain starts from the thermal configuration. `switched` compares with linear response,
    and so means a change of basin at the smallest strains only; its control is the configuration
    translated at random and quenched once more.

    Args:
        equilibrium: file to read.
        output: file to write.
        gamma: strains, without 0, which comes first in the file.
        config: the study's configuration, for the provenance.
        update: called with the share done.
    """
    source = storage.read(equilibrium)
    start = state.configuration(source)
    mixture = state.mixture(source)
    strains = np.array([0.0, *gamma])
    cells = [start.cell.sheared(strain) for strain in strains]

    def inherent(positions: np.ndarray, cell: Cell, name: str) -> minimise.Quench:
        found = minimise.quench(positions, start.species, cell, mixture)
        if not found.converged:
            logger.warning("%s: %s", name, found.message)
        return found

    quenches, evaluations, nonaffine = [], [], []
    for strain, cell in zip(strains, cells, strict=True):
        sheared = shear.affine_shear(start.positions, strain)
        quenches.append(inherent(sheared, cell, f"γ = {strain:g}"))
        found, reference = quenches[-1].positions, quenches[0].positions
        evaluations.append(forces.evaluate(found, start.species, cell, mixture))
        nonaffine.append(shear.nonaffine_displacement(found, reference, strain, cell))
        update(len(quenches) / (len(strains) + 1))
    response = shear.linear_response(reference, start.species, start.cell, mixture)

    shift = state.random_stream(source, "translation").uniform(0.0, start.cell.length, 2)
    translated = inherent(start.positions + shift, start.cell, "the translated control")
    moved = shear.nonaffine_displacement(translated.positions, reference + shift, 0.0, start.cell)

    storage.write(
        output,
        "quench",
        {
            "gamma": strains,
            "positions": np.stack([one.positions for one in quenches]),
            "energy": np.array([one.energy_per_particle for one in quenches]),
            "shear_stress": np.array([forces.shear_stress(one, start.cell) for one in evaluations]),
            "pressure": np.array([forces.pressure(one, start.cell) for one in evaluations]),
            "max_force": np.array([one.max_force for one in quenches]),
            "nonaffine": np.stack(nonaffine),
            "linear_response": response,
            "converged": np.array([one.converged for one in quenches]),
            "switched": np.array(
                [
                    shear.switched(displacement, strain, response)
                    for displacement, strain in zip(nonaffine, strains, strict=True)
                ]
            ),
            "n_negative": np.array([one.n_negative for one in quenches]),
            "iterations": np.array([one.iterations for one in quenches]),
            "newton_iterations": np.array([one.newton_iterations for one in quenches]),
        },
        source.common_attributes
        | {
            "box_length": start.cell.length,
            "translation_switched": shear.switched(moved, 0.0, response),
        },
        storage.provenance([equilibrium], config),
    )


if __name__ == "__main__":
    with progress.job(snakemake.log[0]) as job:
        quench_strains(
            snakemake.input.equilibrium,
            snakemake.output.quench,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
