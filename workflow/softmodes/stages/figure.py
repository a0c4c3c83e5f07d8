"""One of the study's figures, from tables or, the maps of figure 3, from one state point."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from softmodes.errors import InputError
from softmodes.report import figures, tables
from softmodes.study import storage

MODE_FRACTIONS = (0.015, 0.00175)
"""Numbers of soft modes mapped in the Letter, as shares of 2N; the scan's nearest are taken."""


def draw(
    number: int,
    inputs: Mapping[str, str],
    pdf: str,
    *,
    png: str,
    config: str = "",
    code: str = "",
) -> None:
    """Draw a figure of the study.

    Args:
        number: of the figure, 1 to 4.
        inputs: paths by the names of the parameters: of `maps` for figure 3, of `figures.figure1`,
            `figures.figure2` or `figures.figure4` for the others.
        pdf, png: files to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    if number == 3:
        figure = figures.figure3(maps(**inputs))
    else:
        frames = {name: tables.read_csv(path) for name, path in inputs.items()}
        figure = getattr(figures, f"figure{number}")(**frames)
    figures.save(figure, pdf, png)
    storage.write_provenance([pdf, png], inputs.values(), config, code=code)


def maps(equilibrium: str, isoconfigurational: str, quench: str, *, modes: str) -> figures.Maps:
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
    return figures.Maps(
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
