"""The modes of the inherent structures of one state point, and where they move particles."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from softmodes.dynamics.interruption import Progress
from softmodes.landscape import hessian, modes
from softmodes.study import records, storage
from softmodes.study.config import mode_number

logger = logging.getLogger(__name__)


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
    update: Progress = lambda _: None,
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
    source = storage.read(equilibrium, "positions", "species")
    quenched = storage.read(quench, "gamma", "positions", "n_negative")
    thermal, mixture = records.configuration(source), records.mixture(source)
    structures = records.inherent_structures(thermal, quenched.data)
    n_particles = thermal.n_particles
    soft = modes.modes_of_strains(
        structures,
        mixture,
        quenched["gamma"],
        n_modes=mode_number(fraction, n_particles),
        scan_gamma=scan_gamma,
        scan_numbers=[mode_number(share, n_particles) for share in scan_fractions],
        rng=records.random_stream(source, "diagonalise"),
        update=update,
    )
    datasets = records.datasets("modes", soft)
    if quenched["n_negative"][0] == 0:
        datasets["harmonic_debye_waller"] = modes.harmonic_debye_waller(
            hessian.hessian(structures[0], mixture),
            soft.unstrained,
            temperature=source.attributes["temperature"],
            window=debye_waller_time,
        )
    else:
        logger.warning("no harmonic Debye-Waller factor: the unstrained structure is no minimum")

    storage.write(
        output,
        "modes",
        datasets,
        attributes=source.common_attributes | {"box_length": thermal.cell.length},
        provenance=storage.provenance([equilibrium, quench], config, code),
        dataset_attributes={
            "soft_participation": {
                "n_modes": soft.n_modes,
                "splits_degenerate": soft.splits_degenerate,
            }
        },
    )
