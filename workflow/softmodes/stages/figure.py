"""One of the study's figures, from its tables."""

from __future__ import annotations

from collections.abc import Mapping

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
