"""Pages of the report: the figures, the summary, and one page per sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from softmodes.report import drawing, pages, tables
from softmodes.stages import figure
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
    for png, page in zip(inputs["figures"], outputs["figures"], strict=True):
        number = Path(png).stem.removeprefix("fig")
        pages.write_figure(png, f"Figure {number}", drawing.caption(png), path=page)
    pages.write_summary(inputs["summary"], outputs["summary"])
    frames = pages.SampleTables(
        *(tables.read_csv(inputs[name]) for name in pages.SampleTables._fields)
    )
    for point, page in zip(all_samples(config), outputs["samples"], strict=True):
        n_particles, temperature, sample = point
        pages.write_sample(frames, n_particles, temperature, sample=sample, path=page)


def publish(
    inputs: Mapping[str, str],
    folder: str | Path,
    *,
    summary: str,
    config: str = "",
    code: str = "",
) -> None:
    """Draw all figures of a study whose tables there are, from these alone, and set their page.

    Args:
        inputs: tables by their names.
        folder: where fig1.pdf, fig1.png and so on go, their provenance, and report.html.
        summary: Markdown of the study.
        config, code: as `figure.draw` takes them.
    """
    pngs = []
    for number, names in figure.TABLES.items():
        if inputs.keys() >= set(names.values()):
            used = {name: inputs[table] for name, table in names.items()}
            pdf = Path(folder, f"fig{number}.pdf")
            pngs.append(pdf.with_suffix(".png"))
            figure.draw(number, used, str(pdf), png=str(pngs[-1]), config=config, code=code)
    pages.write_published(pngs, summary, Path(folder, "report.html"))
