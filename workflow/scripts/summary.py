"""Set the study's results beside the Letter's statements."""

import json
from collections.abc import Mapping

from softmodes import progress, storage, summary, summary_page, tables


def summarise(
    inputs: Mapping[str, str],
    study: str,
    minimum_relaxation_times: float,
    markdown: str,
    data: str,
    config: str = "",
    code: str = "",
) -> None:
    """Write the summary as Markdown and JSON from the tables, named as in `summary.Tables`."""
    frames = summary.Tables(**{name: tables.read_csv(path) for name, path in inputs.items()})
    found = summary.compare(frames, study, minimum_relaxation_times)
    summary_page.write(found, markdown, data)
    storage.write_provenance([markdown, data], inputs.values(), config, code)


if __name__ == "__main__":
    with progress.job(snakemake.log[0]):
        summarise(
            dict(snakemake.input.items()),
            snakemake.params.study,
            snakemake.params.minimum_relaxation_times,
            snakemake.output.markdown,
            snakemake.output.json,
            json.dumps(snakemake.config),
            snakemake.params.code,
        )
