"""Pages of the HTML report: figures, the summary, and one page per sample with all its numbers.

Each page is one file that needs no other, in light and dark, but the one of a published study,
which has the figures beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markdown_it import MarkdownIt

from softmodes.report import drawing, rendering
from softmodes.study import atomic
from softmodes.study.config import state_point


class SampleTables(NamedTuple):
    """The tables that have rows of single samples, named as their files."""

    overlap_vs_gamma: pd.DataFrame
    overlap_vs_temperature: pd.DataFrame
    energy_stress: pd.DataFrame
    gamma_c: pd.DataFrame
    state_points: pd.DataFrame


def write_figure(png: str | Path, title: str, caption: str, *, path: str | Path) -> None:
    """Write the page of a figure, which fits the window, and its caption, atomically."""
    image = base64.b64encode(Path(png).read_bytes()).decode()
    _write(path, "figure.html", title=title, image=image, caption=caption)


def write_summary(markdown: str | Path, path: str | Path) -> None:
    """Write the page of a summary's Markdown, atomically."""
    _write(path, "page.html", **_summary(markdown))


def write_published(pngs: Sequence[str | Path], markdown: str | Path, path: str | Path) -> None:
    """Write one page of a study's summary and figures, atomically.

    The figures, which the page shows from its own folder, come before the summary's first section.
    """
    figures = {Path(png).name: drawing.caption(png) for png in pngs}
    summary = _summary(markdown)
    head, mark, sections = summary.pop("body").partition("<h2>")
    shown = summary | {"head": head, "sections": mark + sections}
    _write(path, "published.html", figures=figures, **shown)


def write_sample(
    tables: SampleTables, n_particles: int, temperature: float, *, sample: int, path: str | Path
) -> None:
    """Write the page of one sample at one N and T, from the study's tables, atomically."""
    key = {"n_particles": n_particles, "temperature": temperature, "sample": sample}
    of_modes = _rows(tables.overlap_vs_gamma, **key, quantity="DW_p")
    overlaps = {row["gamma"]: row["overlap"] for row in of_modes}
    (state,) = _rows(tables.state_points, **key)
    ensemble = {"n_particles": n_particles, "temperature": temperature, "what": "ensemble"}
    reasons = {row["estimator"]: row["reason"] for row in _rows(tables.gamma_c, **ensemble)}
    _write(
        path,
        "sample.html",
        title=f"N = {n_particles}, T = {temperature:g}, sample {sample}",
        files=state_point(n_particles, temperature, sample),
        state=state,
        overlaps=_rows(tables.overlap_vs_temperature, **key),
        strains=[
            row | {"overlap": overlaps.get(row["gamma"])}
            for row in _rows(tables.energy_stress, **key)
        ],
        critical=[
            row | {"reason": reasons[row["estimator"]]}
            for row in _rows(tables.gamma_c, **key, what="sample")
        ],
    )


def _summary(markdown: str | Path) -> dict[str, str]:
    """The title of a summary's Markdown, and its HTML."""
    text = Path(markdown).read_text(encoding="utf-8")
    title = text.split("\n", 1)[0].removeprefix("# ")
    return {"title": title, "body": MarkdownIt("commonmark").enable("table").render(text)}


def _rows(frame: pd.DataFrame, **values: object) -> list[dict[str, Any]]:
    """Rows that have the values in the columns of these names."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame.to_dict("records")


def _write(path: str | Path, template: str, **values: object) -> None:
    with atomic.replacing(path) as temporary:
        temporary.write_text(rendering.render(template, **values), encoding="utf-8")
