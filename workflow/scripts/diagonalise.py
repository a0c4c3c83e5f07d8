"""The modes of the inherent structures of one state point, and where they move particles."""

import json
import logging
from collections.abc import Sequence

import numpy as np

from softmodes import dynamics, modes, progress, state, storage
from softmodes.config import mode_number

logger = logging.getLogger("softmodes")

N_EIGENVECTORS = 16
"""Modes whose vectors are kept, of the unstrained inherent structure, translations left out."""


def diagonalise(
    equilibrium: str,
    quench: str,
    output: str,
    *,
    fraction: float,
    scan_gamma: Sequence[float],
    scan_fractions: Sequence[float],
    debye_waller_time: float,
    config: str = "",
    update: dynamics.Progress = lambda share: None,
) -> None:
    """Write the modes file of one state point.

    Each strain is diagonalised once, for the most modes that are wanted there. The unstrained
    structure, where it is a minimum, is diagonalised in full too, for the harmonic Debye-Waller
    factor.

    Args:
        equilibrium, quench: files to read.
        output: file to write.
        fraction: number of soft modes at every strain, over 2N.
        scan_gamma: strains at which that number is varied.
        scan_fractions: the numbers to vary over, over 2N, ascending.
        debye_waller_time: window of the harmonic Debye-Waller factor, in τ.
        config: the study's configuration, for the provenance.
        update: called with the share done.
    """
    source = storage.read(equilibrium, "species")
    quenched = storage.read(quench, "gamma", "positions", "n_negative")
    mixture, cell = state.mixture(source), state.cell(source)
    n_particles = source.attributes["n_particles"]
    n_modes = mode_number(fraction, n_particles)
    scan_numbers = [mode_number(share, n_particles) for share in scan_fractions]
    gamma = quenched["gamma"]
    rng = state.random_stream(source, "diagonalise")

    eigenvalues, softness, splits, scan_eigenvalues, scan_softness = [], [], [], {}, {}
    fields = {}
    for place, strain in enumerate(gamma):
        matrix = modes.hessian(
            quenched["positions"][place], source["species"], cell.sheared(strain), mixture
        )
        numbers = [n_modes]
        numbers += [N_EIGENVECTORS] if strain == 0.0 else []
        numbers += scan_numbers if strain in scan_gamma else []
        found = modes.lowest_modes(matrix, max(numbers), rng)
        eigenvalues.append(found.eigenvalues[: 2 + n_modes])
        softness.append(modes.soft_participation(found, n_modes))
        splits.append(splits_degenerate(found, n_modes))
        if strain in scan_gamma:
            scan_eigenvalues[strain] = found.eigenvalues[: 2 + scan_numbers[-1]]
            scan_softness[strain] = [modes.soft_participation(found, n) for n in scan_numbers]
        if strain == 0.0:
            fields["eigenvectors"] = found.eigenvectors[2 : 2 + N_EIGENVECTORS]
            if quenched["n_negative"][place] == 0:
                fields["harmonic_debye_waller"] = modes.harmonic_debye_waller(
                    *modes.all_modes(matrix), source.attributes["temperature"], debye_waller_time
                )
            else:
                logger.warning(
                    "no harmonic Debye-Waller factor: the unstrained structure is no minimum"
                )
        update(len(softness) / len(gamma))

    storage.write(
        output,
        "modes",
        fields
        | {
            "gamma": gamma,
            "eigenvalues": np.array(eigenvalues),
            "soft_participation": np.array(softness),
            "scan/gamma": np.array(scan_gamma),
            "scan/n_modes": np.array(scan_numbers),
            "scan/eigenvalues": np.array([scan_eigenvalues[strain] for strain in scan_gamma]),
            "scan/soft_participation": np.array([scan_softness[strain] for strain in scan_gamma]),
        },
        source.common_attributes | {"box_length": cell.length},
        storage.provenance([equilibrium, quench], config),
        {"soft_participation": {"n_modes": n_modes, "splits_degenerate": np.array(splits)}},
    )


def splits_degenerate(found: modes.Modes, n_modes: int) -> bool:
    """Whether the mode after the lowest `n_modes` belongs to the degenerate group of their last."""
    if 2 + n_modes == len(found.eigenvalues):
        return found.splits_degenerate
    last, following = found.eigenvalues[1 + n_modes : 3 + n_modes]
    return bool(following - last <= modes.DEGENERATE * abs(following))


if __name__ == "__main__":
    with progress.job(snakemake.log[0]) as job:
        diagonalise(
            snakemake.input.equilibrium,
            snakemake.input.quench,
            snakemake.output.modes,
            config=json.dumps(snakemake.config),
            update=job.update,
            **snakemake.params,
        )
