"""Pages of the HTML report: figures, the summary, and one page per sample with all its numbers.

Each page is one file that needs no other, in light and dark.
"""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from markdown_it import MarkdownIt

from softmodes import storage
from softmodes.config import state_point

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; text-align: left; vertical-align: top; }
figure { margin: 0; }
img { display: block; margin: auto; max-width: 100%; max-height: 80vh; background: white; }
th { border-bottom: 2px solid; } td { border-bottom: 1px solid #8886; }
"""


class SampleTables(NamedTuple):
    """The tables that have rows of single samples, named as their files."""

    overlap_vs_gamma: pd.DataFrame
    overlap_vs_temperature: pd.DataFrame
    energy_stress: pd.DataFrame
    gamma_c: pd.DataFrame
    state_points: pd.DataFrame


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body>
{body}
</body>
</html>
"""

_STATE = {
    "equilibrated": "equilibrated",
    "time": "time at constant volume, τ",
    "relaxation_times": "that time over τ_e",
    "relaxation_time": "τ_e of all samples, τ",
    "sample_relaxation_time": "τ_e of this sample, τ",
    "cage_relative_relaxation_time": "cage-relative τ_e of all samples, τ",
    "pressure": "pressure, ε/σ11²",
    "density": "density, 1/σ11²",
    "inherent_energy": "energy of the inherent structure per particle, ε",
    "n_runs": "isoconfigurational runs",
    "debye_waller": "mean Debye–Waller factor, σ11²",
    "debye_waller_reliability": "correlation of its two halves",
    "propensity": "mean propensity, σ11²",
    "n_modes": "soft modes",
    "switched": "left its basin at the smallest strain",
    "translation_switched": "left it by a mere translation",
    "n_quenches": "quenches",
    "n_unconverged": "of these not converged",
    "n_saddles": "of these saddles",
}

_OVERLAP = {
    "quantity": "overlap of",
    "gamma": "γ",
    "n_modes": "modes",
    "overlap": "overlap",
    "random": "at random",
    "within_species": "shuffled within species",
    "corrected": "corrected for noise",
    "rank_correlation": "rank correlation",
}

_STRAIN = {
    "gamma": "γ",
    "overlap": "O_DW,p",
    "normalised_energy": "e_IS(γ)/e_IS(0)",
    "shear_stress": "σ_xy, ε/σ11²",
    "mean_nonaffine": "mean nonaffine displacement, σ11",
    "switched": "other basin",
}

_CRITICAL = {"estimator": "estimator", "value": "γ_c", "reason": "why not defined"}


def write_figure(png: str | Path, title: str, caption: str, *, path: str | Path) -> None:
    """Write the page of a figure, which fits the window, and its caption, atomically."""
    image = base64.b64encode(Path(png).read_bytes()).decode()
    body = (
        f'<figure>\n<img alt="{html.escape(title)}" src="data:image/png;base64,{image}">\n'
        f"<figcaption>{html.escape(caption)}</figcaption>\n</figure>"
    )
    _write(path, title, body)


def write_summary(markdown: str | Path, path: str | Path) -> None:
    """Write the page of a summary's Markdown, atomically."""
    text = Path(markdown).read_text(encoding="utf-8")
    title = text.split("\n", 1)[0].removeprefix("# ")
    _write(path, title, MarkdownIt("commonmark").enable("table").render(text))


def write_sample(
    tables: SampleTables, n_particles: int, temperature: float, *, sample: int, path: str | Path
) -> None:
    """Write the page of one sample at one N and T, from the study's tables, atomically."""
    key = {"n_particles": n_particles, "temperature": temperature, "sample": sample}
    strained = _rows(tables.overlap_vs_gamma, **key, quantity="DW_p")
    strained = _rows(tables.energy_stress, **key).merge(
        strained[["gamma", "overlap"]], on="gamma", how="left"
    )
    (state,) = _rows(tables.state_points, **key)[list(_STATE)].to_dict("records")
    parts = {
        "State": pd.DataFrame({"what": _STATE.values(), "value": map(_text, state.values())}),
        "Overlaps without strain and at the smallest one": _renamed(
            _rows(tables.overlap_vs_temperature, **key), _OVERLAP
        ),
        "Against strain": _renamed(strained, _STRAIN),
        "Critical strain": _renamed(_rows(tables.gamma_c, **key, what="sample"), _CRITICAL),
    }
    title = f"N = {n_particles}, T = {temperature:g}, sample {sample}"
    body = "".join(
        f"<h2>{html.escape(heading)}</h2>\n"
        + frame.to_html(index=False, border=0, na_rep="–", justify="left")
        for heading, frame in parts.items()
    )
    name = state_point(n_particles, temperature, sample)
    _write(path, title, f"<h1>{title}</h1>\n<p>Files {name}</p>\n{body}")


def _rows(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Rows that have the values in the columns of these names."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame


def _renamed(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return frame[list(columns)].map(_text).rename(columns=columns)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if pd.isna(value):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write(path: str | Path, title: str, body: str) -> None:
    with storage.replacing(path) as temporary:
        page = _PAGE.format(title=html.escape(title), style=_STYLE, body=body)
        temporary.write_text(page, encoding="utf-8")
