"""Figure 1: overlap, energy and stress against strain."""

import json

from softmodes import plotting, progress, storage, tables


def draw(
    overlap: str,
    energy: str,
    critical: str,
    *,
    pdf: str,
    png: str,
    config: str = "",
    code: str = "",
) -> None:
    """Draw figure 1 from the tables overlap_vs_gamma, energy_stress and gamma_c."""
    inputs = overlap, energy, critical
    plotting.save(plotting.figure1(*map(tables.read_csv, inputs)), pdf, png)
    storage.write_provenance([pdf, png], inputs, config, code=code)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        draw(
            snakemake.input.overlap,
            snakemake.input.energy,
            snakemake.input.critical,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            config=json.dumps(snakemake.config),
            code=snakemake.params.code,
        )
