"""Set the study's results beside the Letter's statements."""

import json
from collections.abc import Mapping
from typing import Any

from softmodes.report import letter, summary, summary_page, tables
from softmodes.report.evidence import Tables
from softmodes.study import job_log, storage


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


if __name__ == "__main__":
    with job_log.job(snakemake.log[0]):
        summarise(
            dict(snakemake.input.items()),
            snakemake.params.study,
            snakemake.params.model,
            seed=snakemake.params.seed,
            markdown=snakemake.output.markdown,
            data=snakemake.output.json,
            config=json.dumps(snakemake.config),
            code=snakemake.params.code,
        )
