"""Pages of the report: the figures, the summary, and one page per sample."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from softmodes import plotting, progress, report_pages, tables
from softmodes.config import temperatures


def write_pages(
    inputs: Mapping[str, Sequence[str] | str],
    outputs: Mapping[str, Sequence[str] | str],
    config: Mapping[str, Any],
) -> None:
    """Write the pages.

    Args:
        inputs: `figures`, the PNG files; `summary`, its Markdown; and the tables by their names.
        outputs: `figures`, `summary` and `samples`, the pages to write; those of the samples by N,
            temperature in the order of cooling, and number.
        config: the study's configuration.
    """
    for number, (figure, page) in enumerate(
        zip(inputs["figures"], outputs["figures"], strict=True), start=1
    ):
        report_pages.write_figure(figure, f"Figure {number}", plotting.caption(figure), path=page)
    report_pages.write_summary(inputs["summary"], outputs["summary"])
    frames = report_pages.SampleTables(
        *(tables.read_csv(inputs[name]) for name in report_pages.SampleTables._fields)
    )
    samples = product(config["n_particles"], temperatures(config), range(config["samples"]))
    for (n_particles, temperature, sample), page in zip(samples, outputs["samples"], strict=True):
        report_pages.write_sample(frames, n_particles, temperature, sample=sample, path=page)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        write_pages(dict(snakemake.input.items()), dict(snakemake.output.items()), snakemake.config)
