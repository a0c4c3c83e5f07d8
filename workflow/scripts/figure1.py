"""Figure 1: overlap, energy and stress against strain."""

from softmodes import plotting, progress, tables


def draw(overlap: str, energy: str, critical: str, pdf: str, png: str) -> None:
    """Draw figure 1 from the tables overlap_vs_gamma, energy_stress and gamma_c."""
    figure = plotting.figure1(*map(tables.read_csv, (overlap, energy, critical)))
    plotting.save(figure, pdf, png)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        draw(
            snakemake.input.overlap,
            snakemake.input.energy,
            snakemake.input.critical,
            snakemake.output.pdf,
            snakemake.output.png,
        )
