"""How much of the linear response to shear the lowest modes hold, in the samples of one N and T."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pandas as pd

from softmodes.dynamics.interruption import Progress
from softmodes.landscape.quench import quench
from softmodes.landscape.response import response_in_modes
from softmodes.report import tables
from softmodes.study import records, storage
from softmodes.study.config import mode_number
from softmodes.study.storage import STATE

logger = logging.getLogger(__name__)

COLUMNS = [*STATE, "n_modes", "mode_fraction", "fraction", "random"]


def write_responses(
    equilibria: Sequence[str],
    output: str,
    *,
    scan_fractions: Sequence[float],
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
) -> None:
    """Write the table of the samples of one N and T, COLUMNS; a row for each number of modes.

    Of one mode there is a row in any case.

    Args:
        equilibria: files to read, whose inherent structures are taken.
        output: table to write.
        scan_fractions: numbers of modes over 2N.
        config, code: the study's configuration and `code_digest`, for the provenance.
        update: called with the share done.
    """
    frames = []
    for number, path in enumerate(equilibria, start=1):
        frames.append(_sample(storage.read(path), scan_fractions))
        update(number / len(equilibria))
    tables.write_csv(pd.concat(frames, ignore_index=True), output)
    storage.write_provenance([output], equilibria, config, code=code)


def _sample(source: storage.StateFile, scan_fractions: Sequence[float]) -> pd.DataFrame:
    thermal, mixture = records.configuration(source), records.mixture(source)
    found = quench(thermal, mixture)
    if not found.converged:
        logger.warning("sample %d: %s", source.attributes["sample"], found.message)
    n_particles = thermal.n_particles
    response = response_in_modes(
        found.configuration,
        mixture,
        sorted({1, *(mode_number(fraction, n_particles) for fraction in scan_fractions)}),
        rng=records.random_stream(source, "linear_response"),
    )
    rows = pd.DataFrame(vars(response)).assign(**source.point)
    return rows.assign(mode_fraction=rows["n_modes"] / (2 * n_particles))[COLUMNS]
