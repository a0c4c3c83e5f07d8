"""The lowest modes of the inherent structures of one state point, and where they move particles."""

import json
from collections.abc import Sequence

import numpy as np

from softmodes import dynamics, modes, progress, state, storage
from softmodes.config import mode_number

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
    config: str = "",
    update: dynamics.Progress = lambda share: None,
) -> None:
    """Write the modes file of one state point.

    Args:
        equilibrium, quench: files to read.
        output: file to write.
        fraction: number of soft modes at every strain, over 2N.
        scan_gamma: strains at which that number is varied.
        scan_fractions: the numbers to vary over, over 2N, ascending.
        config: the study's configuration, for the provenance.
        update: called with the share done.
    """
    source = storage.read(equilibrium, "species")
    quenched = storage.read(quench, "gamma", "positions")
    mixture, cell = state.mixture(source), state.cell(source)
    n_particles = source.attributes["n_particles"]
    n_modes = mode_number(fraction, n_particles)
    scan_numbers = [mode_number(share, n_particles) for share in scan_fractions]
    gamma = quenched["gamma"]
    n_jobs = len(gamma) + len(scan_gamma) + 1
    rng = state.random_stream(source, "diagonalise")

    def lowest(number: int, strain: float) -> modes.Modes:
        (place,) = np.flatnonzero(gamma == strain)
        matrix = modes.hessian(
            quenched["positions"][place], source["species"], cell.sheared(strain), mixture
        )
        return modes.lowest_modes(matrix, number, rng)

    eigenvalues, softness, splits = [], [], []
    for strain in gamma:
        found = lowest(n_modes, strain)
        eigenvalues.append(found.eigenvalues)
        softness.append(modes.soft_participation(found, n_modes))
        splits.append(found.splits_degenerate)
        update(len(softness) / n_jobs)
    scan_eigenvalues, scan_softness = [], []
    for strain in scan_gamma:
        found = lowest(scan_numbers[-1], strain)
        scan_eigenvalues.append(found.eigenvalues)
        scan_softness.append([modes.soft_participation(found, number) for number in scan_numbers])
        update((len(softness) + len(scan_softness)) / n_jobs)

    storage.write(
        output,
        "modes",
        {
            "gamma": gamma,
            "eigenvalues": np.array(eigenvalues),
            "soft_participation": np.array(softness),
            "scan/gamma": np.array(scan_gamma),
            "scan/n_modes": np.array(scan_numbers),
            "scan/eigenvalues": np.array(scan_eigenvalues),
            "scan/soft_participation": np.array(scan_softness),
            "eigenvectors": lowest(N_EIGENVECTORS, 0.0).eigenvectors[2:],
        },
        source.common_attributes | {"box_length": cell.length},
        storage.provenance([equilibrium, quench], config),
        {"soft_participation": {"n_modes": n_modes, "splits_degenerate": np.array(splits)}},
    )


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
