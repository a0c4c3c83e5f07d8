"""The table that figure 3 is drawn from: fields of one state point, particle by particle."""

from __future__ import annotations

import numpy as np

from softmodes.errors import InputError
from softmodes.report import tables
from softmodes.report.maps import Maps
from softmodes.study import storage

MODE_FRACTIONS = (0.015, 0.00175)
"""Numbers of soft modes mapped in the Letter, as shares of 2N; the scan's nearest are taken."""


def write_maps(
    equilibrium: str,
    isoconfigurational: str,
    quench: str,
    *,
    modes: str,
    output: str,
    config: str = "",
    code: str = "",
) -> None:
    """Write the table `maps` of one state point.

    Args:
        equilibrium, isoconfigurational, quench, modes: files to read.
        output: table to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    found = maps(equilibrium, isoconfigurational, quench, modes=modes)
    tables.write_csv(found.table(), output)
    files = [equilibrium, isoconfigurational, quench, modes]
    storage.write_provenance([output], files, config, code=code)


def maps(equilibrium: str, isoconfigurational: str, quench: str, *, modes: str) -> Maps:
    """What figure 3 shows: one state point at the smallest strain of the scan, from its files.

    Raises:
        InputError: a file is unusable, or the quench file lacks that strain.
    """
    state = storage.read(equilibrium, "species")
    soft = storage.read(modes, "scan/gamma", "scan/n_modes", "scan/soft_participation")
    quenched = storage.read(quench, "gamma", "positions", "nonaffine", "switched")
    strain = int(np.argmin(soft["scan/gamma"]))
    gamma = soft["scan/gamma"][strain]
    places = np.flatnonzero(quenched["gamma"] == gamma)
    if not places.size:
        raise InputError(
            f"{quench}: gamma {quenched['gamma']} found, {gamma:g} of the scan in {modes} expected"
        )
    place = places[0]
    wanted = np.array(MODE_FRACTIONS) * 2 * state.attributes["n_particles"]
    numbers = soft["scan/n_modes"]
    chosen = [int(np.argmin(np.abs(np.log(numbers / number)))) for number in wanted]
    sizes = np.array([state.attributes["sigma_small"], state.attributes["sigma_large"]])
    return Maps(
        positions=quenched["positions"][0],
        diameters=sizes[state["species"]],
        box_length=state.attributes["box_length"],
        debye_waller=storage.read(isoconfigurational, "debye_waller")["debye_waller"],
        nonaffine=quenched["nonaffine"][place],
        soft_participation=soft["scan/soft_participation"][strain, chosen],
        n_modes=tuple(int(numbers[number]) for number in chosen),
        gamma=float(gamma),
        temperature=state.attributes["temperature"],
        switched=bool(quenched["switched"][place]),
    )
