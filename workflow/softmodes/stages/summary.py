"""Set the study's results beside the Letter's statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softmodes.report import letter, summary, summary_page, tables
from softmodes.report.beyond import BeyondTables
from softmodes.report.choices import ChoiceTables
from softmodes.report.evidence import Tables
from softmodes.study import storage

BLOCKS = ("landscape", "cyclic_shear", "linear_response")
"""Tables of blocks beyond the Letter, which a study may lack."""

CHOICES = ("variants", "shear_directions")
"""Tables of choices made otherwise, likewise."""


def summarise(
    inputs: Mapping[str, str],
    study: str,
    model: Mapping[str, Any],
    *,
    seed: int,
    markdown: str,
    data: str,
    config: str = "",
    code: str = "",
) -> None:
    """Write the summary as Markdown and JSON.

    Args:
        inputs: paths of the tables by the names that `evidence.Tables`, `beyond.BeyondTables` and
            `choices.ChoiceTables` give them; those of blocks that the study has not may lack.
        study: its name.
        model: keys of the mixture, which tell whether it is the Letter's.
        seed: of the study, for the draws.
        markdown, data: files to write, the second in JSON.
        config, code: the study's configuration and `code_digest`, for the provenance.
    """
    frames = {name: tables.read_csv(path) for name, path in inputs.items()}
    beyond = BeyondTables(
        **{name: frames.pop(name, None) for name in BLOCKS},
        gamma_c_trends=frames["gamma_c_trends"],
    )
    choices = {name: frames.pop(name) for name in CHOICES if name in frames}
    found = summary.compare(
        Tables(**frames, seed=seed),
        study,
        letter.is_letters(model),
        beyond_tables=beyond,
        choice_tables=ChoiceTables(**choices) if choices else None,
    )
    summary_page.write(found, markdown, data)
    storage.write_provenance([markdown, data], inputs.values(), config, code=code)
