"""The modes of the inherent structures of one state point, and where they move particles."""

import json
import logging
from collections.abc import Sequence

from softmodes import dynamics, modes, progress, state, storage
from softmodes.config import mode_number

logger = logging.getLogger("softmodes")


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
    code: str = "",
    update: dynamics.Progress = lambda share: None,
) -> None:
    """Write the modes file of one state point.

    Where the unstrained structure is a minimum, its harmonic Debye-Waller factor is there too.

    Args:
        equilibrium, quench: files to read.
        output: file to write.
        fraction: number of soft modes at every strain, over 2N.
        scan_gamma: strains at which that number is varied.
        scan_fractions: the numbers to vary over, over 2N, ascending.
        debye_waller_time: window of the harmonic Debye-Waller factor, in τ.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
    """
    source = storage.read(equilibrium, "species")
    quenched = storage.read(quench, "gamma", "positions", "n_negative")
    mixture, cell = state.mixture(source), state.cell(source)
    n_particles = source.attributes["n_particles"]
    n_modes = mode_number(fraction, n_particles)
    datasets, splits, lowest = modes.modes_of_strains(
        quenched["positions"],
        source["species"],
        cell,
        mixture,
        quenched["gamma"],
        n_modes,
        scan_gamma,
        [mode_number(share, n_particles) for share in scan_fractions],
        state.random_stream(source, "diagonalise"),
        update,
    )
    if quenched["n_negative"][0] == 0:
        unstrained = modes.hessian(quenched["positions"][0], source["species"], cell, mixture)
        datasets["harmonic_debye_waller"] = modes.harmonic_debye_waller(
            unstrained, lowest, source.attributes["temperature"], debye_waller_time
        )
    else:
        logger.warning("no harmonic Debye-Waller factor: the unstrained structure is no minimum")

    storage.write(
        output,
        "modes",
        datasets,
        source.common_attributes | {"box_length": cell.length},
        storage.provenance([equilibrium, quench], config, code),
        {"soft_participation": {"n_modes": n_modes, "splits_degenerate": splits}},
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
