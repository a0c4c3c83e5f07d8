"""Pages of the report: the figures, the summary, and one page per sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from softmodes.report import drawing, pages, tables
from softmodes.study.config import all_samples


def write_pages(
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    config: Mapping[str, Any],
) -> None:
    """Write the pages.

    Args:
        inputs: `figures`, the PNG files; `summary`, its Markdown; and the tables by their names.
        outputs: `figures`, `summary` and `samples`, the pages to write; those of the samples by N,
            temperature in the order of cooling, and number.
        config: the study's configuration.
    """
    for figure, page in zip(inputs["figures"], outputs["figures"], strict=True):
        number = Path(figure).stem.removeprefix("fig")
        pages.write_figure(figure, f"Figure {number}", drawing.caption(figure), path=page)
    pages.write_summary(inputs["summary"], outputs["summary"])
    frames = pages.SampleTables(
        *(tables.read_csv(inputs[name]) for name in pages.SampleTables._fields)
    )
    for point, page in zip(all_samples(config), outputs["samples"], strict=True):
        n_particles, temperature, sample = point
        pages.write_sample(frames, n_particles, temperature, sample=sample, path=page)
