"""Figure 4: overlaps against the number of soft modes."""

from softmodes import plotting, progress, tables


def draw(overlap: str, pdf: str, png: str) -> None:
    """Draw figure 4 from the table overlap_vs_modes."""
    plotting.save(plotting.figure4(tables.read_csv(overlap)), pdf, png)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        draw(snakemake.input.overlap, snakemake.output.pdf, snakemake.output.png)
