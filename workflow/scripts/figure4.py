"""Figure 4: overlaps against the number of soft modes."""

import json

from softmodes import plotting, progress, storage, tables


def draw(overlap: str, pdf: str, png: str, *, config: str = "", code: str = "") -> None:
    """Draw figure 4 from the table overlap_vs_modes."""
    plotting.save(plotting.figure4(tables.read_csv(overlap)), pdf, png)
    storage.write_provenance([pdf, png], [overlap], config, code=code)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        draw(
            snakemake.input.overlap,
            snakemake.output.pdf,
            snakemake.output.png,
            config=json.dumps(snakemake.config),
            code=snakemake.params.code,
        )
