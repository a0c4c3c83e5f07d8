"""One of the study's figures, from its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from softmodes.report import drawing, figures, figures_beyond, tables
from softmodes.study import storage

TABLES = {
    1: {"overlap": "overlap_vs_gamma", "energy": "energy_stress", "critical": "gamma_c"},
    2: {"overlap": "overlap_vs_temperature"},
    3: {"maps": "maps"},
    4: {"overlap": "overlap_vs_modes"},
    5: {"landscape": "landscape", "critical": "gamma_c_trends", "states": "state_points"},
    6: {"cyclic": "cyclic_shear", "critical": "gamma_c_trends", "states": "state_points"},
    7: {"response": "linear_response", "states": "state_points"},
}
"""Of each figure, the parameters and the tables that they are."""

FUNCTIONS = vars(figures) | vars(figures_beyond)
"""By name; those that draw are `figure1` and so on."""


def draw_all(
    inputs: Mapping[str, str], folder: str | Path, *, config: str = "", code: str = ""
) -> None:
    """Draw all figures of a study whose tables there are, from these alone.

    Args:
        inputs: tables by their names.
        folder: where fig1.pdf, fig1.png and so on go, and their provenance.
        config, code: as `draw` takes them.
    """
    for number, names in TABLES.items():
        if not inputs.keys() >= set(names.values()):
            continue
        used = {name: inputs[table] for name, table in names.items()}
        pdf = Path(folder, f"fig{number}.pdf")
        draw(number, used, str(pdf), png=str(pdf.with_suffix(".png")), config=config, code=code)


def draw(
    number: int,
    inputs: Mapping[str, str],
    pdf: str,
    *,
    png: str,
    config: str = "",
    code: str = "",
) -> None:
    """Draw a figure of the study.

    Args:
        number: of the figure, a key of TABLES.
        inputs: tables by the names of the parameters of `figures.figure1` and so on.
        pdf, png: files to write.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    frames = {name: tables.read_csv(path) for name, path in inputs.items()}
    figure = FUNCTIONS[f"figure{number}"](**frames)
    drawing.save(figure, pdf, png)
    storage.write_provenance([pdf, png], inputs.values(), config, code=code)
