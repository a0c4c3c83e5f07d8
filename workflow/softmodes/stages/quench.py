"""Inherent structures of one configuration, sheared by every strain of the grid."""

from __future__ import annotations

from collections.abc import Sequence

from softmodes.dynamics.interruption import Progress
from softmodes.landscape import shear
from softmodes.study import records, storage


def quench_strains(
    equilibrium: str,
    output: str,
    *,
    gamma: Sequence[float],
    config: str = "",
    code: str = "",
    update: Progress = lambda _: None,
) -> None:
    """Write the quench file of one state point.

    Args:
        equilibrium: file to read.
        output: file to write.
        gamma: strains, without 0, which comes first in the file.
        config: the study's configuration, for the provenance.
        code: digest of the code, likewise.
        update: called with the share done.
    """
    source = storage.read(equilibrium)
    start = records.configuration(source)
    mixture = records.mixture(source)
    quenched = shear.quench_strains(start, mixture, gamma, update=update)
    control = shear.translation_switches(
        start, mixture, quenched, rng=records.random_stream(source, "translation")
    )
    storage.write(
        output,
        "quench",
        records.datasets("quench", quenched),
        attributes=source.common_attributes
        | {"box_length": start.cell.length, "translation_switched": control},
        provenance=storage.provenance([equilibrium], config, code),
    )
