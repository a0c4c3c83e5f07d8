"""The critical strains of a study and their trends, from its tables."""

from __future__ import annotations

from softmodes.analysis import gamma_c
from softmodes.report import tables
from softmodes.study import storage


def write_strains(
    overlap: str,
    energy: str,
    *,
    strains: str,
    trends: str,
    seed: int,
    config: str = "",
    code: str = "",
) -> None:
    """Write the tables `gamma_c` and `gamma_c_trends`.

    Args:
        overlap: table `overlap_vs_gamma`.
        energy: table `energy_stress`.
        strains, trends: tables to write.
        seed: of the study, for the draws.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    found = gamma_c.estimates(tables.read_csv(overlap), tables.read_csv(energy), seed)
    tables.write_csv(gamma_c.table(found), strains)
    tables.write_csv(gamma_c.trends(found), trends)
    storage.write_provenance([strains, trends], [overlap, energy], config, code=code)
