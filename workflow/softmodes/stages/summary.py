"""Set the study's results beside the Letter's statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softmodes.report import letter, summary, summary_page, tables
from softmodes.report.evidence import Tables
from softmodes.study import storage


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
    """Write the summary as Markdown and JSON from the tables, named as in `evidence.Tables`."""
    frames = {name: tables.read_csv(path) for name, path in inputs.items()}
    found = summary.compare(Tables(**frames, seed=seed), study, letter.is_letters(model))
    summary_page.write(found, markdown, data)
    storage.write_provenance([markdown, data], inputs.values(), config, code=code)
